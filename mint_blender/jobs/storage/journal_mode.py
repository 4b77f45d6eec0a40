# SPDX-License-Identifier: GPL-3.0-or-later
"""How SQLite keeps the journal from being torn: a write-ahead log on this machine, a rollback
journal in a folder on a network.

The write-ahead log needs memory that all processes share; over a network there is none, and the
file would be damaged.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ...files import filesystem


class UnsafeMode(Exception):
    """The journal lies on a network, and another program keeps it in a mode that is not safe there."""  # noqa: E501


def choose(database: sqlite3.Connection, folder: Path) -> str:
    """Set the mode that is safe for this folder; returns the one that SQLite has really set.

    Raises UnsafeMode, sqlite3.Error.
    """
    is_local = filesystem.is_local(folder)
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
