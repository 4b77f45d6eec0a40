# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an undo step for a placed result that *Adjust Last Operation* cannot remove.

That panel returns to the state before the last registered operator with an undo step and runs it
again; later steps are lost, including those of `ed.undo_push`. So the step is made by a registered
operator of this add-on, which is then the last one and has nothing to adjust.
"""

from typing import Any

import bpy

from ..message import Message


class _Count:
    """The number of the step being made.

    The operator called with any other number is a repetition by the user.
    """

    steps: int = 0
    is_making: bool = False


_count = _Count()


def begin() -> None:
    """Make sure that what is changed from now on can be undone. Call it before `push`.

    In Sculpt Mode, Blender undoes no change of the scene that follows a stroke, or the beginning of
    that mode: it needs another step in between.
    """
    active = bpy.context.view_layer.objects.active
    if not bpy.app.background and active is not None and active.mode == "SCULPT":
        bpy.ops.ed.undo_push(message=Message("Before Placing"))


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
    # within another operator, as from a script, Blender makes no undo step for ours
    if not _is_last(_count.steps):
        bpy.ops.ed.undo_push(message=Message("Mint: {title}", title=title))
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if region.type == "HUD":
                    region.tag_redraw()  # a redraw removes the panel


def _is_last(step: int) -> bool:
    operators = bpy.context.window_manager.operators
    last = operators[-1] if operators else None
    return (
        last is not None
        and last.bl_idname == "MINT_OT_result_placed"
        and last.properties.step == step
    )


class MINT_OT_result_placed(bpy.types.Operator):
    """Make the undo step of a placed result."""

    bl_idname = "mint.result_placed"
    bl_label = "Place Mint Result"
    bl_description = "A result of Mint was placed"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    step: bpy.props.IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Any:
        """Finish only when called by `push`: *Repeat Last* has nothing to repeat."""
        return {"FINISHED"} if _count.is_making and self.step == _count.steps else {"CANCELLED"}
