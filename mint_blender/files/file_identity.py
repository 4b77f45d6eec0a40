# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell a file from its copies: by file number and time of creation.

Not by its device, whose number may change when the computer is started.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

_AT_FDCWD = -100
_STATX_BTIME = 0x800


def identity(path: Path) -> str:
    """Return what is the same for this file for as long as it exists, and different for a copy.

    Where the file system does not say when a file was created, this process is part of the
    identity: every other one then takes the file for a copy.

    Windows' number of a file says how often its place was used again, so no other file has it. A
    time of creation would not help there: a new file gets that of an old one of its name.

    Raises:
        OSError: There is no such file.
    """
    status = path.stat()
    number = f"{status.st_ino:x}"
    if sys.platform == "win32":
        return number
    created = _created(path, status)
    return f"{number}-{created:x}" if created else f"{number}-{_process(number)}"


@cache
def _process(number: str) -> str:
    import uuid

    return uuid.uuid4().hex


def _created(path: Path, status: os.stat_result) -> int:
    """Return when a file was created, in ns; 0 if that is not known."""
    if (seconds := getattr(status, "st_birthtime", None)) is not None:
        return int(seconds * 1e9)
    return _created_on_linux(path)


class _Statx(ctypes.Structure):
    """The part of Linux's `struct statx` up to the time of creation."""

    _fields_ = (
        ("mask", ctypes.c_uint32),
        ("before", ctypes.c_uint8 * 76),
        ("seconds", ctypes.c_int64),
        ("nanoseconds", ctypes.c_uint32),
        ("after", ctypes.c_uint8 * 164),
    )


def _created_on_linux(path: Path) -> int:
    """Ask Linux itself: Python's `stat` leaves the time of creation out there."""
    try:
        statx = ctypes.CDLL(None).statx
    except (AttributeError, OSError):
        return 0
    answer = _Statx()
    name = os.fsencode(path)
    if statx(_AT_FDCWD, name, 0, _STATX_BTIME, ctypes.byref(answer)) != 0:
        return 0
    is_known = answer.mask & _STATX_BTIME
    return answer.seconds * 1_000_000_000 + answer.nanoseconds if is_known else 0
