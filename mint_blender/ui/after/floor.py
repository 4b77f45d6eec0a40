# SPDX-License-Identifier: GPL-3.0-or-later
"""Put what is selected on the floor."""

import bpy

from ...message import Message
from ..job_actions import Result, attempt
from ..operator_bases import CheckedOperator
from ..typed_context import scene_of


class _FloorOperator(CheckedOperator):
    """Base of both: what is selected is moved, a model as a whole."""

    bl_options = {"REGISTER", "UNDO"}
    function: str
    """What moves objects in a scene: its name in `scene.after.floor`."""

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be moved; empty if something can."""
        from ...scene.after import floor

        if context.mode != "OBJECT":
            return Message("Switch to Object Mode first")
        if not floor.movers_of(context.selected_objects):
            return Message("Select a model or another mesh.")
        return ""

    def execute(self, context: bpy.types.Context) -> Result:
        """Move what is selected; report it where there is no floor."""
        from ...scene.after import floor

        chosen = list(context.selected_objects)
        scene = scene_of(context)
        return attempt(self, lambda: getattr(floor, self.function)(chosen, scene))


class MINT_OT_drop_to_floor(_FloorOperator):
    """Move what is selected straight down onto what is below.

    That is the collider of a World, also a hidden one, or any visible mesh. A model that has sunk
    in is moved up.
    """

    bl_idname = "mint.drop_to_floor"
    bl_label = "Drop to Floor"
    function = "drop_to_floor"


class MINT_OT_let_fall(_FloorOperator):
    """Let what is selected fall onto what is below, tip over and come to rest.

    No rigid body is left behind.
    """

    bl_idname = "mint.let_fall"
    bl_label = "Let it Fall"
    function = "let_fall"
