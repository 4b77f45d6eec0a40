# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the asset library that the add-on keeps for the user. Needs no `bpy`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...message import Message
from . import manifest

NAME = "Mint"
"""The name of the library, and of its folder."""


def default_folder(libraries: Iterable[Path], home: Path) -> Path:
    """Return where the library should be, from the folders of the libraries that Blender knows.

    It is a folder inside of Blender's own User Library, which is in the user's documents in every
    language; without that, it is where that library would be.
    """
    users = (library for library in libraries if library.parts[-2:] == ("Blender", "Assets"))
    return next(users, home / "Documents" / "Blender" / "Assets") / NAME


def complaint(folder: Path, home: Path) -> Message | None:
    """Return why a folder cannot be the library, or None.

    In the home folder, what contains it, or a folder such as the documents, Blender would search
    all of the user's files.
    """
    if not folder.is_absolute():
        return Message("No folder selected.")
    if folder == home or folder in home.parents or _is_in_use(folder, home):
        return Message(
            "{folder} is not a folder of its own. Choose a new folder, such as {example}.",
            folder=folder,
            example=default_folder((), home),
        )
    if folder.exists() and not folder.is_dir():
        return Message("{folder} is a file. Choose a folder.", folder=folder)
    return None


def _is_in_use(folder: Path, home: Path) -> bool:
    """Return whether a folder directly in the home folder has files that are not a library's."""
    return (
        folder.parent == home
        and folder.is_dir()
        and any(folder.iterdir())
        and not (folder / manifest.FILE_NAME).exists()
    )
