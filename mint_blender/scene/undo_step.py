# SPDX-License-Identifier: GPL-3.0-or-later
"""The undo step of a placed result, safe from *Adjust Last Operation* of an earlier operator.

That panel returns to the state before the last registered operator with an undo step and runs it
again: all later steps are lost, those of `ed.undo_push` too. So the step belongs to a registered
operator of ours, which is then the last one. It has nothing to adjust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from ..message import Message


@dataclass
class _Count:
    """The number of the step being made.

    The operator called with any other number is a repetition by the user.
    """

    steps: int = 0
    is_making: bool = False


_count = _Count()


def push(title: str) -> None:
    """Make one undo step of all changes since the last one. Without a window there is no undo."""
    if bpy.app.background:
        return
    _count.steps += 1
    _count.is_making = True
    try:
        bpy.ops.mint.result_placed("EXEC_DEFAULT", True, step=_count.steps)
    finally:
        _count.is_making = False
    # called by another operator, as from a script: Blender then makes no steps for those within
    if not _is_last(_count.steps):
        bpy.ops.ed.undo_push(message=Message("Mint: {title}", title=title))
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if region.type == "HUD":
                    region.tag_redraw()  # the panel goes when it is drawn


def _is_last(step: int) -> bool:
    operators = bpy.context.window_manager.operators
    last = operators[-1] if operators else None
    return (
        last is not None
        and last.bl_idname == "MINT_OT_result_placed"
        and last.properties.step == step
    )


class MINT_OT_result_placed(bpy.types.Operator):
    """A result of Mint was placed"""

    bl_idname = "mint.result_placed"
    bl_label = "Place Mint Result"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    step: bpy.props.IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Any:
        """Only the step: *Repeat Last* has nothing to repeat."""
        return {"FINISHED"} if _count.is_making and self.step == _count.steps else {"CANCELLED"}


CLASSES = (MINT_OT_result_placed,)
