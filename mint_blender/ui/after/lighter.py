# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a model lighter: a copy of few faces takes its place, and both can be shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message, UserError
from ..job_actions import Result
from ..operator_bases import CheckedOperator
from ..selection import selected
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of
from . import second_blender

if TYPE_CHECKING:
    from ...files.export_options import Exported

_WIDTH = 380
_FREE = Message(
    "A copy takes the place of this model, which is hidden. Blender does this by itself: it costs"
    " no Credits."
)


class MINT_OT_make_lighter(CheckedOperator):
    """Let a copy of few faces take the place of this model."""

    bl_idname = "mint.make_lighter"
    bl_label = "Make Lighter"
    bl_description = (
        "A copy with few faces takes the place of this model. Its textures have the shape and the "
        "colors of the full one, which is hidden. Free"
    )

    faces: bpy.props.IntProperty(
        name="Faces", description="How many triangles the copy has", default=5000, min=60
    )
    texture: bpy.props.EnumProperty(
        name="Texture Size",
        items=[(size, size, "") for size in ("512", "1024", "2048", "4096")],
        default="1024",
    )

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why the selected model cannot be made lighter; empty if it can."""
        from ...scene.after import lighter

        root = selected.model_root(context.active_object)
        if root is None or selected.is_instance(context.active_object):
            return Message("Select a model from Mint.")
        known = selected.facts(root)  # counting takes too long for each drawing
        problem = lighter.problem_of((root, *known.objects), known.faces) if known else None
        return problem or ""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask how many faces."""
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, confirm_text=translated(Message("Make Lighter"))
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw both numbers."""
        layout = layout_of(self)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "faces")
        layout.prop(self, "texture")
        wrapped(layout, _FREE, width=_WIDTH, icon="INFO")

    def execute(self, context: bpy.types.Context) -> Result:
        """Let a second Blender make the copy."""
        from ...delivery import engine_export

        root = selected.model_root(context.active_object)
        assert root is not None, "poll has seen one"
        name = root.name
        faces = self.faces
        size = int(self.texture)
        files: list[Path] = []

        def order(what: dict[str, Any]) -> dict[str, Any]:
            files.append(Path(what["blend"]).with_name("light.blend"))
            return engine_export.order_lighter(faces, size, files[0], **what)

        def done(_: "list[Exported]") -> Message:
            return _take_its_place(name, files[0])

        begun = Message("Making “{name}” lighter…", name=name)
        return second_blender.ask(self, root, order, done, begun)


def _take_its_place(name: str, file: Path) -> Message:
    """Add the copy in one undo step; return what was done. Raises UserError."""
    from ...scene import place, undo_step
    from ...scene.after import lighter

    root: Any = bpy.data.objects.get(name)
    if root is None:
        raise UserError(Message("“{name}” is not in this file any more.", name=name))
    undo_step.begin()
    light: Any = lighter.take_its_place(file, root)
    place.select(place.PlacedResult(light, None, (light,)))
    undo_step.push(translated(Message("Make Lighter")))
    count = len(light.data.polygons)
    return Message("“{name}” has {count:,} faces.", name=light.name, count=count)


class MINT_OT_show_heavier(bpy.types.Operator):
    """Show the full model, or the lighter one that took its place."""

    bl_idname = "mint.show_heavier"
    bl_label = "Before and After"
    bl_options = {"REGISTER", "UNDO"}

    full: bpy.props.BoolProperty(name="Full", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the active object is a lighter or a full model."""
        return _light_of(context) is not None

    def execute(self, context: bpy.types.Context) -> Result:
        """Show one of them, and make it the active object."""
        from ...scene.after import lighter

        light = _light_of(context)
        assert light is not None, "poll has seen one"
        lighter.show(light, full=self.full)
        # a hidden object cannot be the active one, and the panel is about that
        context.view_layer.objects.active = light[lighter.HEAVIER] if self.full else light
        return {"FINISHED"}


def _light_of(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the lighter model of the active object: itself, or the one in its place."""
    from ...scene.after import lighter

    root = selected.model_root(context.active_object)
    return lighter.lighter_of(root) if root is not None else None


def draw(layout: bpy.types.UILayout, root: bpy.types.Object) -> None:
    """Draw which of both is shown; nothing for other models."""
    from ...scene.after import lighter

    light = lighter.lighter_of(root)
    if light is None:
        return
    row = layout.row(align=True)
    for words, full in ((Message("Before"), True), (Message("After"), False)):
        entry: Any = row.operator(
            "mint.show_heavier",
            text=translated(words),
            translate=False,
            depress=light.hide_get() is full,
        )
        entry.full = full
