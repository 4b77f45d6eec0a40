# SPDX-License-Identifier: GPL-3.0-or-later
"""Create files and folders that only this user may read, for prompts, pictures and results.

On Windows, user folders are private already, and nothing is done.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from .errors import naming

FILE, FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_home(path: Path) -> None:
    """Create the add-on's home folder, or restrict the existing one to this user."""
    make_folder(path)
    _make_private(path, FOLDER)


def make_folder(path: Path) -> None:
    """Create a private folder with its missing parents; existing ones keep their permissions.

    Raises:
        OSError: The folder cannot be created.
    """
    if path.is_dir():
        return
    for each in reversed([path, *path.parents]):
        if not each.is_dir():
            each.mkdir(FOLDER, exist_ok=True)


def opener(path: str, flags: int) -> int:
    """Open a file with private permissions: an `opener` for `open`."""
    return os.open(path, flags, FILE)


def make_file(path: Path) -> None:
    """Create an empty private file, or restrict the existing one to this user.

    An existing file is not opened: closing it would drop the locks that SQLite holds on it in this
    process.

    Raises:
        OSError: The file cannot be created.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE))
    except FileExistsError:
        _make_private(path, FILE)


def restrict(path: Path) -> None:
    """Restrict a file to this user, if it exists."""
    _make_private(path, FILE)


def copy_private(source: Path, target: Path) -> None:
    """Copy the content of a file to a private file, and sync it to disk.

    Raises:
        OSError: A file cannot be read or written.
    """
    with (
        naming(target),
        source.open("rb") as incoming,
        open(target, "wb", opener=opener) as outgoing,
    ):
        shutil.copyfileobj(incoming, outgoing)
        outgoing.flush()
        os.fsync(outgoing.fileno())


def _make_private(path: Path, mode: int) -> None:
    if os.name == "nt":
        return
    with suppress(OSError):  # missing, or owned by another user
        if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            path.chmod(mode)
