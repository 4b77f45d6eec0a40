# SPDX-License-Identifier: GPL-3.0-or-later
"""When each job entered which phase: a table of the journal that only grows."""

from __future__ import annotations

import time
from collections.abc import Collection

from ...phases import Phase
from ..database import Database

Moves = dict[str, list[tuple[Phase, float]]]
"""By job: the phases that it entered, in order, with the time in seconds since the epoch."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS moves (job TEXT NOT NULL, phase TEXT NOT NULL, at REAL NOT NULL)"
    " STRICT",
    "CREATE INDEX IF NOT EXISTS moves_of_jobs ON moves (job)",
)

_PHASES = frozenset(phase.value for phase in Phase)
_MOST_IDS = 500
"""Most ids in one statement; for more, reading the whole table is as fast."""


def note(database: Database, job_id: str, phase: Phase) -> None:
    """Store that a job enters a phase now."""
    database.rows("INSERT INTO moves VALUES (?, ?, ?)", job_id, phase.value, time.time())


def read(database: Database, job_ids: Collection[str] | None) -> Moves:
    """Return the moves of these jobs; with None, of all jobs that have any."""
    found: Moves = {job_id: [] for job_id in job_ids or ()}
    for job_id, phase, at in _rows(database, job_ids):
        if phase in _PHASES and (job_ids is None or job_id in found):
            found.setdefault(job_id, []).append((Phase(phase), at))
    return found


def _rows(database: Database, job_ids: Collection[str] | None) -> list[tuple[str, str, float]]:
    if job_ids is None or len(job_ids) > _MOST_IDS:
        return database.rows("SELECT job, phase, at FROM moves ORDER BY rowid")
    marks = ", ".join("?" * len(job_ids))
    return database.rows(
        f"SELECT job, phase, at FROM moves WHERE job IN ({marks}) ORDER BY rowid",  # noqa: S608 - marks only
        *job_ids,
    )
