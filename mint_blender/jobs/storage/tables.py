# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of jobs, of their changes, of their phases, and of uploaded pictures.

Some columns of a job repeat what its record says, so that no record has to be read where many jobs
are asked about. They are written in the same commit.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ...mint.account import Owner
from ..database import Database
from ..job import Job, asset_of
from ..paid_requests.journal_id import NOW
from ..paid_requests.table import note_cost
from ..phases import Phase


class Spent(NamedTuple):
    """How many jobs counted in a time, their Credits, and how many succeeded or failed."""

    jobs: int = 0
    credits: float = 0.0
    done: int = 0
    failed: int = 0


VERSION = 1
"""The version of all tables of a journal: it is raised with every change of them."""
Time = tuple[float, float]
"""Begin and end, in seconds since the epoch."""
_SUCCESSFUL = (Phase.FETCHING, Phase.READY, Phase.PLACED)
"""The phases of the jobs that the Usage section counts as successful."""
_LAST = 1e15  # seconds since the epoch: no number of a damaged record leaves SQLite's range

# `asset` is the Model or World that the job is about, `line` its line of a batch: texts are stored
# as bytes, since a path or an id may be no valid Unicode.
_JOBS = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    kind TEXT NOT NULL,
    phase TEXT NOT NULL,
    record TEXT NOT NULL,
    cancel INTEGER NOT NULL DEFAULT 0,
    client_request TEXT,
    process TEXT,
    dismissed INTEGER NOT NULL DEFAULT 0,
    origin TEXT NOT NULL DEFAULT '',
    account TEXT NOT NULL DEFAULT '',
    asset BLOB,
    line BLOB
) STRICT
"""
# The latest change of each job has the largest serial: a reader then reads only what is new.
_CHANGES = (
    "CREATE TABLE IF NOT EXISTS changes (serial INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT"
    " NULL UNIQUE) STRICT"
)
# The URL of each uploaded picture (by the SHA-256 of its bytes), per API and account, since when
# (seconds since the epoch).
_UPLOADS = """
CREATE TABLE IF NOT EXISTS uploads (
    digest TEXT NOT NULL,
    origin TEXT NOT NULL,
    account TEXT NOT NULL,
    url TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (digest, origin, account)
) STRICT
"""

# Nothing is left to do for an ended job, and most jobs are ended. Each condition has to stand in a
# query word for word, or SQLite does not use the index.
OPEN = "NOT dismissed AND phase NOT IN ('placed', 'canceled', 'failed')"
ENDED = "NOT dismissed AND phase IN ('placed', 'canceled', 'failed')"
DRIVEN = "process IS NOT NULL"
UNREADABLE = "json_valid(record) = 0"
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS listed_jobs ON jobs (created_at DESC, id) WHERE NOT dismissed",
    f"CREATE INDEX IF NOT EXISTS open_jobs ON jobs (created_at DESC, id) WHERE {OPEN}",
    f"CREATE INDEX IF NOT EXISTS ended_jobs ON jobs (created_at DESC, id) WHERE {ENDED}",
    f"CREATE INDEX IF NOT EXISTS driven_jobs ON jobs (process) WHERE {DRIVEN}",
    "CREATE UNIQUE INDEX IF NOT EXISTS jobs_by_client_request ON jobs (client_request)",
    "CREATE INDEX IF NOT EXISTS jobs_by_phase ON jobs (phase, kind)",
    f"CREATE INDEX IF NOT EXISTS unreadable_jobs ON jobs (id) WHERE {UNREADABLE}",
    "CREATE INDEX IF NOT EXISTS jobs_by_asset ON jobs (asset) WHERE asset IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS jobs_by_line ON jobs (line) WHERE line IS NOT NULL",
)

# When each job entered which phase: it only grows.
_MOVES = (
    "CREATE TABLE IF NOT EXISTS moves (job TEXT NOT NULL, phase TEXT NOT NULL, at REAL NOT NULL)"
    " STRICT",
    "CREATE INDEX IF NOT EXISTS moves_of_jobs ON moves (job)",
)

TABLES = (_JOBS, _CHANGES, _UPLOADS, *_INDEXES, *_MOVES)


def note_content(database: Database, job: Job, *, is_dismissed: bool, **more: object) -> None:
    """Write what a job is about to its row, and what it costs to those of its requests.

    `job` has its requests as they are in the journal. `more` are other columns of its row. What is
    dismissed is not sent any more: it counts when it was ordered.
    """
    for attempt in job.attempts:
        at = attempt.arose_at
        if at is None and is_dismissed:
            at = attempt.first.born
        at = NOW if at is None else float(min(max(at, 0.0), _LAST))
        note_cost(database, attempt.first.key, attempt.cost, at)
    asset = asset_of(job)
    line = job.delivery.line
    more["asset"] = None if asset is None else stored(asset)
    more["line"] = None if line is None else stored(line)
    update_job(database, job.id, **more)


def update_job(database: Database, job_id: str, **columns: object) -> None:
    """Write some columns of a job."""
    marks = ", ".join(f"{name} = ?" for name in columns)
    database.rows(f"UPDATE jobs SET {marks} WHERE id = ?", *columns.values(), job_id)  # noqa: S608 - our columns


def spent(database: Database, times: Sequence[Time], now: float) -> list[tuple[int, Owner, Spent]]:
    """Return the costs of each owner in each of these times, by its place; `now` is Mint's time."""
    ranges: list[tuple[int, float, float]] = []
    for place, (begin, end) in enumerate(times):
        ranges.append((place, begin, end))
        if begin <= now < end:
            ranges.append((place, NOW, NOW + 0.5))
    marks = ", ".join(["(?, ?, ?)"] * len(ranges))
    done = ", ".join(f"'{phase}'" for phase in sorted(_SUCCESSFUL))
    query = (
        f"WITH times (place, begin, until) AS (VALUES {marks}),"  # noqa: S608 - marks and our words
        " of_jobs (place, job, cost) AS (SELECT place, job, sum(cost) FROM times CROSS JOIN"
        " paid_requests ON arose_at >= begin AND arose_at < until GROUP BY place, job)"
        " SELECT place, origin, account, count(*), sum(cost),"
        f" sum(phase IN ({done})), sum(phase = 'failed')"
        " FROM of_jobs JOIN jobs ON jobs.id = job GROUP BY place, origin, account"
    )
    rows = database.rows(query, *itertools.chain(*ranges))
    return [(place, Owner(*row[:2]), Spent(*row[2:])) for place, *row in rows]


