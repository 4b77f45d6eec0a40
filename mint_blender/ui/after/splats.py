# SPDX-License-Identifier: GPL-3.0-or-later
"""Crop the splats of the selected World, and save them as a file."""

from pathlib import Path

import bpy

from ...message import Message
from ..job_actions import Result, attempt, report_error
from ..operator_bases import CheckedOperator
from ..selection import selected
from ..translations import translated


class _SplatsOperator(CheckedOperator):
    """Base of those on the splats of the World that is selected."""

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why there are no splats that can be changed; empty if there are."""
        from ...scene.after import splats

        active = context.active_object
        if active is None or selected.is_instance(active) or not splats.splats_of(active):
            return Message("Select a Mint World with splats.")
        if context.mode != "OBJECT":
            return Message("Switch to Object Mode first")
        return cls.more_complaint(active)

    @classmethod
    def more_complaint(cls, active: bpy.types.Object) -> str:
        """Return what else is missing."""
        return ""


class MINT_OT_crop_splats(_SplatsOperator):
    """Hide the splats outside a box that you move and scale."""

    bl_idname = "mint.crop_splats"
    bl_label = "Crop Splats"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Add the box, or find it, and select it alone."""
        from ...scene.after import splats

        active = context.active_object
        assert active is not None, "poll has seen one"

        def add() -> None:
            box = splats.crop(active)
            for obj in list(context.selected_objects):
                obj.select_set(False)
            if box.visible_get():
                box.select_set(True)
                context.view_layer.objects.active = box
            space = context.space_data
            if isinstance(space, bpy.types.SpaceView3D):
                space.overlay.show_overlays = True  # a new World is shown without: no box

        return attempt(self, add)


class MINT_OT_end_crop(_SplatsOperator):
    """Remove the box that crops these splats, and show all again or delete those outside."""

    bl_idname = "mint.end_crop"
    bl_label = "End Crop"
    bl_options = {"REGISTER", "UNDO"}

    remove_outside: bpy.props.BoolProperty(
        name="Remove Outside", description="Delete the splats outside the box for good"
    )

    @classmethod
    def more_complaint(cls, active: bpy.types.Object) -> str:
        """Return that nothing is cropped."""
        from ...scene.after import splats

        return "" if splats.box_of(active) else Message("These splats are not cropped.")

    def execute(self, context: bpy.types.Context) -> Result:
        """End it."""
        from ...scene.after import splats

        active = context.active_object
        assert active is not None, "poll has seen one"
        shown = splats.splats_of(active)[0]

        def end() -> None:
            is_box = active == splats.box_of(active)
            splats.end_crop(shown, remove_outside=self.remove_outside)
            if is_box:
                context.view_layer.objects.active = shown

        return attempt(self, end)


class MINT_OT_save_splats(_SplatsOperator):
    """Save the splats as they stand in the scene, as a PLY (exact) or SPZ file (smaller).

    What a box hides is left out.
    """

    bl_idname = "mint.save_splats"
    bl_label = "Save Splats"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.ply;*.spz", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the file, beginning beside the open one."""
        topmost = context.active_object
        if not self.filepath and topmost is not None:
            while topmost.parent is not None:  # the box that crops has the name of no World
                topmost = topmost.parent
            name = bpy.path.clean_name(topmost.name)
            folder = bpy.path.abspath("//") or str(Path.home())
            self.filepath = str(Path(folder, f"{name}.ply"))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Save them, and say what the file has not."""
        from ...scene.after import splats

        active = context.active_object
        assert active is not None, "poll has seen one"
        path = Path(bpy.path.abspath(self.filepath))
        try:
            result = attempt(self, lambda: splats.save_splats(active, path))
        except OSError as error:
            reason = error.strerror or str(error)
            text = Message("Cannot write {file}: {reason}", file=path.name, reason=reason)
            return report_error(self, text)
        if (
            result == {"FINISHED"}
            and path.suffix.lower() == ".spz"
            and splats.has_harmonics(active)
        ):
            text = Message("Saved. Colors that change with the direction are not in an SPZ file.")
            self.report({"INFO"}, translated(text))
        return result
