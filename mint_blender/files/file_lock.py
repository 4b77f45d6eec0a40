# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on open files.

The operating system releases them when the process ends, however it ends. So finding out whether a
lock is held needs no clock, no heartbeat and no process id (which may be reused).
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
    import os
    import struct

    # Windows locks bytes, from the position of the handle on, and nobody else can read them: so
    # this is one byte behind the content of any file.
    _LOCKED_BYTE = 0x7FFFFFFE

    def try_lock(handle: IO[bytes]) -> bool:
        """Acquire an exclusive lock until the file is closed; return False if it is locked."""
        descriptor = handle.fileno()
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return error.errno in _WITHOUT_LOCKS
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)
        return True

    # A drive without locks (ERROR_INVALID_FUNCTION): no holder can be detected.
    _WITHOUT_LOCKS = frozenset({errno.EINVAL})

    def try_shared_lock(handle: IO[bytes]) -> bool:
        """Acquire a shared lock until the file is closed; return False if it is locked exclusively.

        With it, two processes that only check a lock do not see each other. `msvcrt` has none.
        """
        import ctypes
        from ctypes import wintypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        file = wintypes.HANDLE(msvcrt.get_osfhandle(handle.fileno()))
        place = struct.pack("PPIIP", 0, 0, _LOCKED_BYTE, 0, 0)  # of type OVERLAPPED
        if kernel.LockFileEx(file, _FAIL_AT_ONCE, 0, 1, 0, ctypes.create_string_buffer(place)):
            return True
        return ctypes.get_last_error() == _INVALID_FUNCTION

    _FAIL_AT_ONCE, _INVALID_FUNCTION = 1, 1

else:
    import fcntl

    def try_lock(handle: IO[bytes]) -> bool:
        """Acquire an exclusive lock until the file is closed; return False if it is locked."""
        return _flock(handle, fcntl.LOCK_EX)

    def try_shared_lock(handle: IO[bytes]) -> bool:
        """Acquire a shared lock until the file is closed; return False if it is locked exclusively.

        With it, two processes that only check a lock do not see each other.
        """
        return _flock(handle, fcntl.LOCK_SH)

    def _flock(handle: IO[bytes], how: int) -> bool:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in _WITHOUT_LOCKS
        return True

    # A network file system without locks: no holder can be detected, so nobody is refused.
    _WITHOUT_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


class FileInUse(Exception):
    """Another process holds the lock."""


@contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Hold an exclusive lock on this file, which is created if missing.

    Raises:
        FileInUse: Another process holds the lock.
        OSError: The file cannot be written.
    """
    with file.open("ab") as handle:
        if not try_lock(handle):
            raise FileInUse
        yield
