# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the SQLite file under the journal, run transactions, and turn failures into JournalError."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from ...files import disk
from ...message import Message
from . import filesystem_type

_DEFAULT_ADVICE = Message(
    "Check the folder and the free space on its disk, or set MINT_BLENDER_HOME."
)
_ADVICE = {
    sqlite3.SQLITE_FULL: Message("The disk is full. Free some space, then try again."),
    sqlite3.SQLITE_BUSY: Message(
        "Another program is using it. Close that program, or try again in a moment."
    ),
    sqlite3.SQLITE_LOCKED: Message(
        "Another program is using it. Close that program, or try again in a moment."
    ),
    sqlite3.SQLITE_NOTADB: (
        Message(
            "It is damaged or not a journal. Do not delete it: move it to another folder, or"
            " set MINT_BLENDER_HOME."
        )
    ),
    sqlite3.SQLITE_CORRUPT: (
        Message(
            "It is damaged. Do not delete it: move it to another folder, or set MINT_BLENDER_HOME."
        )
    ),
    sqlite3.SQLITE_READONLY: Message(
        "Allow writing to it and its folder, or set MINT_BLENDER_HOME."
    ),
    sqlite3.SQLITE_PERM: Message("Allow writing to it and its folder, or set MINT_BLENDER_HOME."),
}
_ADVICE_BY_ERRNO = {
    errno.ENOSPC: _ADVICE[sqlite3.SQLITE_FULL],
    errno.EDQUOT: _ADVICE[sqlite3.SQLITE_FULL],
    errno.EACCES: _ADVICE[sqlite3.SQLITE_PERM],
    errno.EPERM: _ADVICE[sqlite3.SQLITE_PERM],
    errno.EROFS: _ADVICE[sqlite3.SQLITE_PERM],
}


Migration = Callable[["Database"], None]
"""Changes the tables of one version to those of the next."""


class JournalError(Exception):
    """The journal cannot be read or written. The message says where it is and what to do."""


def check_version(found: int, known: int, path: Path) -> None:
    """Raise JournalError if a file has a newer version than the one that is known here."""
    if found > known:
        raise JournalError(
            Message(
                "The job journal {path} was written by a newer version of this"
                " add-on. Update the add-on.",
                path=path,
            )
        )


def journal_error(path: Path, error: Exception, *, opening: bool = False) -> JournalError:
    """Return the error for a journal file that cannot be opened, read or written."""
    if isinstance(error, OSError):
        reason, advice = (
            error.strerror or str(error),
            _ADVICE_BY_ERRNO.get(error.errno or 0, _DEFAULT_ADVICE),
        )
    else:
        # The lower byte is the primary code; the others say more exactly where it happened.
        reason, advice = (
            str(error),
            _ADVICE.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF, _DEFAULT_ADVICE),
        )
    if opening:
        return JournalError(
            Message(
                "The job journal {path} cannot be opened ({reason}). {advice}",
                path=path,
                reason=reason,
                advice=advice,
            )
        )
    return JournalError(
        Message(
            "The job journal {path} cannot be read or written ({reason}). {advice}",
            path=path,
            reason=reason,
            advice=advice,
        )
    )


_text = partial(str, encoding="utf-8", errors="surrogateescape")


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

    def prepare(self, version: int, migrations: Mapping[int, Migration], *statements: str) -> None:
        """Create the tables, or bring those of an earlier version up to date in one transaction.

        `migrations` lead from each version to the next one. Closes the file if that fails.

        Raises:
            JournalError: That failed, or the file has a newer version.
        """
        try:
            ((found,),) = self.rows("PRAGMA user_version")
            check_version(found, version, self.path)
            self.choose_mode()
            with self.transaction():
                ((found,),) = self.rows(
                    "PRAGMA user_version"
                )  # another process may have come first
                for earlier in range(found, version) if found else ():
                    migrations[earlier](self)
                for statement in statements:
                    self.rows(statement)
                if found != version:  # a write makes every other reader look at the journal
                    self.rows(f"PRAGMA user_version = {version}")
        except BaseException:
            self.close()
            raise

    def choose_mode(self) -> None:
        """Use the journal mode of SQLite that is safe for this folder. Raises JournalError."""
        try:
            self.mode = choose_mode(self.connection, self.path.parent)
        except sqlite3.Error as error:
            raise journal_error(self.path, error) from error
        except UnsafeMode:
            raise JournalError(
                Message(
                    "The job journal {path} is on a network drive, and another program has it"
                    " open in a mode that is not safe there. Quit all other Blenders and Mint"
                    " commands that use it, then try again.",
                    path=self.path,
                )
            ) from None

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


class UnsafeMode(Exception):
    """The journal is on a network folder, and another program has it open in an unsafe mode."""


def choose_mode(database: sqlite3.Connection, folder: Path) -> str:
    """Set SQLite's journal mode that is safe for this folder; return the mode in use.

    A write-ahead log needs memory that all processes share. Over a network there is none, and the
    file would be damaged: there, a rollback journal is used.

    Raises:
        UnsafeMode: The mode in use is not safe for this folder.
        sqlite3.Error: The database cannot be read.
    """
    is_local = filesystem_type.is_local(folder)
    try:
        mode = _mode(database, " = WAL" if is_local else " = DELETE")
    except sqlite3.OperationalError:  # another process is using the file just now: its mode stays
        mode = _mode(database)
    if mode == "wal" and not is_local:
        raise UnsafeMode
    # A commit survives a power cut: it may stand for money. Without the log that takes one more
    # sync.
    database.execute(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")
    return mode


def _mode(database: sqlite3.Connection, change: str = "") -> str:
    return str(database.execute(f"PRAGMA journal_mode{change}").fetchone()[0]).lower()
