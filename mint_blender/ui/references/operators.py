# SPDX-License-Identifier: GPL-3.0-or-later
"""Where reference images come from, and what can be done with those on the list."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ...addon_settings import may_go_online
from ...message import Message, UserError, sentences
from ...mint.limits import MAX_IMAGES
from .. import heartbeat, session
from ..job_actions import Result, attempt, report_error
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import scene_of
from . import properties as references_properties

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".exr", ".bmp", ".hdr", ".gif")
VIEWS = [
    ("VIEWPORT", "Viewport", "What this 3D View shows, without grid and gizmos"),
    ("CAMERA", "Camera View", "What the scene's camera sees, drawn as in this 3D View"),
]


def _fit(entry: Any) -> None:
    """Scale down or convert a picture, and note below it what was done."""
    import tempfile

    from . import image_sources

    with tempfile.TemporaryDirectory(prefix="mint-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "picture.webp"
        note = image_sources.fit(Path(entry.source), path)
        references_properties.replace_file(entry, path, note)


class _AddOperator(bpy.types.Operator):
    """Base of the operators that add pictures, which may have to be scaled or converted."""

    bl_options = {"REGISTER"}

    fit: bpy.props.BoolProperty(
        name="Scale Down or Convert if Needed",
        description="Scale down or convert images that exceed Mint's limits",
    )

    def add_made(self, name: str, make: Callable[[Path], object]) -> Result:
        """Add a picture that Blender makes."""
        import tempfile

        def add() -> None:
            with tempfile.TemporaryDirectory(prefix="mint-", ignore_cleanup_errors=True) as folder:
                path = Path(folder) / "picture.png"
                make(path)
                entry = references_properties.add_file(path, name=name)
            if self.fit and entry.problem:
                _fit(entry)

        return attempt(self, add)

    def add_render(self, context: bpy.types.Context) -> Result:
        """Add a saved copy of the last render as it is displayed."""
        from . import image_sources

        scene = scene_of(context)
        return self.add_made(Message("Render"), lambda path: image_sources.save_render(scene, path))


class MINT_OT_add_references(_AddOperator):
    """Add images from files.

    They can be sent with or without a prompt.
    """

    bl_idname = "mint.add_references"
    bl_label = "Add Images from Files"

    # What Blender fills in: the file browser, and a drop on the 3D View.
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"}
    )
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the files, unless they were dropped."""
        if self._paths():
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Add each file; one that cannot be added does not stop the others."""
        added, reasons = 0, []
        for path in self._paths():
            try:
                entry = references_properties.add_file(path)
                added += 1
                if self.fit and entry.problem:
                    _fit(entry)
            except UserError as error:
                reasons.append(str(error))
        heartbeat.redraw()
        if reasons or not added:
            self.report(
                {"WARNING" if added else "ERROR"},
                translated(sentences(*reasons) or Message("No file selected.")),
            )
        elif context.area is not None:
            self.report(
                {"INFO"},
                translated(
                    Message(
                        "Reference images for the next prompt: {count}",
                        count=len(references_properties.entries()),
                    )
                ),
            )
        return {"FINISHED"} if added else {"CANCELLED"}

    def _paths(self) -> list[Path]:
        if self.directory and any(each.name for each in self.files):
            folder = Path(bpy.path.abspath(self.directory))
            return [folder / each.name for each in self.files if each.name]
        path = Path(bpy.path.abspath(self.filepath)) if self.filepath else None
        return [path] if path is not None and not path.is_dir() else []


class MINT_OT_add_reference_url(bpy.types.Operator):
    """Add an image from a web address."""

    bl_idname = "mint.add_reference_url"
    bl_label = "Add Image from Web Address"
    bl_options = {"REGISTER"}

    url: bpy.props.StringProperty(
        name="Address", description="Starts with https://", options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the address."""
        return context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Add Image")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw one field, which takes the keyboard at once."""
        row = self.layout.row()
        row.activate_init = True
        row.prop(self, "url", text="", placeholder="https://")

    def execute(self, context: bpy.types.Context) -> Result:
        """Add the address; Mint fetches it, and nothing is loaded here."""
        return attempt(self, lambda: references_properties.add_url(self.url))


