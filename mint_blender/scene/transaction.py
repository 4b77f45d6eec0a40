# SPDX-License-Identifier: GPL-3.0-or-later
"""Which data-blocks a .blend holds, so that what an import made can be told from what was there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import bpy


class DataSnapshot:
    """All data-blocks of the open file at one moment."""

    def __init__(self) -> None:
        self._known = {block.as_pointer() for block in all_data_blocks()}

    def new(self) -> list[bpy.types.ID]:
        """What has come since, in the order of `bpy.data`."""
        return [block for block in all_data_blocks() if block.as_pointer() not in self._known]

    def accept(self, *blocks: bpy.types.ID) -> None:
        """Let these stay, or all that there is now: they are no longer new."""
        self._known |= {block.as_pointer() for block in blocks or all_data_blocks()}

    def remove_new(self) -> None:
        """Take away everything that has come since."""
        remove(self.new())


def all_data_blocks() -> Iterator[bpy.types.ID]:
    """Every data-block of every kind, once.

    Kinds differ between versions, so Blender itself is asked for them.
    """
    seen: set[int] = set()  # newer versions list everything a second time, as all kinds together
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION":
            for block in getattr(bpy.data, prop.identifier):
                if block.as_pointer() not in seen:
                    seen.add(block.as_pointer())
                    yield block


def data_blocks_of_kind(block: bpy.types.ID) -> Iterable[bpy.types.ID]:
    """All data-blocks of the kind that this one is of."""
    collections = (
        getattr(bpy.data, prop.identifier)
        for prop in bpy.data.bl_rna.properties
        if prop.type == "COLLECTION"
    )
    return next((each for each in collections if each.get(block.name_full) == block), ())


def remove(blocks: Iterable[bpy.types.ID]) -> None:
    """Delete data-blocks, whoever uses them. Scenes go first: they hold on to the others."""
    blocks = list(blocks)
    for scene in [each for each in blocks if isinstance(each, bpy.types.Scene)]:
        blocks.remove(scene)
        bpy.data.scenes.remove(scene)
    bpy.data.batch_remove(blocks)
