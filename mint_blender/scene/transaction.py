# SPDX-License-Identifier: GPL-3.0-or-later
"""Roll back a failed import: remove the data-blocks that were made since a snapshot."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import bpy

from .data_blocks import all_data_blocks


class DataSnapshot:
    """All data-blocks of the open file at one moment."""

    def __init__(self) -> None:
        self._known = {block.as_pointer() for block in all_data_blocks()}

    def new(self) -> list[bpy.types.ID]:
        """Return the data-blocks that were made since, in the order of `bpy.data`."""
        return [block for block in all_data_blocks() if block.as_pointer() not in self._known]

    def accept(self, *blocks: bpy.types.ID) -> None:
        """Count these data-blocks as known; without arguments, all that exist now."""
        self._known |= {block.as_pointer() for block in blocks or all_data_blocks()}

    def remove_new(self) -> None:
        """Remove every data-block that was made since."""
        remove(self.new())


@contextlib.contextmanager
def rollback_on_error() -> Iterator[DataSnapshot]:
    """Remove every data-block made inside, but only after an error.

    What the snapshot accepts in between stays.
    """
    before = DataSnapshot()
    try:
        yield before
    except BaseException:
        before.remove_new()
        raise


@contextlib.contextmanager
def temporary_data() -> Iterator[DataSnapshot]:
    """Remove every data-block made inside at the end."""
    before = DataSnapshot()
    try:
        yield before
    finally:
        before.remove_new()


def remove(blocks: Iterable[bpy.types.ID]) -> None:
    """Delete data-blocks that may still be in use; scenes first, since they use the others."""
    blocks = list(blocks)
    for scene in [block for block in blocks if isinstance(block, bpy.types.Scene)]:
        blocks.remove(scene)
        bpy.data.scenes.remove(scene)
    bpy.data.batch_remove(blocks)
