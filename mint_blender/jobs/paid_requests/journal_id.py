# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell a journal from its copies, by an id that a copy does not keep.

What a copy knows about its requests may be old: the original may have sent them since. A file is a
copy if it is another one on the disk, or if fewer attempts were begun from it than a small file
beside it says: then somebody has put an earlier state in its place.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from ...files import disk
from ...files.file_identity import identity
from ..database import Database, journal_error

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS this_journal (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        id TEXT NOT NULL,
        file TEXT NOT NULL,
        attempts INTEGER NOT NULL
    ) STRICT
    """,
)
NOW = -1.0
"""When the cost of what is still to be sent counts: whenever that is."""
_NOTE_COPY = "UPDATE paid_requests SET copied = ? WHERE operation IS NULL AND closed IS NULL"
_COUNT_COPIED = (
    "UPDATE paid_requests SET arose_at = ?"
    " WHERE cost > 0 AND job IN (SELECT job FROM paid_requests WHERE copied = ?)"
)
_SELECT = "SELECT id, file, attempts FROM this_journal"


def attempts_file(journal: Path) -> Path:
    """Return the path of the file that says how many attempts were begun."""
    return journal.with_suffix(".attempts")


def recognize(database: Database) -> str:
    """Return the id of this journal: a new one if it is a copy.

    Raises:
        JournalError: The journal, or the file beside it, cannot be read or written.
    """
    path = database.path
    try:
        disk.restrict(attempts_file(path))
        file = identity(path)
        if (known := _known(database, file)) is not None:
            return known
        with database.transaction():
            if (known := _known(database, file)) is not None:
                return known  # another process was first
            counted = _read(path)
            row = database.row(_SELECT)
            attempts = max(counted or 0, row[2] if row else 0)
            made = os.urandom(16).hex()
            database.rows(
                "INSERT OR REPLACE INTO this_journal VALUES (1, ?, ?, ?)", made, file, attempts
            )
            now = time.time()  # until then, the original may have sent what is open
            database.rows(_NOTE_COPY, now)
            database.rows(_COUNT_COPIED, NOW, now)
            _write(path, attempts)
            return made
    except OSError as error:
        raise journal_error(path, error) from error


def count_attempt(database: Database) -> None:
    """Count another attempt, in the transaction that begins it."""
    database.rows("UPDATE this_journal SET attempts = attempts + 1")


def note_attempts(database: Database) -> None:
    """Write how many attempts were begun beside the journal, before anything of them is sent.

    Raises:
        JournalError: That is not possible.
    """
    try:
        with database.transaction():  # of two processes, the later one writes more
            row = database.row(_SELECT)
            _write(database.path, row[2] if row else 0)
    except OSError as error:
        raise journal_error(database.path, error) from error


def _known(database: Database, file: str) -> str | None:
    """Return the id that the journal has had before, if it is no copy."""
    counted = _read(database.path)  # before the row, which never says less
    row = database.row(_SELECT)
    is_same = row is not None and counted is not None and row[1] == file and row[2] >= counted
    return str(row[0]) if row is not None and is_same else None


def _read(journal: Path) -> int | None:
    """Return how many attempts were begun; None if nothing says it. Raises OSError."""
    try:
        return int(disk.read(attempts_file(journal)))
    except (FileNotFoundError, ValueError):
        return None


def _write(journal: Path, attempts: int) -> None:
    """Write how many attempts were begun. Raises OSError."""
    with disk.replacing(attempts_file(journal)) as part:
        disk.make_file(part)
        part.write_text(str(attempts), encoding="ascii")
    disk.sync_folder(journal.parent)
