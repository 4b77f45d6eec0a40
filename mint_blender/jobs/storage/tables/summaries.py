# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked about many jobs at once: a row for each job, so that no record has to be read.

A summary is written in the same commit as its job, with the serial of that change. What changes a
paid request alone writes none. Such changes have larger serials than any summary: this is how they
are found, and summarized later. A journal of an older version is filled in the same way.

The table `spending` has the sums of the costs, so that a total takes as long with any number of
jobs. Each row is for a quarter of an hour: in every time zone, a day begins with one of them. The
addresses of uploaded pictures are kept here, too, by a hash of their bytes.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ....mint.account import Owner
from ...budget import spending
from ...budget.spending import SpendingEntry
from ...job import Job, asset_of
from ..database import Database

SLOT = 900  # seconds
NOW = -1
"""The slot of what is still to be sent: it costs whenever it is sent."""
Time = tuple[float, float]
"""Begin and end, in seconds since the epoch."""
_LAST = 1e15  # seconds since the epoch: no number of a damaged record leaves SQLite's range

TABLES = (
    # Texts are stored as bytes: a path or an id may be no valid Unicode.
    """
    CREATE TABLE IF NOT EXISTS summaries (
        job TEXT PRIMARY KEY,
        is_readable INTEGER NOT NULL,
        asset BLOB,
        line BLOB,
        slot INTEGER,
        origin TEXT,
        account TEXT,
        credits REAL,
        done INTEGER,
        failed INTEGER,
        optimization REAL,
        created_at REAL,
        serial INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS summaries_by_serial ON summaries (serial)",
    "CREATE INDEX IF NOT EXISTS unreadable ON summaries (job) WHERE NOT is_readable",
    "CREATE INDEX IF NOT EXISTS assets ON summaries (asset) WHERE asset IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS lines ON summaries (line) WHERE line IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS optimizations ON summaries"
    " (origin, account, created_at, optimization) WHERE optimization IS NOT NULL",
    """
    CREATE TABLE IF NOT EXISTS spending (
        slot INTEGER NOT NULL,
        origin TEXT NOT NULL,
        account TEXT NOT NULL,
        count INTEGER NOT NULL,
        credits REAL NOT NULL,
        done INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        PRIMARY KEY (slot, origin, account)
    ) STRICT, WITHOUT ROWID
    """,
)


@dataclass(frozen=True)
class Summary:
    """The columns of a row, in order, without the serial. `slot` is None for what costs nothing."""

    job: str
    is_readable: bool = False
    asset: bytes | None = None
    line: bytes | None = None
    slot: int | None = None
    origin: str = ""
    account: str = ""
    credits: float = 0.0
    done: int = 0
    failed: int = 0
    optimization: float | None = None
    created_at: float | None = None


def of_job(job: Job, *, dismissed: bool) -> Summary:
    """Return the summary of a job with its decision and owner, as they are in the journal.

    What is dismissed without a decision is not sent any more: it counts when it was created.
    """
    owner, asset, line = job.owner or Owner("", ""), asset_of(job), job.delivery.line
    if not _is_text(owner.origin + owner.account):
        return Summary(job.id)
    entry = spending.entry(job, job.created_at)
    is_now = spending.arises_now(job) and not (dismissed and job.decision is None)
    return Summary(
        job.id,
        is_readable=True,
        asset=None if asset is None else stored(asset),
        line=None if line is None else stored(line),
        slot=None if entry is None else NOW if is_now else _slot(entry.at),
        origin=owner.origin,
        account=owner.account,
        credits=entry.credits if entry else 0.0,
        done=entry.done if entry else 0,
        failed=entry.failed if entry else 0,
        optimization=spending.paid_for_optimizing(job),
        created_at=job.created_at,
    )


def write(database: Database, summary: Summary, serial: int) -> None:
    """Store a summary in place of an earlier one, and correct the sums."""
    found = database.row("SELECT * FROM summaries WHERE job = ?", summary.job)
    before = Summary(*found[:-1]) if found else Summary(summary.job)
    if found and before == summary:
        touch(database, summary.job, serial)
        return
    _add(database, before, -1)
    _add(database, summary, 1)
    values = vars(summary).values()
    database.rows(
        "INSERT OR REPLACE INTO summaries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *values,
        serial,
    )


def touch(database: Database, job_id: str, serial: int) -> None:
    """Note that the summary of a job is still right after a change."""
    database.rows("UPDATE summaries SET serial = ? WHERE job = ?", serial, job_id)


def outdated(database: Database) -> list[str]:
    """Return the jobs that have changed since their summary was written, or have none."""
    query = (
        "SELECT job FROM changes JOIN jobs ON id = job"
        " WHERE changes.serial > (SELECT coalesce(max(serial), 0) FROM summaries)"
    )
    return [job_id for (job_id,) in database.rows(query) if _is_text(job_id)]


def unreadable(database: Database) -> list[str]:
    """Return the jobs whose record could not be read."""
    return [
        job_id for (job_id,) in database.rows("SELECT job FROM summaries WHERE NOT is_readable")
    ]


def is_waiting(database: Database, job_id: str) -> bool:
    """Return whether the cost of a job counts as of now."""
    return (
        database.row("SELECT 1 FROM summaries WHERE job = ? AND slot = ?", job_id, NOW) is not None
    )


def spent(
    database: Database, times: Sequence[Time], now: float
) -> list[tuple[Owner, SpendingEntry]]:
    """Return the costs of each owner in each of these times; `now` is Mint's time."""
    ranges: list[tuple[float, int, int]] = []  # with the middle of each time
    for begin, end in times:
        ranges.append(((begin + end) / 2, _slot(begin), math.ceil(end / SLOT)))
        if begin <= now < end:
            ranges.append(((begin + end) / 2, NOW, NOW + 1))
    marks = ", ".join(["(?, ?, ?)"] * len(ranges))
    query = (
        f"WITH times (middle, begin, until) AS (VALUES {marks})"  # noqa: S608 - marks only
        " SELECT origin, account, middle, sum(credits), sum(done), sum(failed), sum(count)"
        " FROM times CROSS JOIN spending ON slot >= begin AND slot < until"
        " GROUP BY middle, origin, account"
    )
    rows = database.rows(query, *itertools.chain(*ranges))
    return [(Owner(origin, account), SpendingEntry(*sums)) for origin, account, *sums in rows]


def optimizations(database: Database) -> list[tuple[Owner, float]]:
    """Return what the latest optimization of each owner has cost."""
    rows = database.rows(
        "SELECT origin, account, optimization, max(created_at) FROM summaries"
        " WHERE optimization IS NOT NULL GROUP BY origin, account ORDER BY max(created_at) DESC"
    )
    return [(Owner(origin, account), credits) for origin, account, credits, _ in rows]


def assets(database: Database, exclude: str) -> frozenset[str]:
    """Return the ids of the assets of all jobs but this one."""
    query = "SELECT DISTINCT asset FROM summaries WHERE asset IS NOT NULL AND job != ?"
    return frozenset(
        asset.decode("utf-8", "surrogatepass") for (asset,) in database.rows(query, exclude)
    )


def range_of(start: str) -> tuple[bytes, bytes]:
    """Return the least stored text that begins like this, and one that is above all of them."""
    beginning = stored(start)
    return beginning, beginning + b"\xff"


def _add(database: Database, summary: Summary, sign: int) -> None:
    if summary.slot is None:
        return
    key = summary.slot, summary.origin, summary.account
    database.rows(
        "INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " count = count + excluded.count, credits = credits + excluded.credits,"
        " done = done + excluded.done, failed = failed + excluded.failed",
        *key,
        sign,
        sign * (summary.credits or 0.0),  # a damaged row may have none
        sign * (summary.done or 0),
        sign * (summary.failed or 0),
    )
    # so that no rounding error outlives the jobs
    database.rows(
        "DELETE FROM spending WHERE slot = ? AND origin = ? AND account = ? AND count = 0", *key
    )


def _slot(at: float) -> int:
    return int(min(max(at, 0.0), _LAST) // SLOT)


def _is_text(text: str) -> bool:
    """Return whether SQLite can store a text, which it cannot if the file is damaged."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def stored(text: str) -> bytes:
    """Return a text as it is stored."""
    return text.encode("utf-8", "surrogatepass")


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
