# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process drives a job: one at a time, and another takes over when it dies.

Each process holds a locked file (`files.file_lock`) for as long as it lives.
"""

from __future__ import annotations

import errno
import os
import uuid
from pathlib import Path
from typing import IO

from ...files import disk, file_lock
from ..database import journal_error

# the names of the locks that this process holds: the worker has one of its own
_ours: set[str] = set()

_ATTEMPTS = 100  # each one fails only if somebody looks at the new file at that very moment


class ProcessLock:
    """The lock that shows this process is alive, under `home/processes`.

    Close it when no job is driven any more.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "processes"
        try:
            disk.make_folder(self._folder)
            self.name, self._handle = _make_locked(self._folder)
            _ours.add(self.name)
        except OSError as error:
            raise journal_error(self._folder, error) from error

    def is_alive(self, name: str | None) -> bool:
        """Return whether a living process (or this one) drives under that name.

        The file of a dead process is removed.
        """
        if name is None:
            return False
        if name == self.name:
            return True
        path = self._folder / name
        try:
            with path.open("r+b") as handle:
                # Shared: two processes that look for a dead driver at the same time must not take
                # each other for it.
                if not file_lock.try_shared_lock(handle):
                    return True
                # Still locked here: a process that is just making this file cannot lock it now,
                # and makes another one.
                was_open = not _delete(path)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # unknown: treat it as alive
        if was_open:
            _delete(path)  # which fails if the process that makes it has it open
        return False

    def has_others(self) -> bool:
        """Return whether another living process uses this folder, such as a Blender."""
        try:
            names = [path.name for path in self._folder.iterdir() if path.name not in _ours]
        except OSError:
            return False
        return any(map(self.is_alive, names))

    def close(self) -> None:
        """Release the lock: other processes can take over at once."""
        if not self._handle.closed:
            self._handle.close()
            _ours.discard(self.name)
            _delete(self._folder / self.name)


def _make_locked(folder: Path) -> tuple[str, IO[bytes]]:
    """Make a file and lock it; return its name and its handle, whose end releases the lock.

    Until it is locked, others take it for the file of a dead process: they lock it to look at it,
    and delete it. Then this makes another one. Nobody deletes a file that is locked.
    """
    for _ in range(_ATTEMPTS):
        path = folder / uuid.uuid4().hex
        handle = open(path, "wb", opener=disk.opener)  # noqa: SIM115 - stays open
        if file_lock.try_lock(handle) and path.exists():  # nobody else makes a file of this name
            return path.name, handle
        handle.close()
        _delete(path)
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _delete(path: Path) -> bool:
    """Delete a file if possible; return False if it is open, which hinders that on Windows."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        return getattr(error, "winerror", None) is None
    return True
