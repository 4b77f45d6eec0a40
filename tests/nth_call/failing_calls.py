# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the n-th call of a kind fail: `KINDS` has a function for each, which replaces the real calls.

Calls on files fail only below the folder of the run, so that the test itself goes on.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch


class FailingCall:
    """Counts calls and raises the error at call number `number`, or with `for_good` from it on."""

    def __init__(self, root: Path, number: int, *, for_good: bool) -> None:
        self.count = 0
        self._root = str(root)
        self._number = number
        self._for_good = for_good
        self._lock = threading.Lock()  # downloads have threads of their own

    @property
    def has_failed(self) -> bool:
        """Whether there were calls enough."""
        return self.count >= self._number

    def __call__(self, error: Exception) -> None:
        """Count a call; raise the error if it is its turn."""
        with self._lock:
            self.count += 1
            count = self.count
        if count == self._number or (self._for_good and count > self._number):
            raise error

    def is_below(self, path: object) -> bool:
        """Return whether a path lies in the folder of the run."""
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self._root)


def _os_error(number: int, path: object = None) -> OSError:
    return OSError(number, os.strerror(number), None if path is None else str(path))


# -- files

_open, _os_open = builtins.open, os.open
_connect = sqlite3.connect


def _opened(path: Any, mode: str, buffering: int, file: io.FileIO, more: tuple[Any, ...]) -> Any:
    """Return the layers that `open` puts on a raw file."""
    if "+" in mode:
        layered: Any = io.BufferedRandom(file)
    elif "r" in mode:
        layered = io.BufferedReader(file)
    else:
        layered = io.BufferedWriter(file)
    if "b" in mode:
        return file if buffering == 0 else layered
    return io.TextIOWrapper(layered, *more)


def _failing_writes(fail: FailingCall) -> Iterator[Any]:
    """Yield replacements after which writes to files fail: the disk is full."""

    class File(io.FileIO):
        def write(self, data: Any) -> int:
            fail(_os_error(errno.ENOSPC))
            return super().write(data)

    def open_file(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not fail.is_below(file) or not set(mode) & set("wax+"):
            return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = File(file, mode.replace("t", "").replace("b", ""), closefd, opener)
        more = (encoding or ("utf-8" if "b" not in mode else None), errors, newline)
        return _opened(file, mode, buffering, raw, more)

    yield patch.object(builtins, "open", open_file)
    yield patch.object(io, "open", open_file)
    yield patch.object(shutil, "_USE_CP_SENDFILE", False)  # which would bypass `write`


def _failing_opens(fail: FailingCall) -> Iterator[Any]:
    """Yield replacements after which files and folders cannot be opened: too many are open."""

    def around(real: Callable[..., Any]) -> Callable[..., Any]:
        def open_file(path: Any, *arguments: Any, **more: Any) -> Any:
            if fail.is_below(path):
                fail(_os_error(errno.EMFILE, path))
            return real(path, *arguments, **more)

        return open_file

    yield patch.object(builtins, "open", around(_open))
    yield patch.object(io, "open", around(_open))
    yield patch.object(os, "open", around(_os_open))


def _failing_calls_of_os(fail: FailingCall, names: tuple[str, ...], number: int) -> Iterator[Any]:
    def around(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *arguments: Any, **more: Any) -> Any:
            fail(_os_error(number, first if isinstance(first, str | os.PathLike) else None))
            return real(first, *arguments, **more)

        return call

    for name in names:
        yield patch.object(os, name, around(getattr(os, name)))


def _failing_syncs(fail: FailingCall) -> Iterator[Any]:
    """Yield replacements after which syncs fail."""
    return _failing_calls_of_os(fail, ("fsync",), errno.EIO)


def _failing_renames(fail: FailingCall) -> Iterator[Any]:
    """Yield replacements after which files get no other names."""
    return _failing_calls_of_os(fail, ("replace", "rename", "link"), errno.EACCES)


# -- the journal

_WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "BEGIN")


def _database_error(code: int, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


def _failing_journal_writes(fail: FailingCall) -> Iterator[Any]:
    """Yield replacements after which statements that write fail, commits included."""

    class Connection(sqlite3.Connection):
        def execute(self, query: str, values: Any = ()) -> sqlite3.Cursor:
            if query.lstrip().startswith(_WRITES):
                fail(_database_error(sqlite3.SQLITE_IOERR, "disk I/O error"))
            return super().execute(query, values)

    def connect(path: Any, **more: Any) -> sqlite3.Connection:
        return _connect(path, factory=Connection, **more)

    yield patch.object(sqlite3, "connect", connect)


def _failing_journal_opens(fail: FailingCall) -> Iterator[Any]:
    """Yield replacements after which the journal cannot be opened."""

    def connect(path: Any, **more: Any) -> sqlite3.Connection:
        fail(_database_error(sqlite3.SQLITE_CANTOPEN, "unable to open database file"))
        return _connect(path, **more)

    yield patch.object(sqlite3, "connect", connect)


# -- sockets


def _failing_connects(fail: FailingCall) -> Iterator[Any]:
    """Yield replacements after which connections are refused."""

    def connect(self: socket.socket, address: Any) -> None:
        fail(ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)))
        super(socket.socket, self).connect(address)

    yield patch.object(socket.socket, "connect", connect, create=True)


def _failing_reads(fail: FailingCall) -> Iterator[Any]:
    """Yield replacements after which connections are reset while an answer is read."""

    def recv_into(self: socket.socket, *arguments: Any) -> int:
        count = super(socket.socket, self).recv_into(*arguments)
        # a socket that has nothing yet raises BlockingIOError above, and is read again
        fail(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))
        return count

    yield patch.object(socket.socket, "recv_into", recv_into, create=True)


KINDS: dict[str, Callable[[FailingCall], Iterator[Any]]] = {
    "write": _failing_writes,
    "fsync": _failing_syncs,
    "rename": _failing_renames,
    "open": _failing_opens,
    "connect": _failing_connects,
    "read": _failing_reads,
    "journal write": _failing_journal_writes,
    "journal open": _failing_journal_opens,
}


@contextmanager
def failing(kind: str, fail: FailingCall) -> Iterator[None]:
    """Let calls of this kind fail while inside."""
    with ExitStack() as stack:
        for replacement in KINDS[kind](fail):
            stack.enter_context(replacement)
        yield
