# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the SQLite file under the journal, run transactions, and turn failures into JournalError.

Whether the folder is on a local disk or a network share decides about SQLite's journal mode. An
unknown file system counts as shared, which is slower but safe.
"""

from __future__ import annotations

import errno
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ..files import disk
from ..message import Message, UserError

_DEFAULT_ADVICE = Message(
    "Check the folder and the free space on its disk, or set MINT_BLENDER_HOME."
)
_FULL = Message("The disk is full. Free some space, then try again.")
_IN_USE = Message("Another program is using it. Close that program, or try again in a moment.")
_NO_ACCESS = Message("Allow writing to it and its folder, or set MINT_BLENDER_HOME.")
_ADVICE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_NOTADB: Message(
        "It is damaged or not a journal. Do not delete it: move it to another folder, or"
        " set MINT_BLENDER_HOME."
    ),
    sqlite3.SQLITE_CORRUPT: Message(
        "It is damaged. Do not delete it: move it to another folder, or set MINT_BLENDER_HOME."
    ),
    sqlite3.SQLITE_READONLY: _NO_ACCESS,
    sqlite3.SQLITE_PERM: _NO_ACCESS,
}
_ADVICE_BY_ERRNO = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NO_ACCESS),
}
_CANNOT_OPEN = Message("The job journal {path} cannot be opened ({reason}). {advice}")
_CANNOT_USE = Message("The job journal {path} cannot be read or written ({reason}). {advice}")


class JournalError(UserError):
    """The journal cannot be read or written. The message says where it is and what to do."""


# One statement, since another process may be creating the tables.
STATE = "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"
"""Reads the version of a file's tables, and how many there are, indexes included."""


def is_new(state: tuple[int, int], known: int, path: Path) -> bool:
    """Return whether a file has no tables yet, by the row of `STATE`.

    Raises:
        JournalError: Its tables have another version than the one that is known here.
    """
    if state == (0, 0):
        return True
    found, _ = state
    if found > known:
        raise JournalError(
            Message(
                "The job journal {path} was written by a newer version of this"
                " add-on. Update the add-on.",
                path=path,
            )
        )
    if found < known:
        raise JournalError(
            Message(
                "The job journal {path} has a format that this version of the add-on does not"
                " know. Do not delete it: move it to another folder, or set MINT_BLENDER_HOME.",
                path=path,
            )
        )
    return False


