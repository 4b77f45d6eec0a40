# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons of the dialogs that spend Credits."""

from typing import Any

import bpy

from . import limit_dialog, paid_clicks


def _close(window: bpy.types.Window) -> None:
    """Close the popups of a window, as a change of its screen does."""
    window.screen = window.screen


class MINT_OT_pay(bpy.types.Operator):
    """Do this, for this price.

    Only a click of the mouse does it.
    """

    bl_idname = "mint.pay"
    bl_label = "Start"
    bl_options = {"INTERNAL"}

    credits: bpy.props.FloatProperty(options={"SKIP_SAVE", "HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Run the open dialog; it stays if that is not possible, or above a limit."""
        dialog = limit_dialog.in_front()
        if dialog is None or not paid_clicks.is_click(self, event):
            return {"CANCELLED"}
        if not paid_clicks.is_same(self.credits, limit_dialog.price_of(dialog)):
            paid_clicks.refuse(self, paid_clicks.AGAIN)
            return {"CANCELLED"}
        done = dialog.spend(context, self)
        dialog.is_done = done == {"FINISHED"}
        if dialog.is_done and context.window is not None:
            _close(context.window)
        return done


class MINT_OT_close_dialog(bpy.types.Operator):
    """Close this dialog and start nothing."""

    bl_idname = "mint.close_dialog"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        """Close it."""
        if context.window is not None:
            _close(context.window)
        return {"FINISHED"}


CLASSES = (MINT_OT_pay, MINT_OT_close_dialog)
