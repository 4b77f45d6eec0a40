# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes about the parts of a World that were not imported."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from ...files.errors import InvalidFile
from ...message import Message
from .files import PART_NAMES, Part, WorldFiles, WorldOptions
from .world_objects import has_part


def unusable(part: Part, flaw: InvalidFile) -> Message:
    """Return the note that a part turned out to be unusable while it was built."""
    params = {"part": PART_NAMES[part], "reason": flaw}
    return Message.build(_UNUSABLE.template, params, f"{part.lower()}_unusable")


def codes_without(part: Part) -> tuple[str, ...]:
    """Return the codes of all notes that say that this part is not there."""
    codes = f"{part.lower()}_missing", f"{part.lower()}_unusable"
    return (*codes, "splats_left_out") if part == "SPLATS" else codes


_UNUSABLE = Message("The {part} cannot be used. {reason}")
_NO_COLLIDER = Message("This world came without a collider mesh.").with_code("collider_missing")
_NO_PANORAMA = Message("This world came without a panorama.").with_code("panorama_missing")
_NO_SPLATS = Message("This world came without splats.").with_code("splats_missing")


def _left_out(links: Iterable[str]) -> Message:
    """Return the note about splats that exist at Mint and were not imported."""
    offered = sorted(key.removeprefix("spz_") for key in links if key.startswith("spz_"))
    return Message(
        "The splats of this World were not imported. Their URLs ({tiers}) "
        "are custom properties of its root.",
        tiers=", ".join(offered),
    ).with_code("splats_left_out")


def missing(parts: WorldFiles, options: WorldOptions) -> list[Message]:
    """Return notes about the parts that were not imported."""
    notes = []
    if parts.collider is None and options.collider != "NONE":
        notes.append(_NO_COLLIDER)
    if parts.panorama is None:
        notes.append(_NO_PANORAMA)
    if parts.splats is None:
        is_offered = any(key.startswith("spz_") for key in parts.links)
        notes.append(_left_out(parts.links) if is_offered else _NO_SPLATS)
    return notes


def resolved_codes(root: bpy.types.Object) -> tuple[str, ...]:
    """Return the codes of earlier notes on parts that are in the scene by now."""
    return tuple(
        code for part in PART_NAMES if has_part(root, part) for code in codes_without(part)
    )
