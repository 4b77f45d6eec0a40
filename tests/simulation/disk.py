# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk as the simulation needs it: a process may die at any write, and the disk may be full.

Everything real stays real (SQLite, locks, files), and only what waits for the hardware is left out.
With `in_memory`, so are the system calls of journals and locks, which take most of the time.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, lru_cache
from typing import Any
from unittest.mock import patch

from mint_blender.files import private_files
from mint_blender.files.partial_download import PartFile
from mint_blender.jobs.storage import batch_ledger, database, journal_reader
from mint_blender.jobs.storage.job_locks import ProcessLock

WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "BEGIN")
NEEDS_SPACE = ("INSERT", "UPDATE", "COMMIT")


@cache
def _kind(query: str) -> tuple[bool, bool]:
    """Return whether a statement writes, and whether that takes space."""
    word = query.lstrip()
    return word.startswith(WRITES), word.startswith(NEEDS_SPACE)


class Killed(BaseException):
    """The running process was killed: nothing of it may happen any more."""


class Disk:
    """Where processes die, and whether there is space.

    `boundary` is called before and after everything that leaves a trace outside the process; it
    raises Killed where the process dies. `opened` is told of what a dead process leaves open.
    `writes` counts the statements that may have changed a journal.
    """

    def __init__(self) -> None:
        self.is_full = False
        self.writes = 0
        self.locks: set[str] = set()
        """The names of the process locks that are held in memory."""
        self.is_in_memory = False
        self._numbers: dict[str, int] = {}
        self._journals: dict[str, sqlite3.Connection] = {}
        self.boundary: Callable[[], None] = lambda: None
        self.opened: Callable[[sqlite3.Connection | ProcessLock], None] = lambda opened: None

    def check_space(self) -> None:
        """Raise OSError if the disk is full."""
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def connect(self, path: Any, **more: Any) -> sqlite3.Connection:
        """Open a database whose writes this disk controls."""
        if self.is_in_memory:
            path, more = self._shared(path), {**more, "uri": True}
        connection: _Connection = _connect(path, factory=_Connection, **more)
        connection.disk = self
        self.opened(connection)
        return connection

    def _shared(self, path: Any) -> str:
        """Return the address in memory of a database that several connections share."""
        number = self._numbers.setdefault(str(path), len(self._numbers))
        address = f"file:/{id(self)}-{number}?vfs=memdb"
        if address not in self._journals:  # one connection keeps what the others have written
            self._journals[address] = _connect(address, uri=True)
        return address

    def release(self, lock: ProcessLock) -> None:
        """Release the lock of a dead process, as the system does."""
        self.locks.discard(lock.name)
        if hasattr(lock, "_handle"):
            lock._handle.close()

    def journals(self) -> Iterator[bytes]:
        """Yield the content of each database."""
        for connection in self._journals.values():
            yield connection.serialize()

    def close(self) -> None:
        """Forget the databases."""
        for connection in self._journals.values():
            connection.close()

    def open_part(self, part: PartFile) -> Any:
        """Open the part of a download; a kill may leave half a block."""
        stream, disk = _open_part(part), self

        class Stream(io.BufferedIOBase):
            def write(self, block: Any) -> int:
                disk.check_space()
                half = len(block) // 2
                stream.write(block[:half])
                stream.flush()
                disk.boundary()
                stream.write(block[half:])
                return len(block)

            def flush(self) -> None:
                if not stream.closed:
                    stream.flush()

            def close(self) -> None:
                stream.close()
                super().close()

        return Stream()

    def append(self, path: Any, line: bytes) -> None:
        """Append to a batch's ledger; a kill may leave half a line."""
        self.check_space()
        try:
            self.boundary()
        except Killed:
            with path.open("ab") as file:
                file.write(line[: len(line) // 2])
            raise
        _append(path, line)
        self.boundary()


class _Connection(sqlite3.Connection):
    disk: Disk

    def execute(self, query: str, values: Any = ()) -> sqlite3.Cursor:
        writes, needs_space = _kind(query)
        if not writes:
            return super().execute(query, values)
        disk = self.disk
        disk.boundary()
        if disk.is_full and needs_space:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        found = super().execute(query, values)
        disk.writes += 1
        disk.boundary()
        return found


_init_lock = ProcessLock.__init__
_real_prepare = database.Database.prepare
_connect = sqlite3.connect
_open_part = PartFile.open
_append = batch_ledger._append


def _choose_mode(connection: sqlite3.Connection, folder: Any) -> str:
    """Use no log and no sync: a process that dies here leaves the operating system alive."""
    mode = connection.execute("PRAGMA journal_mode = MEMORY").fetchone()[0]
    connection.execute("PRAGMA synchronous = OFF")
    return str(mode)


def _prepare(self: database.Database, version: int, *statements: str) -> None:
    """Leave out what creates tables that are there: every process would, each time it opens one."""
    if self.connection.execute("PRAGMA user_version").fetchone() == (version,):
        statements = ()
    _real_prepare(self, version, *statements)


@contextmanager
def in_memory(disk: Disk) -> Iterator[None]:
    """Keep journals and process locks in memory. Inside `simulated_disk`."""

    def init(self: ProcessLock, home: Any) -> None:
        disk.check_space()
        disk.boundary()
        self._folder, self.name = home / "processes", uuid.uuid4().hex
        disk.locks.add(self.name)
        disk.opened(self)

    disk.is_in_memory = True
    with ExitStack() as stack:
        use = stack.enter_context
        stack.callback(disk.close)
        use(patch.object(database.Database, "prepare", _prepare))
        # a pure function of the record, which each process would call for itself
        use(patch.object(journal_reader, "load_row", lru_cache(2000)(journal_reader.load_row)))
        # the home is made once, and nobody changes its permissions
        for name in ("make_home", "make_file", "restrict"):
            use(patch.object(private_files, name, cache(getattr(private_files, name))))
        use(patch.object(ProcessLock, "__init__", init))
        use(patch.object(ProcessLock, "is_alive", lambda self, name: name in disk.locks))
        use(patch.object(ProcessLock, "close", lambda self: disk.locks.discard(self.name)))
        yield


@contextmanager
def simulated_disk(disk: Disk) -> Iterator[None]:
    """Let the product use this disk."""

    def lock(self: ProcessLock, home: Any) -> None:
        _init_lock(self, home)
        disk.opened(self)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            disk.boundary()
            result = function(*arguments, **more)
            disk.boundary()
            return result

        return call

    with ExitStack() as stack:
        use = stack.enter_context
        use(patch.object(sqlite3, "connect", disk.connect))
        use(patch.object(database, "choose_mode", _choose_mode))
        use(patch.object(PartFile, "open", lambda part: disk.open_part(part)))
        use(patch.object(batch_ledger, "_append", disk.append))
        use(patch.object(ProcessLock, "__init__", lock))
        use(patch.object(os, "fsync", lambda handle: disk.boundary()))
        for name in ("replace", "rename", "unlink", "mkdir", "link"):
            use(patch.object(os, name, around(getattr(os, name))))
        yield
