# SPDX-License-Identifier: GPL-3.0-or-later
"""Play a clip of the selected character, change how it plays, bring others, and export all."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message, sentences
from ..job_actions import Result, report_error
from ..selection import selected
from ..translations import translated
from ..typed_context import scene_of

if TYPE_CHECKING:
    from ...scene.animation.clips import Clip


def rig_of(context: bpy.types.Context) -> Any:
    """Return the armature of the active character, or None."""
    from ...scene.animation import clips

    active = context.active_object
    root = selected.model_root(active)
    below = root.children_recursive if root is not None else ()
    return clips.rig_of(active) or next((each for each in below if each.type == "ARMATURE"), None)


class _OnCharacter(bpy.types.Operator):
    """Base of the operators on the active character."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the active object is a character of this file, or belongs to one."""
        from ...scene.data_blocks import is_linked

        rig, complaint = rig_of(context), None
        if rig is None:
            complaint = Message("Select a character: an armature or its mesh.")
        elif is_linked(rig):
            complaint = Message(
                "This character is linked from another file and can be changed only there."
            )
        if complaint is not None:
            cls.poll_message_set(translated(complaint))
        return complaint is None


class _OnClip(_OnCharacter):
    """Base of the operators on one clip."""

    clip: bpy.props.StringProperty(
        name="Clip",
        description="Name of the clip, which is that of its track",
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Find the clip, and do what the operator does with it."""
        from ...scene.animation import clips

        rig = rig_of(context)
        clip = clips.clip_named(rig, self.clip)
        if clip is None:
            return report_error(
                self, Message("This character has no clip “{name}”.", name=self.clip)
            )
        return self.change(context, rig, clip)

    def change(self, context: bpy.types.Context, rig: Any, clip: "Clip") -> Result:
        """Change something about a clip."""
        raise NotImplementedError


class MINT_OT_play_clip(_OnClip):
    """Let this clip move the character, set the preview range to it, and play it.

    While it plays: stop.
    """

    bl_idname = "mint.play_clip"
    bl_label = "Play Clip"

    def change(self, context: bpy.types.Context, rig: Any, clip: "Clip") -> Result:
        """Assign the Action, and play; or stop."""
        from ...scene.animation import clips

        screen = None if bpy.app.background else context.screen
        is_playing = screen is not None and screen.is_animation_playing
        if is_playing and clips.is_assigned(rig, clip):
            bpy.ops.screen.animation_cancel(restore_frame=False)
            return {"FINISHED"}
        clips.show(rig, clip, scene_of(context))
        if screen is not None and not is_playing:
            bpy.ops.screen.animation_play()
        return {"FINISHED"}


class MINT_OT_loop_clip(_OnClip):
    """Let this clip go on from its beginning when it ends."""

    bl_idname = "mint.loop_clip"
    bl_label = "Loop"

    def change(self, context: bpy.types.Context, rig: Any, clip: "Clip") -> Result:
        """Switch it on or off."""
        from ...scene.animation import clips

        clips.set_loop(rig, clip, not clip.is_loop)
        return {"FINISHED"}


class MINT_OT_clip_in_place(_OnClip):
    """Take the travel out of a clip."""

    bl_idname = "mint.clip_in_place"
    bl_label = "In Place"
    bl_description = (
        "Keep the character where it is: its way over the floor is taken out of this clip, and "
        "comes back when this is off"
    )

    def change(self, context: bpy.types.Context, rig: Any, clip: "Clip") -> Result:
        """Switch it on or off."""
        from ...scene.animation import clips

        if clips.set_in_place(rig, clip, not clip.is_in_place):
            return {"FINISHED"}
        self.report(
            {"INFO"}, translated(Message("“{name}” stays in place already.", name=clip.name))
        )
        return {"CANCELLED"}


class MINT_OT_import_clip(_OnCharacter):
    """Add the clips of GLB files with the same skeleton to this character.

    A clip made for another rest pose is fitted.
    """

    bl_idname = "mint.import_clip"
    bl_label = "Import Clip from File"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"}
    )
    filter_glob: bpy.props.StringProperty(default="*.glb", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the files."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Add each file; one that cannot be added does not stop the others."""
        from ...scene.animation import clips
        from ...scene.errors import SceneImportError

        names: list[str] = []
        sentences_: list[Message] = []
        for path in self._paths():
            try:
                added = clips.add_from_file(path, rig_of(context), scene=scene_of(context))
            except SceneImportError as error:
                sentences_.append(Message("{problem}", problem=error))
                continue
            names += added.names
            sentences_ += added.notes
        if not names:
            return report_error(self, sentences(*sentences_) or Message("No file selected."))
        done = Message("Clips added: {names}.", names=", ".join(names))
        self.report({"WARNING" if sentences_ else "INFO"}, translated(sentences(done, *sentences_)))
        return {"FINISHED"}

    def _paths(self) -> list[Path]:
        folder = Path(bpy.path.abspath(self.directory))
        several = [folder / each.name for each in self.files if each.name]
        return several or ([Path(bpy.path.abspath(self.filepath))] if self.filepath else [])


class MINT_OT_export_character(_OnCharacter):
    """Export the character with all its clips."""

    bl_idname = "mint.export_character"
    bl_label = "Export Character"
    bl_description = (
        "Write this character to a GLB with all its clips by name, each from frame 0, as game "
        "engines want them"
    )
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.glb", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the file, beginning beside the open one."""
        if not self.filepath:
            name = bpy.path.clean_name(_whole(rig_of(context)).name)
            folder = bpy.path.abspath("//") or str(Path.home())
            self.filepath = str(Path(folder, f"{name}.glb"))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Write the file."""
        from ...scene import tags
        from ...scene.export.output import OutputError, export_glb
        from ...scene.place import PlacedResult

        if not self.filepath.strip():
            return report_error(self, Message("No file selected."))
        root = _whole(rig_of(context))
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".glb"))
        try:
            saved = export_glb(path, PlacedResult(root, None, tags.hierarchy(root)))
        except OutputError as error:
            return report_error(self, Message("{problem}", problem=error))
        self.report({"INFO"}, translated(Message("Saved: {path}", path=saved)))
        return {"FINISHED"}


def _whole(rig: Any) -> Any:
    """Return what stands for a character: the root of its result, or the armature."""
    from ...scene import tags

    return tags.root_of(rig) or rig


def _draw_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator_context = "INVOKE_DEFAULT"
    self.layout.operator("mint.import_clip", text="Import Clip from File…", icon="IMPORT")
    self.layout.operator("mint.export_character", text="Export Character…", icon="EXPORT")


# what the section has, too, so that F3 finds it
MENUS = ((bpy.types.VIEW3D_MT_object_animation, _draw_menu),)
