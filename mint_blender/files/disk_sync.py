# SPDX-License-Identifier: GPL-3.0-or-later
"""Sync files and folders to disk, so that they survive a power cut.

A rename without a sync of the data before it may leave an empty file under the new name.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

_WITHOUT_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What some network drives answer: they have no sync of folders."""


def sync_file(path: Path) -> None:
    """Write the data of a file to disk. Raises OSError."""
    with path.open("rb+") as stream:  # Windows syncs only what is open for writing
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to disk (not possible on Windows). Raises OSError."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _WITHOUT_SYNC:
            raise
    finally:
        os.close(handle)


def is_from_earlier_boot(path: Path) -> bool:
    """Return whether a file was last written before this computer was started.

    After a power cut, its data may be missing in places that were never synced. True if unknown.
    """
    try:
        return path.stat().st_mtime < booted_at()
    except OSError:
        return True


def booted_at() -> float:
    """Return when this computer was started, in seconds since the epoch, or somewhat later."""
    # Linux counts sleep only in CLOCK_BOOTTIME; elsewhere sleep makes it later, which is safe.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    running = time.monotonic() if clock is None else time.clock_gettime(clock)
    return time.time() - running
