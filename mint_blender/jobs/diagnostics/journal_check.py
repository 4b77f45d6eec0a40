# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the journal without changing it: is it intact, and what do its jobs say?"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..job import Job
from ..paid_requests.record import PaidRequest
from ..paid_requests.table_check import COLUMNS, check_table
from ..phases import ENDED, Phase
from ..storage.database import check_version, journal_error
from ..storage.journal import journal_file
from ..storage.migrations import VERSION
from ..storage.serialization import load
from ..storage.tables import OPEN

NEWEST = 20
"""How many of the latest problems are read."""


@dataclass(frozen=True)
class JournalContent:
    """What an intact journal holds."""

    phases: Counter[str]
    """How many jobs on the list are in each phase."""
    open_jobs: tuple[Job, ...]
    problems: tuple[Job, ...]
    """The latest jobs that stopped with a problem, newest first."""
    unreadable: int
    """How many jobs cannot be read: damaged, or from a newer version."""
    wrong_jobs: tuple[str, ...] = ()
    """The jobs with a paid request whose record cannot be right."""


def read(home: Path) -> JournalContent | None:
    """Return what the journal in this folder holds; None if there is none yet.

    Raises:
        JournalError: It is damaged, from a newer version, or cannot be read.
    """
    path = journal_file(home)
    if not os.path.exists(path):  # noqa: PTH110 - False where Path.exists raises
        return None
    try:
        with closing(_open(path)) as database:
            _check(database, path)
            return _content(database)
    except (sqlite3.Error, UnicodeError) as error:
        raise journal_error(path, error) from error


def _open(path: Path) -> sqlite3.Connection:
    """Open the file for reading only.

    Without a write-ahead log nobody uses it: SQLite is told so, or it would create that log.
    """
    is_in_use = path.with_name(f"{path.name}-wal").exists()
    mode = "mode=ro" if is_in_use else "mode=ro&immutable=1"
    database = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=10.0)
    database.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    ((version,),) = database.execute("PRAGMA user_version").fetchall()
    check_version(version, VERSION, path)
    ((verdict,),) = database.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        damage = sqlite3.DatabaseError(str(verdict).partition("\n")[0])
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage


def _content(database: sqlite3.Connection) -> JournalContent:
    query = "SELECT phase, count(*) FROM jobs WHERE NOT dismissed GROUP BY phase"
    phases = Counter(dict(database.execute(query).fetchall()))
    found = list(_jobs(database))
    jobs = [job for job in found if job is not None]
    return JournalContent(
        phases,
        open_jobs=tuple(job for job in jobs if job.phase not in ENDED),
        problems=tuple(job for job in jobs if job.problem is not None)[:NEWEST],
        unreadable=found.count(None),
        wrong_jobs=_wrong_jobs(database),
    )


def _wrong_jobs(database: sqlite3.Connection) -> tuple[str, ...]:
    """Return the jobs whose paid requests break a rule; a journal of before has no records."""
    query = "SELECT 1 FROM sqlite_master WHERE name = 'paid_requests'"
    if not database.execute(query).fetchall():
        return ()
    query = f"SELECT {', '.join(COLUMNS)} FROM paid_requests"  # noqa: S608 - our names
    rows = [PaidRequest(*row) for row in database.execute(query).fetchall()]
    wrong = {fault.key for fault in check_table(rows)}
    return tuple(dict.fromkeys(row.job for row in rows if row.key in wrong))


def _jobs(database: sqlite3.Connection) -> Iterator[Job | None]:
    """Yield the open and the failed jobs on the list, newest first; None for an unreadable one."""
    rows: list[tuple[Any, ...]] = database.execute(
        "SELECT record, phase FROM jobs"  # noqa: S608 - our constant
        f" WHERE ({OPEN}) OR (NOT dismissed AND phase = 'failed')"
        " ORDER BY created_at DESC, id LIMIT 1000"
    ).fetchall()
    for record, phase in rows:
        try:
            yield load(record, Phase(phase))
        except Exception:  # noqa: BLE001 - a damaged record concerns its job alone
            yield None
