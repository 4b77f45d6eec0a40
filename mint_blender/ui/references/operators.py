# SPDX-License-Identifier: GPL-3.0-or-later
"""Where reference images come from, and what can be done with those on the list."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy

from ...addon_settings import may_go_online
from ...message import Message, UserError, message_of, sentences
from ...mint.limits import MAX_IMAGE_BYTES, MAX_IMAGES
from .. import heartbeat, session
from ..job_actions import Result, attempt
from ..operator_bases import ButtonOperator, CheckedOperator, FilesOperator
from ..text_wrap import wrapped
from ..translations import translated

ROOM = 256 * 1024 * 1024
"""Bytes that our copies may take up. The longest unused are deleted first, but never those on the
list or of a job.
"""


class MintReference(bpy.types.PropertyGroup):
    """One picture: what it is called, where it lies, and what was done with it or has to be."""

    name: bpy.props.StringProperty(name="Name")
    source: bpy.props.StringProperty(
        name="Source", description="Path of the add-on's copy, or an https address"
    )
    note: bpy.props.StringProperty(name="Note", description="What was done with the image")
    problem: bpy.props.StringProperty(
        name="Problem", description="Why Mint does not accept this image"
    )
    message: bpy.props.StringProperty()
    """Note or problem as JSON, so that it can be translated where it is shown."""

    is_odd: bpy.props.BoolProperty(name="Convert", description="Mint does not accept this format")


def entries(manager: Any = None) -> Any:
    """Return the list of pictures."""
    return (manager or bpy.context.window_manager).mint_references


def sources(manager: Any = None) -> tuple[str, ...]:
    """Return the pictures for a request: paths and https addresses, in order."""
    return tuple(entry.source for entry in entries(manager))


def names(manager: Any = None) -> tuple[str, ...]:
    """Return the user's names of the pictures, in the same order."""
    return tuple(entry.name for entry in entries(manager))


def message_about(entry: Any) -> Message:
    """Return the problem of a picture, else what was done with it; empty if neither."""
    import json

    return Message.from_json(json.loads(entry.message)) if entry.message else Message("")


def complaint(manager: Any = None) -> str | None:
    """Return why these pictures cannot be sent yet, or None. Opens no file."""
    entry = next((entry for entry in entries(manager) if entry.problem), None)
    return (
        Message("Image {name}: {problem}", name=entry.name, problem=message_about(entry))
        if entry
        else None
    )


def add_file(path: Path, *, name: str | None = None) -> Any:
    """Copy a picture and put it at the end of the list; one that needs work keeps its problem.

    Raises:
        UserError: The list is full, or has this picture already.
        FileError: The file is no picture, or could not be copied.
    """
    from ...files import pictures

    name = name or path.name
    _check_room()
    kind = pictures.inspect(path)
    pictures.check_complete(path, kind)
    kept = _keep(path, kind.suffix)
    _check_new(str(kept), name)
    entry = entries().add()
    entry.name = name
    _set_picture(entry, kept, kind.format, "")
    return entry


def add_url(url: str) -> Any:
    """Put an address at the end of the list.

    Raises:
        UserError: It is no https address, or the list is full or has it already.
    """
    from ...files import download_folder

    url = url.strip()
    if not url.startswith("https://") or len(url) < 12 or any(letter.isspace() for letter in url):
        raise UserError(Message("A reference image's address must start with https://."))
    _check_room()
    _check_new(url, Message("This address"))
    entry = entries().add()
    entry.name = download_folder.name_from_url(url, fallback="picture")
    entry.source = url
    return entry


def replace_file(entry: Any, path: Path, note: str) -> None:
    """Replace the file of an entry; the note says what was done.

    Raises:
        FileError: The file is no picture.
    """
    from ...files import pictures

    kind = pictures.inspect(path)
    _set_picture(entry, _keep(path, kind.suffix), kind.format, note)


def replace_all(images: Iterable[str]) -> None:
    """Replace the list by these pictures; what cannot be added is left out."""
    clear()
    for image in images:
        with contextlib.suppress(UserError):
            if "://" in image:
                add_url(image)
            else:
                add_file(Path(image))


def clear() -> None:
    """Empty the list: the pictures were sent."""
    entries().clear()


def icon(entry: Any) -> int:
    """Return the icon number of the thumbnail; 0 for an address, and without a window."""
    from .. import icons

    return icons.cache().icon("references", entry.source)


def folder() -> Path:
    """Return the folder of our copies."""
    return session.home() / "references"


def _check_room() -> None:
    if len(entries()) >= MAX_IMAGES:
        raise UserError(
            Message(
                "Mint accepts at most {count} images. Remove one first.",
                count=MAX_IMAGES,
            )
        )


def _check_new(source: str, name: str) -> None:
    if source in sources():
        raise UserError(Message("{name} is already on the list.", name=name))


def _keep(path: Path, suffix: str) -> Path:
    """Copy a file into our folder, named by the SHA-256 of its bytes; return the path."""
    import hashlib

    from ...files import disk, download_folder
    from ...files.disk import disk_errors

    with disk_errors(folder()):
        disk.make_folder(folder())
        with path.open("rb") as stream:
            kept = folder() / f"{hashlib.file_digest(stream, 'sha256').hexdigest()}{suffix}"
        if kept.exists():
            os.utime(kept)
        else:
            with disk.replacing(kept) as part:
                disk.copy_private(path, part)
    service = session.existing_service()
    in_use = {
        Path(image) for job in (service.jobs() if service else ()) for image in job.request.images
    }
    download_folder.prune(folder(), ROOM, keep={kept, *in_use, *map(Path, sources())})
    return kept


