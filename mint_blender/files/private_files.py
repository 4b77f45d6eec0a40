# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders of ours that only this user may read: prompts, pictures and results are nobody
else's business.

On Windows a user's folders are private by themselves, and nothing is done.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

FILE, FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_home(path: Path) -> None:
    """Make the folder of ours that all others lie in; one that others may enter is closed to them,
    if it is this user's.
    """
    make_folder(path)
    _close(path, FOLDER)


def make_folder(path: Path) -> None:
    """Make a folder below it, with its missing parents.

    Those that are there stay as they are. Raises OSError.
    """
    for each in reversed([path, *path.parents]):
        if not each.is_dir():
            each.mkdir(FOLDER, exist_ok=True)


def opener(path: str, flags: int) -> int:
    """The `opener` of `open` for a file of ours."""
    return os.open(path, flags, FILE)


def make_file(path: Path) -> None:
    """Make an empty file of ours, or close the one that is there to others. Raises OSError.

    One that is there is not opened: closing it again would drop the locks that SQLite has on it in
    this process.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE))
    except FileExistsError:
        _close(path, FILE)


def restrict(path: Path) -> None:
    """Close a file to others, if it is there."""
    _close(path, FILE)


def copy_private(source: Path, target: Path) -> None:
    """Copy what a file holds into a file of ours. Raises OSError."""
    with source.open("rb") as incoming, open(target, "wb", opener=opener) as outgoing:
        shutil.copyfileobj(incoming, outgoing)


class LogHandler(RotatingFileHandler):
    """A log file of ours, made with its first entry; half a megabyte and one before it are kept."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=512 * 1024, backupCount=1, delay=True, encoding="utf-8")
        restrict(path)

    def _open(self) -> IO[Any]:  # type: ignore[override]
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=opener)


def _close(path: Path, mode: int) -> None:
    if os.name == "nt":
        return
    with suppress(OSError):  # not there, or not ours: then it is not ours to decide
        if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            path.chmod(mode)
