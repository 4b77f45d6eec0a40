# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk as the simulation needs it: a process may die at any write, and the disk may be full.

Everything real stays real (SQLite, locks, files), and only what waits for the hardware is left out.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from mint_blender.files.download_folder import PartFile
from mint_blender.jobs import database
from mint_blender.jobs.batch_folder import line_files
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
    `writes` counts the statements that may have changed a journal. `device` is the number of the
    device; 0: that which it really has.
    """

    def __init__(self) -> None:
        self.is_full = False
        self.device = 0
        self.writes = 0
        self.boundary: Callable[[], None] = lambda: None
        self.opened: Callable[[Connection | ProcessLock], None] = lambda opened: None

    def check_space(self) -> None:
        """Raise OSError if the disk is full."""
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def connect(self, path: Any, **more: Any) -> Connection:
        """Open a database whose writes this disk controls."""
        connection = _connect(path, factory=Connection, **more)
        connection.disk = self
        self.opened(connection)
        return connection

    def stat(self, *values: Any, **more: Any) -> os.stat_result:
        """Return what the system says about a file, and the number that its device has now."""
        found: Any = _stat(*values, **more)
        if not self.device:
            return found
        _, (members, others) = found.__reduce__()
        return os.stat_result((*members[:2], self.device, *members[3:]), others)

    def release(self, lock: ProcessLock) -> None:
        """Release the lock of a dead process, as the system does."""
        lock._handle.close()

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


_stat = os.stat


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


class Connection(sqlite3.Connection):
    """A connection to a journal."""

    disk: Disk

    def execute(self, query: str, values: Any = (), /) -> Any:
        """Execute a statement; die before or after it if it writes."""
        writes, needs_space, changes = _kind(query)
        if not writes:
            return Rows(super().execute(query, values))
        disk = self.disk
        disk.boundary()
        if disk.is_full and needs_space:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        found = Rows(super().execute(query, values))
        disk.writes += changes
        disk.boundary()
        return found


_init_lock = ProcessLock.__init__
_connect = sqlite3.connect
_open_part = PartFile.open
_create = line_files._create


@contextmanager
def simulated_disk(disk: Disk) -> Iterator[None]:
    """Let the product use this disk."""

    def lock(self: ProcessLock, home: Any) -> None:
        try:
            disk.check_space()
        except OSError as error:
            raise database.journal_error(home, error) from error
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
        use(patch.object(os, "stat", lambda *values, **more: disk.stat(*values, **more)))
        yield
