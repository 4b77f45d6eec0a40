# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures that go with the next prompt: their list, and our copies of the files.

The list lives in the window manager as the form does. Each file is copied under its own SHA-256, so
that it is still there for a job when the original is moved or changed. Knows nothing of where a
picture came from.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy

from ...message import Message, UserError, message_of
from ...mint.limits import MAX_IMAGE_BYTES, MAX_IMAGES
from .. import session

ROOM = 256 * 1024 * 1024
"""Bytes that our copies may take up. The longest unused are deleted first, but never those on the
list or of a job.
"""


class ReferenceImageError(UserError):
    """The picture could not be added to the list; the message says why."""


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


def message(entry: Any) -> Message:
    """Return the problem of a picture, else what was done with it; empty if neither."""
    import json

    return Message.from_json(json.loads(entry.message)) if entry.message else Message("")


def _tell(entry: Any, *, problem: str = "", note: str = "") -> None:
    import json

    entry.problem, entry.note = problem, note
    entry.message = json.dumps(message_of(problem or note).to_json())


def complaint(manager: Any = None) -> str | None:
    """Return why these pictures cannot be sent yet, or None. Opens no file."""
    entry = next((entry for entry in entries(manager) if entry.problem), None)
    return (
        Message("Image {name}: {problem}", name=entry.name, problem=message(entry))
        if entry
        else None
    )


def add_file(path: Path, *, name: str | None = None) -> Any:
    """Copy a picture and put it at the end of the list; one that needs work keeps its problem.

    Raises:
        ReferenceImageError: The list is full, or has this picture already.
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
        ReferenceImageError: It is no https address, or the list is full or has it already.
    """
    from ...files import download_folder

    url = url.strip()
    if not url.startswith("https://") or len(url) < 12 or any(letter.isspace() for letter in url):
        raise ReferenceImageError(Message("A reference image's address must start with https://."))
    _check_room()
    _check_new(url, Message("This address"))
    entry = entries().add()
    entry.name, entry.source = download_folder.name_from_url(url, fallback="picture"), url
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
        raise ReferenceImageError(
            Message(
                "Mint accepts at most {count} images. Remove one first.",
                count=MAX_IMAGES,
            )
        )


def _check_new(source: str, name: str) -> None:
    if source in sources():
        raise ReferenceImageError(Message("{name} is already on the list.", name=name))


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
    from ...jobs.new_jobs import UPLOADABLE

    size = kept.stat().st_size
    entry.source, entry.is_odd = str(kept), format not in UPLOADABLE
    problem = ""
    if entry.is_odd:
        problem = Message("It is {format}; Mint accepts PNG, JPEG and WebP.", format=format.upper())
    elif size > MAX_IMAGE_BYTES:
        problem = Message(
            "It is {size:.1f} MB; Mint accepts at most 5 MB.", size=size / 1024 / 1024
        )
    _tell(entry, problem=problem, note=note)
    from .. import icons

    icons.cache().keep("references", {path: path for path in sources() if "://" not in path})