def stored(text: str) -> bytes:
    """Return a text as it is stored."""
    return text.encode("utf-8", "surrogatepass")


def range_of(start: str) -> tuple[bytes, bytes]:
    """Return the least stored text that begins like this, and one that is above all of them."""
    beginning = stored(start)
    return beginning, beginning + b"\xff"


Moves = dict[str, list[tuple[Phase, float]]]
"""By job: the phases that it entered, in order, with the time in seconds since the epoch."""

_PHASES = frozenset(phase.value for phase in Phase)
_MOST_IDS = 500
"""Most ids in one statement; for more, reading the whole table is as fast."""


def note_move(database: Database, job_id: str, phase: Phase) -> None:
    """Store that a job enters a phase now."""
    database.rows("INSERT INTO moves VALUES (?, ?, ?)", job_id, phase.value, time.time())


def read_moves(database: Database, job_ids: Collection[str]) -> Moves:
    """Return the moves of these jobs."""
    moves: Moves = {job_id: [] for job_id in job_ids}
    clause = ""
    some: tuple[str, ...] = ()
    if len(job_ids) <= _MOST_IDS:
        some = tuple(job_ids)
        clause = f"WHERE job IN ({', '.join('?' * len(some))})"
    query = f"SELECT job, phase, at FROM moves {clause} ORDER BY rowid"  # noqa: S608 - marks only
    for job_id, phase, at in database.rows(query, *some):
        if phase in _PHASES and job_id in moves:
            moves[job_id].append((Phase(phase), at))
    return moves


class UploadCache:
    """The table of uploads."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def url(self, digest: str, owner: Owner, *, since: float = 0.0) -> str | None:
        """Return the URL of a picture that was uploaded for this account after `since`, or None.

        `digest` is the SHA-256 of its bytes; `since` is in seconds since the epoch.
        """
        query = (
            "SELECT url FROM uploads WHERE digest = ? AND origin = ? AND account = ? AND at >= ?"
        )
        found = self._db.row(query, digest, owner.origin, owner.account, since)
        return str(found[0]) if found else None

    def add(self, digest: str, owner: Owner, url: str) -> None:
        """Store the URL of an uploaded picture."""
        self._db.rows(
            "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?)",
            digest,
            owner.origin,
            owner.account,
            url,
            time.time(),
        )
