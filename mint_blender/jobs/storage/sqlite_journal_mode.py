# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose SQLite's journal mode: a write-ahead log, or a rollback journal on a network folder.

The write-ahead log needs memory that all processes share. Over a network there is none, and the
file would be damaged.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ...files import filesystem_type


class UnsafeMode(Exception):
    """The journal is on a network folder, and another program has it open in an unsafe mode."""


def choose(database: sqlite3.Connection, folder: Path) -> str:
    """Set the mode that is safe for this folder, and return the mode that SQLite has really set.

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
