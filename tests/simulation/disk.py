# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk as the simulation needs it: a process may die at any write, and the disk may be full.

Everything real stays real (SQLite, locks, files), and only what waits for the hardware is left out.
With `in_memory`, so are the system calls of journals and locks, which take most of the time.
"""

from __future__ import annotations

import errno
import io
import itertools
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, lru_cache
from typing import Any
from unittest.mock import patch

from mint_blender.files import disk as files_on_disk
from mint_blender.files import file_identity
from mint_blender.files.download_folder import PartFile
from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.paid_requests import table
from mint_blender.jobs.storage import database, journal, serialization
from mint_blender.jobs.storage.job_locks import ProcessLock

WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "BEGIN")
NEEDS_SPACE = ("INSERT", "UPDATE", "COMMIT")
CHANGES = ("INSERT", "UPDATE", "DELETE")


@cache
def _kind(query: str) -> tuple[bool, bool, bool]:
    """Return whether a process may die at a statement, whether it takes space, and changes rows."""
    word = query.lstrip()
    return word.startswith(WRITES), word.startswith(NEEDS_SPACE), word.startswith(CHANGES)


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
        self._unused: dict[str, list[sqlite3.Connection]] = {}
        self.boundary: Callable[[], None] = lambda: None
        self.opened: Callable[[Connection | ProcessLock], None] = lambda opened: None

    def check_space(self) -> None:
        """Raise OSError if the disk is full."""
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def connect(self, path: Any, **more: Any) -> Connection:
        """Open a database whose writes this disk controls."""
        if self.is_in_memory:
            address = self._shared(path)
            unused = self._unused.setdefault(address, [])
            real = unused.pop() if unused else _open_in_memory(address, **more)
            connection = Connection(real, self, unused)
        else:
            connection = Connection(_connect(path, **more), self, None)
        self.opened(connection)
        return connection

    def _shared(self, path: Any) -> str:
        """Return the address in memory of a database that several connections share."""
        number = self._numbers.setdefault(str(path), len(self._numbers))
        address = f"file:/{id(self)}-{number}?vfs=memdb"
        if address not in self._journals:  # one connection keeps what the others have written
            self._journals[address] = _open_in_memory(address)
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
        for connection in (*self._journals.values(), *itertools.chain(*self._unused.values())):
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

    def create(self, path: Any, data: dict[str, Any]) -> bool:
        """Create a file in the folder of a batch; a kill may leave it empty."""
        self.check_space()
        try:
            self.boundary()
        except Killed:
            if path.parent.is_dir() and not path.exists():
                path.touch()
            raise
        created = _create(path, data)
        self.boundary()
        return created


class Rows:
    """The rows of a query, all read at once: a cursor that a dead process holds would hold a lock."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._rows = cursor.fetchall()
        cursor.close()

    def fetchone(self) -> Any:
        """Return the first row, or None."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[Any]:
        """Return all rows."""
        return self._rows


class Connection:
    """What the product sees of a connection to SQLite.

    When it is closed, `unused` gets the real connection for the process that opens the database next:
    reading the tables of a new one takes longer than most of what is done with it.
    """

    def __init__(
        self, real: sqlite3.Connection, disk: Disk, unused: list[sqlite3.Connection] | None
    ) -> None:
        self._real: sqlite3.Connection | None = real
        self._execute = real.execute
        self._disk = disk
        self._unused = unused

    def _set_text_factory(self, factory: Callable[[bytes], str]) -> None:
        if self._real is not None:
            self._real.text_factory = factory

    text_factory = property(fset=_set_text_factory)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._real is not None and self._real.in_transaction

    def close(self) -> None:
        """Roll back an open transaction, and close the database."""
        real, self._real, self._execute = self._real, None, _refuse
        if real is None:
            return
        if self._unused is None:
            real.close()
            return
        if real.in_transaction:
            real.execute("ROLLBACK").fetchall()
        self._unused.append(real)

    def execute(self, query: str, values: Any = ()) -> Rows:
        """Execute a statement; die before or after it if it writes."""
        writes, needs_space, changes = _kind(query)
        if not writes:
            return Rows(self._execute(query, values))
        disk = self._disk
        disk.boundary()
        if disk.is_full and needs_space:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        found = Rows(self._execute(query, values))
        disk.writes += changes
        disk.boundary()
        return found


def _refuse(query: str, values: Any = ()) -> sqlite3.Cursor:
    raise sqlite3.ProgrammingError("Cannot operate on a closed database.")


def _open_in_memory(address: str, **more: Any) -> sqlite3.Connection:
    """Open a database without a log and a sync: a kill leaves the operating system alive."""
    connection = _connect(address, uri=True, **more)
    connection.execute("PRAGMA journal_mode = MEMORY").fetchall()
    connection.execute("PRAGMA synchronous = OFF").fetchall()
    return connection


_init_lock = ProcessLock.__init__
_connect = sqlite3.connect
_open_part = PartFile.open
_create = line_files._create


@contextmanager
def in_memory(disk: Disk) -> Iterator[None]:
    """Keep journals and process locks in memory. Inside `simulated_disk`."""

    def init(self: ProcessLock, home: Any) -> None:
        try:
            disk.check_space()
        except OSError as error:
            raise database.journal_error(home, error) from error
        disk.boundary()
        self._folder, self.name = home / "processes", uuid.uuid4().hex
        disk.locks.add(self.name)
        disk.opened(self)

    disk.is_in_memory = True
    with ExitStack() as stack:
        use = stack.enter_context
        stack.callback(disk.close)
        # a journal in memory has no file
        for module in (file_identity, table):
            use(patch.object(module, "identity", lambda path: f"file {path}"))
        # a pure function of the record, which each process would call for itself
        use(patch.object(journal, "load_row", lru_cache(2000)(serialization.load_row)))
        # the home is made once, and nobody changes its permissions
        for name in ("make_home", "make_file", "restrict"):
            use(patch.object(files_on_disk, name, cache(getattr(files_on_disk, name))))
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
        use(patch.object(database.Database, "choose_mode", lambda self: None))
        use(patch.object(PartFile, "open", lambda part: disk.open_part(part)))
        use(patch.object(line_files, "_create", disk.create))
        use(patch.object(ProcessLock, "__init__", lock))
        use(patch.object(os, "fsync", lambda handle: disk.boundary()))
        for name in ("replace", "rename", "unlink", "mkdir", "link"):
            use(patch.object(os, name, around(getattr(os, name))))
        yield
