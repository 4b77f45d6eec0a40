# SPDX-License-Identifier: GPL-3.0-or-later
"""Write, rename, delete and sync files, so that none is lost, half written, or read by others.

- Windows refuses to rename and to delete a file while a virus scanner, a search index or a backup
  reads it, mostly for a fraction of a second. So these functions try again for `PATIENCE` seconds.
  Elsewhere nothing is refused for that reason, and any error is raised at once.
- A rename without a sync of the data before it may leave an empty file after a power cut.
- Prompts, pictures and results are private: only this user may read them. On Windows, user folders
  are private already, and nothing is done.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from .errors import DiskError

T = TypeVar("T")

INTERVALS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3)
"""Seconds between the attempts."""
PATIENCE = sum(INTERVALS)
_IN_USE = frozenset({5, 32, 33})
"""Windows' codes: access denied (also for a file that is being deleted), in use, locked."""
PART = ".mint-part"
"""The suffix of a file that is being written, and will take the place of another."""
_WITHOUT_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What some network drives answer: they have no sync of folders."""
FILE, FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


# -- writing, renaming and deleting


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield the path of a new file, which takes the place of `target` when the block ends.

    So the target is whole at any time, also after a power cut. After an error it is as it was.
    Others may write it at the same time: the last one wins.

    Raises:
        OSError: The file cannot be written. It names the target.
    """
    part = target.with_name(f".{os.urandom(16).hex()}{PART}")
    try:
        yield part
        sync_file(part)
        replace(part, target)
    except BaseException as error:
        try_to_remove(part)
        if isinstance(error, OSError) and error.filename in {None, str(part)}:
            error.filename = str(target)
        raise


def replace(source: Path, target: Path) -> None:
    """Rename a file to a name in the same folder, in place of the file that may have it.

    Raises:
        OSError: It is still refused after `PATIENCE` seconds, or for any other reason.
    """
    _retry(lambda: source.replace(target))


def remove(path: Path) -> None:
    """Delete a file, if it exists.

    Raises:
        OSError: It is still refused after `PATIENCE` seconds, or for any other reason.
    """
    _retry(lambda: path.unlink(missing_ok=True))


def try_to_remove(path: Path) -> None:
    """Delete a file if that is possible: for one that does no harm where it is."""
    with suppress(OSError):
        remove(path)


def read(path: Path) -> bytes:
    """Return the content of a small file that others replace.

    Raises:
        OSError: It is still refused after `PATIENCE` seconds, or for any other reason.
    """
    return _retry(path.read_bytes)


def _retry(action: Callable[[], T]) -> T:
    for interval in INTERVALS:
        try:
            return action()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _IN_USE:
                raise
        time.sleep(interval)
    return action()


# -- syncing


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


# -- private files


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
    for folder in reversed([path, *path.parents]):
        if not folder.is_dir():
            folder.mkdir(FOLDER, exist_ok=True)


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


# -- errors


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name this file in an OSError that names none: Python does so only for failures to open."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = os.fspath(path)
        raise


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Convert an OSError to a DiskError that names the path."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError(
                "The disk is full: could not write {path}. Free some space, then try again.",
                path=path,
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise DiskError(
                "No permission to write {path}. Choose another folder or change its permissions.",
                path=path,
            ) from error
        reason = error.strerror or type(error).__name__
        raise DiskError(
            "{path} could not be written: {reason}.", path=path, reason=reason
        ) from error