def _set_picture(entry: Any, kept: Path, format: str, note: str) -> None:
    """Update an entry for this file: what is wrong with it, and its thumbnail."""
    import json

    from ...jobs.new_jobs import UPLOADABLE
    from .. import icons

    size = kept.stat().st_size
    entry.source = str(kept)
    entry.is_odd = format not in UPLOADABLE
    problem = ""
    if entry.is_odd:
        problem = Message("It is {format}; Mint accepts PNG, JPEG and WebP.", format=format.upper())
    elif size > MAX_IMAGE_BYTES:
        problem = Message(
            "It is {size:.1f} MB; Mint accepts at most 5 MB.", size=size / 1024 / 1024
        )
    entry.problem = problem
    entry.note = note
    entry.message = json.dumps(message_of(problem or note).to_json())
    icons.cache().keep("references", {path: path for path in sources() if "://" not in path})


# -- where they come from, and what can be done with them

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".exr", ".bmp", ".hdr")


class MINT_OT_add_references(FilesOperator):
    """Add images from files.

    They can be sent with or without a prompt.
    """

    bl_idname = "mint.add_references"
    bl_label = "Add Images from Files"

    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the files, unless they were dropped."""
        if self.paths():
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Add each file; one that cannot be added does not stop the others."""
        added = 0
        reasons = []
        for path in self.paths():
            try:
                add_file(path)
                added += 1
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
                        count=len(entries()),
                    )
                ),
            )
        return {"FINISHED"} if added else {"CANCELLED"}


class MINT_OT_add_reference_view(CheckedOperator):
    """Add a capture of this 3D View, without grid and gizmos."""

    bl_idname = "mint.add_reference_view"
    bl_label = "Add Image of View"

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that this is no 3D View."""
        is_view = context.area is not None and context.area.type == "VIEW_3D"
        is_drawn = is_view and not bpy.app.background
        return "" if is_drawn else Message("This needs an open 3D View.")

    def execute(self, context: bpy.types.Context) -> Result:
        """Add a picture of the view, drawn offscreen."""
        import tempfile

        from . import image_sources

        def add() -> None:
            with tempfile.TemporaryDirectory(prefix="mint-", ignore_cleanup_errors=True) as folder:
                path = Path(folder) / "picture.png"
                image_sources.capture(context, path)
                add_file(path, name=Message("Viewport"))

        return attempt(self, add)


class _EntryOperator(ButtonOperator):
    """Base of the operators on one picture of the list."""

    index: bpy.props.IntProperty(
        name="Image", description="Position in the list, starting at 0", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Change the list, if there is such a picture."""
        if not 0 <= self.index < len(entries()):
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
        import tempfile

        from . import image_sources

        entry = entries()[self.index]
        with tempfile.TemporaryDirectory(prefix="mint-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "picture.webp"
            note = image_sources.fit(Path(entry.source), path)
            replace_file(entry, path, note)


class MINT_OT_remove_reference(_EntryOperator):
    """Remove this image from the list.

    Your file stays.
    """

    bl_idname = "mint.remove_reference"
    bl_label = "Remove Image"

    def _act(self) -> None:
        entries().remove(self.index)


class MINT_MT_references(bpy.types.Menu):
    """Add up to 8 images that show what you mean. A prompt is optional."""

    bl_label = "Reference Image"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw every source of pictures."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("mint.add_references", text="Files…", icon="FILE_FOLDER")
        layout.operator("mint.add_reference_view", text="Viewport", icon="VIEW3D")


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
    count = len(entries(bpy.context.window_manager))
    if count:
        layout.label(
            text=translated(Message("{number} of {total}", number=count, total=MAX_IMAGES)),
            translate=False,
        )


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw each image with its buttons, then a menu for more."""
    listed = entries(context.window_manager)
    for index, entry in enumerate(listed):
        _draw_entry(layout, index, entry, len(listed))
    if len(listed) < MAX_IMAGES:
        layout.menu("MINT_MT_references", text="Add Image", icon="ADD")


def _draw_entry(layout: bpy.types.UILayout, index: int, entry: Any, count: int) -> None:
    box = layout.box()
    split = box.split(factor=0.3)
    thumbnail = icon(entry)
    if thumbnail:
        split.template_icon(icon_value=thumbnail, scale=THUMBNAIL if count <= FEW else SMALL)
    else:
        split.label(text="", icon="URL" if entry.source.startswith("https://") else "IMAGE_DATA")
    row = split.row()
    row.label(text=entry.name, translate=False)
    row.operator("mint.remove_reference", text="", icon="X", emboss=False).index = index
    if entry.problem:
        wrapped(box, message_about(entry), icon="ERROR")
        box.operator(
            "mint.fit_reference", text="Convert" if entry.is_odd else "Scale Down", icon="MODIFIER"
        ).index = index
    elif entry.note:
        wrapped(box, message_about(entry), icon="INFO")
