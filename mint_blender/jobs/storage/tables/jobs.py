# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of jobs, of their changes, and of uploaded pictures."""

from __future__ import annotations

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
    account TEXT NOT NULL DEFAULT ''
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
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS listed_jobs ON jobs (created_at DESC, id) WHERE NOT dismissed",
    f"CREATE INDEX IF NOT EXISTS open_jobs ON jobs (created_at DESC, id) WHERE {OPEN}",
    f"CREATE INDEX IF NOT EXISTS ended_jobs ON jobs (created_at DESC, id) WHERE {ENDED}",
    f"CREATE INDEX IF NOT EXISTS driven_jobs ON jobs (process) WHERE {DRIVEN}",
    "CREATE UNIQUE INDEX IF NOT EXISTS jobs_by_client_request ON jobs (client_request)",
    "CREATE INDEX IF NOT EXISTS jobs_by_phase ON jobs (phase, kind)",
)

TABLES = (_JOBS, _CHANGES, _UPLOADS, *_INDEXES)
