# SPDX-License-Identifier: GPL-3.0-or-later
"""What a folder would hold after a power cut: each change, and whether it was synced.

`DiskImage.look` compares the folder with the look before. So each change is known to about one call,
although nobody intercepts the calls that write.
"""

# it looks some hundred times a second, and a Path for each file takes longer
# ruff: noqa: PTH115, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

JOURNAL = "journal.sqlite3"
WAL = JOURNAL + "-wal"


class Crash(StrEnum):
    """How a process dies; see the package."""

    KILLED = "killed"
    LOST = "lost"
    TORN = "torn"
    WITHOUT_DATA = "without data"


@dataclass(frozen=True)
class File:
    """A file as it was seen."""

    inode: int
    data: bytes


Files = dict[str, File]


@dataclass(frozen=True)
class Change:
    """A change between two looks: new data of an inode, or names that came and went."""

    inode: int
    before: bytes = b""
    after: bytes = b""
    added: str | None = None
    removed: str | None = None
    replaced: bytes | None = None

    @property
    def is_data(self) -> bool:
        """Whether it is a change of content, not of names."""
        return self.added is None and self.removed is None

    def __str__(self) -> str:
        names = [each for each in (self.removed, self.added) if each]
        return " -> ".join(names) if names else f"{len(self.after)} bytes"


class DiskImage:
    """Follows the folder `root`, of which `home` has the journal."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self._home = home
        self._files: Files = {}
        self._synced: dict[int, bytes] = {}
        self._pending: list[Change] = []
        self._wal = (0, 0)
        """The size of the write-ahead log before its last growth, and now."""
        self.last = ""
        """What the last look has found."""

    # -- following

    def look(self) -> bool:
        """Note what has changed since the last look. Returns whether anything has."""
        now = self._read()
        changes = _changes(self._files, now)
        self._files = now
        self._pending += changes
        size = self._wal_size()
        grew = size != self._wal[1]
        self._wal = (self._wal[1], size) if grew else (size, size)
        self.last = "journal" if grew else ", ".join(map(str, changes))
        return grew or bool(changes)

    def synced(self, handle: int) -> None:
        """Note that an open file or folder was synced."""
        self.look()
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            folder = os.path.relpath(os.readlink(f"/proc/self/fd/{handle}"), self.root)
            self._pending = [each for each in self._pending if not _is_name_in(each, folder)]
            return
        data = next((f.data for f in self._files.values() if f.inode == found.st_ino), b"")
        self._synced[found.st_ino] = data
        self._pending = [
            each for each in self._pending if not (each.is_data and each.inode == found.st_ino)
        ]

    def _read(self) -> Files:
        files: Files = {}
        for folder, _, names in os.walk(self.root):
            if folder.endswith("/processes"):  # locks: nobody needs their content
                continue
            for name in names:
                if not name.startswith(JOURNAL):  # opening it would release SQLite's own locks
                    path = os.path.join(folder, name)
                    with open(path, "rb", buffering=0) as stream:
                        inode = os.fstat(stream.fileno()).st_ino
                        files[os.path.relpath(path, self.root)] = File(inode, stream.readall())
        return files

    def _wal_size(self) -> int:
        try:
            return os.stat(self._home / WAL).st_size
        except FileNotFoundError:
            return 0

    # -- crashing

    def variants(self) -> list[Crash]:
        """Return the ways to die that leave different disks here."""
        found = [Crash.KILLED]
        if self._wal[1] > self._wal[0]:
            return [*found, Crash.LOST, Crash.TORN]
        if self._pending:
            found.append(Crash.LOST)
        if any(each.is_data for each in self._pending):
            found.append(Crash.TORN)
        if any(self._synced.get(f.inode, b"") != f.data for f in self._files.values()):
            found.append(Crash.WITHOUT_DATA)
        return found

    def replace_with_crashed(self, crash: Crash, aside: Path) -> None:
        """Move the folder aside, and put in its place what a crash would leave."""
        self.root.rename(aside)
        shutil.copytree(aside, self.root)
        if crash is Crash.KILLED:
            return
        (self._home / (JOURNAL + "-shm")).unlink(missing_ok=True)  # it was only in memory
        if self._wal[1] > self._wal[0]:
            self._damage_wal(crash)
        elif crash is Crash.LOST:
            self._undo(self._pending[-1])
        elif crash is Crash.TORN:
            self._tear(next(each for each in reversed(self._pending) if each.is_data))
        else:
            self._drop_unsynced_data()

    def _damage_wal(self, crash: Crash) -> None:
        before, now = self._wal
        with open(self._home / WAL, "rb+") as stream:
            if crash is Crash.LOST:
                stream.truncate(before)
            else:
                middle = (before + now) // 2
                stream.seek(middle)
                stream.write(bytes(now - middle))

    def _undo(self, change: Change) -> None:
        if change.is_data:
            self._write(change.inode, change.before)
            return
        if change.added is not None:
            (self.root / change.added).unlink(missing_ok=True)
            if change.replaced is not None:
                (self.root / change.added).write_bytes(change.replaced)
        if change.removed is not None:
            (self.root / change.removed).parent.mkdir(parents=True, exist_ok=True)
            (self.root / change.removed).write_bytes(change.before)

    def _tear(self, change: Change) -> None:
        start = len(change.before) if change.after.startswith(change.before) else 0
        middle = (start + len(change.after)) // 2
        self._write(change.inode, change.after[:middle] + bytes(len(change.after) - middle))

    def _drop_unsynced_data(self) -> None:
        for name, file in self._files.items():
            kept = self._synced.get(file.inode, b"")
            if kept != file.data:
                (self.root / name).write_bytes(kept)

    def _write(self, inode: int, data: bytes) -> None:
        for name, file in self._files.items():
            if file.inode == inode:
                (self.root / name).write_bytes(data)


def _is_name_in(change: Change, folder: str) -> bool:
    """Return whether a change of names is only about this folder."""
    names = [name for name in (change.added, change.removed) if name is not None]
    return bool(names) and all((os.path.dirname(name) or ".") == folder for name in names)


def _changes(before: Files, now: Files) -> list[Change]:
    """Return the changes of data, then those of names."""
    old = {file.inode: file.data for file in before.values()}
    data = {
        file.inode: Change(file.inode, old.get(file.inode, b""), file.data)
        for file in now.values()
        if old.get(file.inode, b"") != file.data
    }
    added = {name: file for name, file in now.items() if _inode(before, name) != file.inode}
    removed = {name: file for name, file in before.items() if name not in now}
    names: list[Change] = []
    for name, file in added.items():
        source = next((each for each, gone in removed.items() if gone.inode == file.inode), None)
        if source is not None:
            del removed[source]
        replaced = before[name].data if name in before else None
        content = old.get(file.inode, b"")
        names.append(Change(file.inode, content, file.data, name, source, replaced))
    names += [Change(file.inode, file.data, removed=name) for name, file in removed.items()]
    return [*data.values(), *names]


def _inode(files: Files, name: str) -> int | None:
    return files[name].inode if name in files else None
