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
    decision TEXT,
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

TABLES = (_JOBS, _CHANGES, _UPLOADS)
