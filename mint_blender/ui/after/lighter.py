# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a model lighter, or give it levels of detail: versions of it, one of which is shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...files.export_options import MOST_LEVELS
from ...message import Message, UserError
from ..job_actions import Result
from ..operator_bases import CheckedOperator
from ..selection import selected
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of, scene_of
from . import second_blender

if TYPE_CHECKING:
    from ...files.export_options import Exported

_WIDTH = 380


class _VersionOperator(CheckedOperator):
    """Base of both: a second Blender makes the meshes, which are then added in one undo step."""

    explanation: Message

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why the selected model gets no such version; empty if it can."""
        root = selected.model_root(context.active_object)
        if root is None or selected.is_instance(context.active_object):
            return Message("Select a model from Mint.")
        known = selected.facts(root)  # counting takes too long for each drawing
        return (known and cls.problem((root, *known.objects), known.faces)) or ""

    @classmethod
    def problem(cls, objects: Any, faces: int) -> Message | None:
        """Return why a model of these objects and faces gets no such version."""
        raise NotImplementedError

    def how(self) -> dict[str, int]:
        """Return what the second Blender has to know."""
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask how."""
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, confirm_text=translated(Message(self.bl_label))
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the properties."""
        layout = layout_of(self)
        layout.use_property_split = True
        layout.use_property_decorate = False
        for name in self.__annotations__:
            layout.prop(self, name)
        wrapped(layout, self.explanation, width=_WIDTH, icon="INFO")

    def execute(self, context: bpy.types.Context) -> Result:
        """Let a second Blender make it."""
        from ...delivery import engine_export

        root = selected.model_root(context.active_object)
        assert root is not None, "poll has seen one"
        name = root.name
        how = self.how()
        label = self.bl_label
        files: list[Path] = []

        def order(what: dict[str, Any]) -> dict[str, Any]:
            files.append(Path(what["blend"]).with_name("version.blend"))
            return engine_export.order_version(files[0], how, **what)

        def done(_: "list[Exported]") -> Message:
            return _add(name, files[0], label)

        begun = Message("Making a version of “{name}”…", name=name)
        return second_blender.ask(self, root, order, done, begun)


class MINT_OT_make_lighter(_VersionOperator):
    """Let a copy of few faces take the place of this model."""

    bl_idname = "mint.make_lighter"
    bl_label = "Make Lighter"
    bl_description = (
        "A copy with few faces takes the place of this model. Its textures have the shape and the "
        "colors of the full one, which is hidden. Free"
    )
    explanation = Message(
        "A copy takes the place of this model, which is hidden. Blender does this by itself: it"
        " costs no Credits."
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
    def problem(cls, objects: Any, faces: int) -> Message | None:
        """Return why a model cannot be made lighter."""
        from ...scene.after import lighter

        return lighter.problem_of(objects, faces)

    def how(self) -> dict[str, int]:
        """Return both numbers."""
        return {"faces": self.faces, "size": int(self.texture)}


class MINT_OT_levels_of_detail(_VersionOperator):
    """Give this model levels of detail, each with half the faces of the one before."""

    bl_idname = "mint.levels_of_detail"
    bl_label = "Levels of Detail"
    bl_description = (
        "Add versions of this model with half, a quarter and an eighth of its faces, hidden where "
        "it is. Bones, weights, UVs and materials stay. Free"
    )
    explanation = Message(
        "Versions of this model are added, hidden where it is. Blender does this by itself: it"
        " costs no Credits."
    )

    count: bpy.props.IntProperty(
        name="Levels of Detail",
        description="How many beside the model itself, each with half the faces",
        default=MOST_LEVELS,
        min=1,
        max=MOST_LEVELS,
    )

    @classmethod
    def problem(cls, objects: Any, faces: int) -> Message | None:
        """Return why a model gets no levels of detail."""
        from ...scene.after import versions

        return versions.problem_of(faces)

    def how(self) -> dict[str, int]:
        """Return the number of levels."""
        return {"count": self.count}


def _add(name: str, file: Path, label: str) -> Message:
    """Add what is in a file in one undo step; return what was done. Raises UserError."""
    from ...scene import place, tags, undo_step
    from ...scene.after import lighter, versions

    root: Any = bpy.data.objects.get(name)
    if root is None:
        raise UserError(Message("“{name}” is not in this file any more.", name=name))
    undo_step.begin()
    if label == MINT_OT_levels_of_detail.bl_label:
        count = len(versions.add_levels(file, root))
        done = Message("“{name}” has {count} levels of detail.", name=name, count=count)
    else:
        root = lighter.take_its_place(file, root)
        faces = sum(len(obj.data.polygons) for obj in tags.hierarchy(root) if obj.type == "MESH")
        done = Message("“{name}” has {count:,} faces.", name=root.name, count=faces)
    place.select(place.PlacedResult(root, None, tags.hierarchy(root)))
    undo_step.push(translated(Message(label)))
    return done


class MINT_OT_show_version(bpy.types.Operator):
    """Show this version of the model, and hide the others."""

    bl_idname = "mint.show_version"
    bl_label = "Show This Version"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(
        name="Name", description="Name of its topmost object", options={"SKIP_SAVE"}
    )
    beside: bpy.props.BoolProperty(
        name="Side by Side", description="Show the full model beside it", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Show it, and make it the active object."""
        from ...scene.after import versions

        root: Any = scene_of(context).objects.get(self.name)
        if root is None:
            return {"CANCELLED"}
        versions.show(root, beside=self.beside)
        # a hidden object cannot be the active one, and the panel is about that
        context.view_layer.objects.active = root
        return {"FINISHED"}


def draw(layout: bpy.types.UILayout, root: bpy.types.Object) -> None:
    """Draw which version is shown; nothing for a model without."""
    from ...scene.after import versions

    full = versions.full_of(root)
    others = versions.versions_of(full)
    row = layout.row(align=True)
    for word, version in {translated(Message("Full")): full, **others}.items() if others else ():
        entry: Any = row.operator(
            "mint.show_version", text=word, translate=False, depress=not version.hide_get()
        )
        entry.name = version.name
    if others:
        compared = root if root != full else list(others.values())[-1]
        entry = row.operator("mint.show_version", text="", icon="ARROW_LEFTRIGHT")
        entry.name = compared.name
        entry.beside = True
