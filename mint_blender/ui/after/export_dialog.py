# SPDX-License-Identifier: GPL-3.0-or-later
"""Export a model for a game engine, or in another format: a menu, and one dialog for all."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...files.export_options import MOST_LEVELS, TARGETS, no_collision, no_levels
from ...message import Message, sentences
from ..job_actions import Result, report_error
from ..operator_bases import CheckedOperator
from ..selection import selected
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of
from . import second_blender

if TYPE_CHECKING:
    from ...files.export_options import Exported, ExportOptions

_WIDTH = 380
_FREE = Message("Blender does this by itself: it costs no Credits.")
_ALL_FACES = Message("With 0, it keeps all its faces.")
_COLLISIONS = [
    ("none", "None", "No collision mesh"),
    ("hull", "One Hull", "A convex mesh of at most 64 triangles"),
    ("several", "Several Hulls", "Eight convex meshes that follow the shape more closely"),
]
_ASKED = ("engine", "faces", "lods", "collision", "texture", "folder")
"""What the dialog asks."""
_TEXTURES = [
    ("0", "As They Are", "Keep the size of the textures"),
    ("2048", "2048", "At most 2048 pixels a side"),
    ("1024", "1024", "At most 1024 pixels a side"),
    ("512", "512", "At most 512 pixels a side"),
    ("256", "256", "At most 256 pixels a side"),
]


def _model_of(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the root of the selected model, or an armature of the user."""
    from ...scene.animation import clips

    return selected.model_root(context.active_object) or clips.rig_of(context.active_object)


class MINT_OT_export(CheckedOperator):
    """Write this model, or this character with all its clips, to a file."""

    bl_idname = "mint.export"
    bl_label = "Export for Engine"
    bl_description = (
        "Write this model, or this character with all its clips, for a game engine or in another "
        "format. Free. The scene does not change"
    )

    engine: bpy.props.EnumProperty(
        name="For",
        items=[(word, target.name, "") for word, target in TARGETS.items()],
        default="glb",
        options={"SKIP_SAVE"},
    )
    faces: bpy.props.IntProperty(
        name="Faces",
        description="The most triangles of the whole model. 0: as many as it has",
        min=0,
        soft_max=200_000,
    )
    lods: bpy.props.IntProperty(
        name="Levels of Detail",
        description="How many beside the model itself, each with half the faces",
        min=0,
        max=MOST_LEVELS,
    )
    collision: bpy.props.EnumProperty(name="Collision", items=_COLLISIONS)
    texture: bpy.props.EnumProperty(name="Texture Size", items=_TEXTURES)
    folder: bpy.props.StringProperty(
        name="Folder", description="Where the file is written", subtype="DIR_PATH"
    )

    replaced: bpy.props.StringProperty(
        name="Replaced File",
        description="Name of the file that is there; with it, the dialog only asks about that",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    _asks = False

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that no model is selected."""
        return "" if _model_of(context) is not None else Message("Select a model from Mint.")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask how; or whether the file that is there may be replaced."""
        if self.replaced:
            return context.window_manager.invoke_confirm(
                self,
                event,
                title="Replace File",
                message=translated(Message("{name} is there already.", name=self.replaced)),
                confirm_text="Replace",
                icon="WARNING",
            )
        self._asks = True
        self.folder = self.folder or bpy.path.abspath("//") or str(Path.home())
        title = words_for(self.engine)
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=translated(title), confirm_text=translated(Message("Export"))
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the options; what the engine does not take is disabled, with the reason."""
        layout = layout_of(self)
        layout.use_property_split = True
        layout.use_property_decorate = False
        target = TARGETS[self.engine]
        layout.prop(self, "faces")
        wrapped(layout, _ALL_FACES, width=_WIDTH, icon="INFO")
        self._draw_option(layout, "lods", "" if target.has_levels else no_levels(target))
        self._draw_option(layout, "collision", "" if target.has_parts else no_collision(target))
        if target.has_textures:
            layout.prop(self, "texture")
        layout.prop(self, "folder")
        wrapped(layout, _FREE, width=_WIDTH, icon="INFO")

    def _draw_option(self, layout: bpy.types.UILayout, name: str, reason: str) -> None:
        column = layout.column()
        column.enabled = not reason
        column.prop(self, name)
        if reason:
            wrapped(layout, reason, width=_WIDTH, icon="INFO")

    def execute(self, context: bpy.types.Context) -> Result:
        """Let a second Blender export a copy."""
        from ...delivery import engine_export
        from ...scene.after import writers

        root = _model_of(context)
        assert root is not None, "poll has seen one"
        if (problem := writers.problem(self.engine)) is not None:
            return report_error(self, problem)
        options = self._options()
        folder = self._folder()
        file = engine_export.file_for(root.name, options, folder)
        if self._asks and file.exists():
            values = {name: getattr(self, name) for name in _ASKED}
            again: Any = bpy.ops.mint.export  # type: ignore[attr-defined]
            again("INVOKE_DEFAULT", replaced=file.name, **values)
            return {"CANCELLED"}

        def order(what: dict[str, Any]) -> dict[str, Any]:
            return engine_export.order_for(options, folder, overwrite=True, **what)

        begun = Message("Exporting “{name}”…", name=root.name)
        return second_blender.ask(self, root, order, _words, begun)

    def _options(self) -> "ExportOptions":
        from ...files.export_options import ExportOptions

        target = TARGETS[self.engine]
        return ExportOptions(
            self.engine,
            self.faces or None,
            self.lods if target.has_levels else 0,
            self.collision if target.has_parts else "none",
            int(self.texture) or None,
        )

    def _folder(self) -> Path:
        return Path(bpy.path.abspath(self.folder or "//") or Path.home())


def words_for(word: str) -> Message:
    """Return what an export does: for an engine, or as a format, which is its name."""
    target = TARGETS[word]
    if target.suffix.startswith(f".{word}"):
        return Message("Export as {format}", format=target.name)
    return Message("Export for {engine}", engine=target.name)


def _words(files: "list[Exported]") -> Message:
    """Return the notes about what was written, and where it is."""
    (file,) = files
    return sentences(*file.notes, Message("Saved: {path}", path=file.path))


class MINT_MT_export(bpy.types.Menu):
    """Write this model for a game engine, or in another format; this costs no Credits."""

    bl_label = "Export"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw an entry for each engine and format; what is not possible has its reason below."""
        from ...scene.after import writers

        layout = layout_of(self)
        layout.operator_context = "INVOKE_DEFAULT"
        for word in TARGETS:
            if word == "glb":
                layout.separator()
            problem = writers.problem(word)
            column = layout.column()
            column.enabled = problem is None
            entry: Any = column.operator(
                "mint.export",
                text=f"{translated(words_for(word))}…",
                translate=False,
                icon="EXPORT",
            )
            entry.engine = word
            if problem is not None:
                layout.label(text=translated(problem), translate=False, icon="INFO")
