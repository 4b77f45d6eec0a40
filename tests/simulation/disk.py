# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk as the simulation needs it: a process may die at any write, and the disk may be full.

Everything real stays real (SQLite, locks, files); only what waits for the hardware is left out.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from mint_blender.files.partial_download import PartFile
from mint_blender.jobs.storage import batch_ledger, database
from mint_blender.jobs.storage.job_locks import ProcessLock

WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "BEGIN")
NEEDS_SPACE = ("INSERT", "UPDATE", "COMMIT")


class Killed(BaseException):
    """The running process was killed: nothing of it may happen any more."""


class Disk:
    """Where processes die, and whether there is space.

    `boundary` is called before and after everything that leaves a trace outside the process; it
    raises Killed where the process dies. `opened` is told of what a dead process leaves open.
    """

    def __init__(self) -> None:
        self.is_full = False
        self.boundary: Callable[[], None] = lambda: None
        self.opened: Callable[[sqlite3.Connection | ProcessLock], None] = lambda opened: None

    def check_space(self) -> None:
        """Raise OSError if the disk is full."""
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def connect(self, path: Any, **more: Any) -> sqlite3.Connection:
        """Open a database whose writes this disk controls."""
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, query: str, values: Any = ()) -> sqlite3.Cursor:
                word = query.lstrip()[:6]
                if not word.startswith(WRITES):
                    return super().execute(query, values)
                disk.boundary()
                if disk.is_full and word.startswith(NEEDS_SPACE):
                    error = sqlite3.OperationalError("database or disk is full")
                    error.sqlite_errorcode = sqlite3.SQLITE_FULL
                    raise error
                found = super().execute(query, values)
                disk.boundary()
                return found

        connection = _connect(path, factory=Connection, **more)
        self.opened(connection)
        return connection

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


_connect = sqlite3.connect
_open_part = PartFile.open
_append = batch_ledger._append
_init_lock = ProcessLock.__init__


def _choose_mode(connection: sqlite3.Connection, folder: Any) -> str:
    """Use no log and no sync: a process that dies here leaves the operating system alive."""
    mode = connection.execute("PRAGMA journal_mode = MEMORY").fetchone()[0]
    connection.execute("PRAGMA synchronous = OFF")
    return str(mode)


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
