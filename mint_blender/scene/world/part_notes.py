# SPDX-License-Identifier: GPL-3.0-or-later
"""Make notes about the parts of a World that were not imported."""

from __future__ import annotations

import bpy

from ...files.errors import InvalidFile
from ...message import Message
from ..notes import note
from .files import PART_NAMES, Part, WorldFiles, WorldOptions
from .world_objects import has_part


def unusable(part: Part, error: InvalidFile) -> Message:
    """Return the note that a part turned out to be unusable while it was built."""
    return note(f"{part.lower()}_unusable", part=PART_NAMES[part], reason=error)


def codes_without(part: Part) -> tuple[str, ...]:
    """Return the codes of all notes that say that this part is not there."""
    codes = f"{part.lower()}_missing", f"{part.lower()}_unusable"
    return (*codes, "splats_left_out") if part == "SPLATS" else codes


def missing(parts: WorldFiles, options: WorldOptions) -> list[Message]:
    """Return notes about the parts that were not imported."""
    notes = []
    if parts.collider is None and options.collider != "NONE":
        notes.append(_came_without("COLLIDER"))
    if parts.panorama is None:
        notes.append(_came_without("PANORAMA"))
    if parts.splats is None:
        tiers = sorted(key.removeprefix("spz_") for key in parts.links if key.startswith("spz_"))
        notes.append(
            note("splats_left_out", tiers=", ".join(tiers)) if tiers else note("splats_missing")
        )
    return notes


def _came_without(part: Part) -> Message:
    return note(f"{part.lower()}_missing", kind=Message("world"), part=PART_NAMES[part])


def resolved_codes(root: bpy.types.Object) -> tuple[str, ...]:
    """Return the codes of earlier notes on parts that are in the scene by now."""
    return tuple(
        code for part in PART_NAMES if has_part(root, part) for code in codes_without(part)
    )