def journal_error(path: Path, error: Exception, *, opening: bool = False) -> JournalError:
    """Return the error for a journal file that cannot be opened, read or written."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        advice = _ADVICE_BY_ERRNO.get(error.errno or 0)
    else:
        # The lower byte is the primary code; the others say more exactly where it happened.
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        reason = str(error)
        advice = _ADVICE.get(code)
    words = _CANNOT_OPEN if opening else _CANNOT_USE
    return JournalError(
        Message(words.template, path=path, reason=reason, advice=advice or _DEFAULT_ADVICE)
    )


_text = partial(str, encoding="utf-8", errors="surrogateescape")


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """Yield a file that exists, for a thread of its own."""
    database = Database(path)
    try:
        database.choose_mode()
        yield database
    finally:
        database.close()


class Database:
    """One connection. Not to be shared between threads. All methods raise only JournalError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            disk.make_home(path.parent)
            disk.make_file(path)  # SQLite gives its -wal and -shm the same permissions
            for suffix in ("-wal", "-shm", "-journal"):
                disk.restrict(path.with_name(path.name + suffix))
            self.connection = sqlite3.connect(path, timeout=10.0, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise journal_error(path, error, opening=True) from error
        # A damaged text comes back as it is, for the reader of the record to refuse; it must not
        # end the whole query.
        self.connection.text_factory = _text

    def prepare(self, version: int, *statements: str) -> None:
        """Create the tables of a new file in one transaction; closes the file if that fails.

        Raises:
            JournalError: That failed, or the file has tables of another version: it stays as it is.
        """
        try:
            is_empty = is_new(self.rows(STATE)[0], version, self.path)
            self.choose_mode()
            if not is_empty:
                return
            with self.transaction():
                if is_new(self.rows(STATE)[0], version, self.path):  # no other process came first
                    for statement in statements:
                        self.rows(statement)
                    self.rows(f"PRAGMA user_version = {version}")
        except BaseException:
            self.close()
            raise

    def choose_mode(self) -> None:
        """Use the journal mode of SQLite that is safe for this folder, and set the syncs for it.

        A write-ahead log needs memory that all processes share. Over a network there is none, and
        the file would be damaged: there, a rollback journal is used.

        Raises:
            JournalError: The file cannot be read, or the mode in use is not safe there.
        """
        is_on_disk = is_local(self.path.parent)
        try:
            wanted = "WAL" if is_on_disk else "DELETE"
            self.connection.execute(f"PRAGMA journal_mode = {wanted}").fetchall()
        except sqlite3.OperationalError:
            pass  # another process is using the file just now: its mode stays
        except sqlite3.Error as error:
            raise journal_error(self.path, error) from error
        ((mode,),) = self.rows("PRAGMA journal_mode")
        if mode == "wal" and not is_on_disk:
            raise JournalError(
                Message(
                    "The job journal {path} is on a network drive, and another program has it"
                    " open in a mode that is not safe there. Quit all other Blenders and Mint"
                    " commands that use it, then try again.",
                    path=self.path,
                )
            )
        # A commit survives a power cut: it may stand for money. Without the log that takes one
        # more sync.
        self.rows(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self.connection.close()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute one statement and return all its rows."""
        try:
            return self.connection.execute(query, values).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise journal_error(self.path, error) from error

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """Execute one statement and return its first row, or None."""
        return next(iter(self.rows(query, *values)), None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything that is written inside, or nothing after an error.

        Inside another transaction it is a part of that one. No other process writes meanwhile.
        """
        is_inside = bool(self.connection.in_transaction)
        if is_inside:
            yield
            return
        # IMMEDIATE: a writer takes the lock before reading, so no two processes act on
        # the same reading.
        self.rows("BEGIN IMMEDIATE")
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # a full disk ends a transaction by itself
                with suppress(sqlite3.Error):
                    self.connection.execute("ROLLBACK")
            raise


_DISKS = (
    "apfs|bcachefs|btrfs|exfat|ext2|ext3|ext4|f2fs|fuseblk|hfs|hfsplus|jfs"
    "|msdos|ntfs|ntfs3|reiserfs|udf|ufs|vfat|xfs|zfs"
)
_OTHERS = "ecryptfs|overlay|ramfs|tmpfs"
LOCAL_TYPES = frozenset(f"{_DISKS}|{_OTHERS}".split("|"))
"""Names of file systems on disks of this machine, as Linux calls them.

`fuseblk` is what ntfs-3g mounts.
"""

_LOCAL_DRIVES = frozenset({2, 3, 6})  # GetDriveTypeW: removable, fixed, RAM disk


def is_local(folder: Path) -> bool:
    """Return whether an existing folder is on a local disk; False if unknown."""
    try:
        path = folder.resolve()
        if sys.platform == "win32":
            return _is_local_drive(path.drive)
        if sys.platform == "darwin":
            return is_local_by_mount(_mounts(), str(path))
        return is_local_by_mountinfo(
            Path("/proc/self/mountinfo").read_text(errors="surrogateescape"), str(path)
        )
    except (OSError, ValueError):
        return False


def _mounts() -> str:
    """Return what macOS lists as mounted; empty if it does not."""
    import subprocess  # takes a twentieth of a command's time, and only macOS needs it

    try:
        done = subprocess.run(
            ["/sbin/mount"], capture_output=True, text=True, errors="replace", timeout=5, check=True
        )
    except subprocess.SubprocessError:
        return ""
    return done.stdout


def is_local_by_mountinfo(text: str, path: str) -> bool:
    """Return whether a path is on a local disk, from the text of Linux's /proc/self/mountinfo.

    A line is "36 35 98:0 / /mnt rw shared:1 - ext3 /dev/root rw".
    """
    mounts = []
    for line in text.splitlines():
        mount, separator, source = line.partition(" - ")
        fields = mount.split(" ")
        if separator and len(fields) > 4:
            mounts.append((_unescaped(fields[4]), source.split(" ")[0]))
    return _mount_of(mounts, path) in LOCAL_TYPES


def is_local_by_mount(text: str, path: str) -> bool:
    """Return whether a path is on a local disk, from the output of `mount` on macOS.

    A line is "/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled)".
    """
    found = (re.fullmatch(r".* on (/.*) \((.*)\)", line) for line in text.splitlines())
    options = _mount_of([(match[1], match[2]) for match in found if match], path)
    return options is not None and "local" in options.split(", ")


def _mount_of(mounts: Iterable[tuple[str, str]], path: str) -> str | None:
    """Return the details of the mount that contains a path.

    That is the deepest mount point; of several mounts on the same point, the last.
    """
    above = [(point, text) for point, text in mounts if PurePosixPath(path).is_relative_to(point)]
    deepest = max((len(point) for point, _ in above), default=0)
    return next((text for point, text in reversed(above) if len(point) == deepest), None)


def _unescaped(text: str) -> str:
    """Decode the octal escapes of a mount point, such as 040 for a space."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


if sys.platform == "win32":

    def _is_local_drive(drive: str) -> bool:
        """Return whether a drive letter is a local drive; a share (//server/share) has none."""
        import ctypes

        return (
            bool(re.fullmatch(r"[A-Za-z]:", drive))
            and ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") in _LOCAL_DRIVES
        )
