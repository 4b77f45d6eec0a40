# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process drives a job: one at a time, and another takes over when it dies.

Each process holds a locked file (`files.file_lock`) for as long as it lives.
"""

from __future__ import annotations

import errno
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import IO

from ...files import private_files
from ...files.file_lock import try_lock, try_shared_lock
from .database import journal_error

# the names of the locks that this process holds: the worker has one of its own
_ours: set[str] = set()


class ProcessLock:
    """The lock that shows this process is alive, under `home/processes`.

    Close it when no job is driven any more.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "processes"
        self.name = uuid.uuid4().hex
        try:
            private_files.make_folder(self._folder)
            # Held open for as long as the process drives jobs: closing it releases the lock.
            self._handle: IO[bytes] = open(  # noqa: SIM115
                self._folder / self.name, "wb", opener=private_files.opener
            )
            if not try_lock(self._handle):
                self._handle.close()
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
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
                if not try_shared_lock(handle):
                    return True
        except FileNotFoundError:
            return False
        except OSError:
            return True  # unknown: treat it as alive
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return False

    def has_others(self) -> bool:
        """Return whether another living process uses this folder, such as a Blender."""
        try:
            names = [each.name for each in self._folder.iterdir() if each.name not in _ours]
        except OSError:
            return False
        return any(map(self.is_alive, names))

    def close(self) -> None:
        """Release the lock: other processes can take over at once."""
        if not self._handle.closed:
            self._handle.close()
            _ours.discard(self.name)
            with suppress(OSError):
                (self._folder / self.name).unlink(missing_ok=True)
