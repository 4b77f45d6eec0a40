# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when a World has landed: of parts that are not there, and of those that can only be
linked.
"""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from ...files.errors import InvalidFile
from ...message import Message, sentences
from .files import PART_NAMES, Part, WorldFiles, WorldOptions
from .world_objects import LINK, has_part, links


def unusable(what: str, flaw: InvalidFile) -> str:
    """Of a part that shows only now that it is no good: as a job says it of one that showed when it
    came.
    """
    begins = Message("The {what} cannot be used.", what=what)
    return sentences(begins, str(flaw))


def notes_without(part: Part, links: Iterable[str]) -> tuple[str, ...]:
    """All that a landing may say where this part is not there."""
    said = {
        "COLLIDER": (_NO_COLLIDER,),
        "PANORAMA": (_NO_PANORAMA,),
        "SPLATS": (_NO_SPLATS, _left_out(links)),
    }
    return said[part]


_NO_COLLIDER = Message("This world came without a collider mesh.")
_NO_PANORAMA = Message("This world came without a panorama.")
_NO_SPLATS = Message("This world came without splats.")


def _left_out(links: Iterable[str]) -> Message:
    """Of splats that Mint has made and nobody wanted."""
    offered = sorted(key.removeprefix("spz_") for key in links if key.startswith("spz_"))
    return Message(
        "The splats of this World were left out; their addresses ({tiers}) are on its root.",
        tiers=", ".join(offered),
    )


def missing(parts: WorldFiles, options: WorldOptions) -> list[Message]:
    """What a landing says of the parts that it was not given."""
    notes = []
    if parts.collider is None and options.collider != "NONE":
        notes.append(_NO_COLLIDER)
    if parts.panorama is None:
        notes.append(_NO_PANORAMA)
    if parts.splats is None:
        is_offered = any(key.startswith("spz_") for key in parts.links)
        notes.append(_left_out(parts.links) if is_offered else _NO_SPLATS)
    if "rad" in parts.links:
        notes.append(
            Message(
                "Blender cannot read RAD; its address is the custom property {prefix}rad of"
                " the root.",
                prefix=LINK,
            )
        )
    else:
        notes.append(Message("No RAD file came with this World."))
    return notes


def resolved_notes(root: bpy.types.Object) -> tuple[str, ...]:
    """The notes of a World's landing that are no longer true, since the part has come after all."""
    return tuple(
        note
        for part in PART_NAMES
        if has_part(root, part)
        for note in notes_without(part, links(root))
    )
