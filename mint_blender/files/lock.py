# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock on a file that is open.

The operating system lets go of it when the process ends, however it ends: so whether somebody holds
it needs no clock, no heartbeat and no process id (which may be reused).
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def try_lock(handle: IO[bytes]) -> bool:
        """Hold the file alone, until it is closed. False when another one holds it."""
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    try_shared_lock = try_lock

else:
    import fcntl

    def try_lock(handle: IO[bytes]) -> bool:
        """Hold the file alone, until it is closed. False when another one holds it."""
        return _flock(handle, fcntl.LOCK_EX)

    def try_shared_lock(handle: IO[bytes]) -> bool:
        """Hold the file together with others that do the same: two that only look do not take each
        other for a holder.
        """
        return _flock(handle, fcntl.LOCK_SH)

    def _flock(handle: IO[bytes], how: int) -> bool:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in _WITHOUT_LOCKS
        return True

    # A network file system that passes no locks on: nobody can be seen to hold the file, and nobody
    # is kept from it.
    _WITHOUT_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


class FileInUse(Exception):
    """Another process holds it just now."""


@contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Hold this file, which is made if need be, alone.

    Raises FileInUse, or OSError where it cannot be written.
    """
    with file.open("ab") as handle:
        if not try_lock(handle):
            raise FileInUse
        yield