class MINT_OT_add_reference_image(_AddOperator):
    """Add an image from this Blender file, as it is now."""

    bl_idname = "mint.add_reference_image"
    bl_label = "Add Blender Image"

    image: bpy.props.StringProperty(name="Image", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the image."""
        return context.window_manager.invoke_props_dialog(self, confirm_text="Add Image")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw a search field."""
        self.layout.prop_search(self, "image", bpy.data, "images")

    def execute(self, context: bpy.types.Context) -> Result:
        """Add a saved copy of the image, whether it is packed, painted or generated."""
        from . import image_sources

        image: bpy.types.Image | None = bpy.data.images.get(self.image)
        if image is None:
            sentence = (
                Message("There is no image {name} in this file.", name=self.image)
                if self.image
                else Message("No image selected.")
            )
            return report_error(self, sentence)
        if image.type == "RENDER_RESULT":
            return self.add_render(context)
        return self.add_made(image.name, lambda path: image_sources.save_image(image, path))


class MINT_OT_add_reference_render(_AddOperator):
    """Add the last render."""

    bl_idname = "mint.add_reference_render"
    bl_label = "Add Render Result"

    def execute(self, context: bpy.types.Context) -> Result:
        """Add a saved copy of the render as it is displayed."""
        return self.add_render(context)


class MINT_OT_add_reference_view(_AddOperator):
    """Add a capture of this 3D View, or of what the camera sees."""

    bl_idname = "mint.add_reference_view"
    bl_label = "Add Image of View"

    view: bpy.props.EnumProperty(name="View", items=VIEWS)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the context is a 3D View; the tooltip says why not."""
        if bpy.app.background or context.area is None or context.area.type != "VIEW_3D":
            cls.poll_message_set(translated(Message("This needs an open 3D View.")))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Result:
        """Add a picture of the view, drawn offscreen."""
        from . import image_sources

        is_camera = self.view == "CAMERA"
        name = Message("Camera View") if is_camera else Message("Viewport")
        return self.add_made(
            name, lambda path: image_sources.capture(context, path, camera=is_camera)
        )


class _EntryOperator(bpy.types.Operator):
    """Base of the operators on one picture of the list."""

    bl_options = {"INTERNAL"}

    index: bpy.props.IntProperty(
        name="Image", description="Position in the list, starting at 0", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Change the list, if there is such a picture."""
        if not 0 <= self.index < len(references_properties.entries()):
            return {"CANCELLED"}
        return attempt(self, self._act)

    def _act(self) -> None:
        raise NotImplementedError


class MINT_OT_fit_reference(_EntryOperator):
    """Convert or scale this image to meet Mint's limits.

    Your file is not changed.
    """

    bl_idname = "mint.fit_reference"
    bl_label = "Scale Down or Convert"

    def _act(self) -> None:
        _fit(references_properties.entries()[self.index])


class MINT_OT_remove_reference(_EntryOperator):
    """Remove this image from the list.

    Your file stays.
    """

    bl_idname = "mint.remove_reference"
    bl_label = "Remove Image"

    def _act(self) -> None:
        references_properties.entries().remove(self.index)


class MINT_OT_move_reference(_EntryOperator):
    """Move this image.

    The first one matters most.
    """

    bl_idname = "mint.move_reference"
    bl_label = "Move Image"

    by: bpy.props.IntProperty(name="Offset", default=1, options={"SKIP_SAVE"})

    def _act(self) -> None:
        references_properties.entries().move(
            self.index, min(max(self.index + self.by, 0), len(references_properties.entries()) - 1)
        )


class MINT_MT_references(bpy.types.Menu):
    """Add a reference image."""

    bl_label = "Reference Image"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw every source of pictures."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("mint.add_references", text="Files…", icon="FILE_FOLDER")
        layout.operator("mint.add_reference_url", text="Web Address…", icon="URL")
        layout.operator("mint.add_reference_image", text="Blender Image…", icon="IMAGE_DATA")
        layout.separator()
        layout.operator("mint.add_reference_render", text="Render Result", icon="RENDER_RESULT")
        layout.operator("mint.add_reference_view", text="Viewport", icon="VIEW3D").view = "VIEWPORT"
        layout.operator(
            "mint.add_reference_view", text="Camera View", icon="CAMERA_DATA"
        ).view = "CAMERA"


class MINT_FH_references(bpy.types.FileHandler):
    """A picture dropped on the 3D View; Blender asks which of its handlers is meant."""

    bl_idname = "MINT_FH_references"
    bl_label = "Reference Image for Mint"
    bl_import_operator = "mint.add_references"
    bl_file_extensions = ";".join(ENDINGS)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Return whether to accept a drop: only with an API key, else Blender's own drop stays."""
        return (
            context.area is not None
            and context.area.type == "VIEW_3D"
            and may_go_online()
            and bool(session.account().key)
        )


THUMBNAIL, SMALL = 3.2, 2.0  # heights in lines of the panel
FEW = 3  # up to so many pictures are shown large


def draw_header(layout: bpy.types.UILayout) -> None:
    """Draw the number of images."""
    count = len(references_properties.entries(bpy.context.window_manager))
    if count:
        layout.label(
            text=translated(Message("{number} of {total}", number=count, total=MAX_IMAGES)),
            translate=False,
        )


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw each image with its buttons, then a menu for more."""
    listed = references_properties.entries(context.window_manager)
    for index, entry in enumerate(listed):
        _draw_entry(layout, index, entry, len(listed))
    if not listed:
        wrapped(
            layout,
            Message("Add up to 8 images that show what you mean. A prompt is optional."),
            width=context.region.width,
        )
    if len(listed) < MAX_IMAGES:
        layout.menu("MINT_MT_references", text="Add Image", icon="ADD")


def _draw_entry(layout: bpy.types.UILayout, index: int, entry: Any, count: int) -> None:
    box = layout.box()
    split = box.split(factor=0.3)
    thumbnail = references_properties.icon(entry)
    if thumbnail:
        split.template_icon(icon_value=thumbnail, scale=THUMBNAIL if count <= FEW else SMALL)
    else:
        split.label(text="", icon="URL" if entry.source.startswith("https://") else "IMAGE_DATA")
    column = split.column(align=True)
    column.label(text=entry.name, translate=False)
    row = column.row(align=True)
    if count > 1:
        _draw_move(row, index, -1, "TRIA_UP", index > 0)
        _draw_move(row, index, 1, "TRIA_DOWN", index < count - 1)
    row.operator("mint.remove_reference", text="", icon="X").index = index
    if entry.problem:
        wrapped(box, references_properties.message(entry), icon="ERROR")
        box.operator(
            "mint.fit_reference", text="Convert" if entry.is_odd else "Scale Down", icon="MODIFIER"
        ).index = index
    elif entry.note:
        wrapped(box, references_properties.message(entry), icon="INFO")


def _draw_move(row: bpy.types.UILayout, index: int, by: int, icon: Any, is_possible: bool) -> None:
    sub = row.row(align=True)
    sub.enabled = is_possible
    move = sub.operator("mint.move_reference", text="", icon=icon)
    move.index, move.by = index, by
