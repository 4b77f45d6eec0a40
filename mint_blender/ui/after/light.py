# SPDX-License-Identifier: GPL-3.0-or-later
"""Shadows of models on splats, and the light of the scene on a World."""

from typing import Any

import bpy

from ...message import Message
from ..job_actions import Result, attempt
from ..operator_bases import CheckedOperator
from ..translations import translated
from ..typed_context import scene_of


class MINT_OT_ground_shadow(CheckedOperator):
    """Let what is selected throw a shadow onto the splats of the World that it stands in.

    The shadow follows it and the sun. A second click removes it.
    """

    bl_idname = "mint.ground_shadow"
    bl_label = "Ground Shadow"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why nothing can throw a shadow; empty if something can."""
        from ...scene.after import floor

        if not floor.movers_of(context.selected_objects):
            return Message("Select a model or another mesh.")
        return ""

    def execute(self, context: bpy.types.Context) -> Result:
        """Switch the shadow of each on, or off where all have one."""
        from ...scene.after import floor, light

        scene = scene_of(context)
        models = floor.movers_of(context.selected_objects)
        on = not is_on(context)

        def switch() -> None:
            for model in models:
                light.ground_shadow(model, on=on, scene=scene)

        result = attempt(self, switch)
        if on and result == {"FINISHED"} and light.sun_of(scene) is None:
            text = Message("Add a Sun lamp and do this again: it gives the shadow its direction.")
            self.report({"INFO"}, translated(text))
        return result


def is_on(context: bpy.types.Context) -> bool:
    """Return whether everything that is selected and can throw a shadow onto splats does."""
    from ...scene.after import floor, light

    scene = scene_of(context)
    models = floor.movers_of(context.selected_objects)
    return bool(models) and all(light.has_shadow(model, scene) for model in models)


class MINT_OT_mix_with_scene_light(CheckedOperator):
    """Let the lamps of the scene light this World, and let it throw shadows.

    The light of the place is in its colors already, so choose how much to mix. It shows in Material
    Preview and in renders, not in Solid.
    """

    bl_idname = "mint.mix_with_scene_light"
    bl_label = "Mix with Scene Light"
    bl_options = {"REGISTER", "UNDO"}

    amount: bpy.props.FloatProperty(
        name="Amount",
        description="0: the colors as they were captured; 1: lit by the scene alone",
        default=0.6,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why no World can be lit; empty if one can."""
        from ...scene.after import splats
        from ...scene.world import world_objects

        active = context.active_object
        if world_objects.root_of(active) is None or not splats.splats_of(active):
            return Message("Select a Mint World with splats.")
        return ""

    def execute(self, context: bpy.types.Context) -> Result:
        """Mix."""
        from ...scene.after import light

        active = context.active_object
        assert active is not None, "poll has seen one"
        scene = scene_of(context)
        space: Any = context.space_data
        if space is not None and space.type == "VIEW_3D" and space.shading.type == "SOLID":
            text = Message("This shows in Material Preview and in renders.")
            self.report({"INFO"}, translated(text))
        return attempt(self, lambda: light.mix_with_scene_light(active, self.amount, scene=scene))
