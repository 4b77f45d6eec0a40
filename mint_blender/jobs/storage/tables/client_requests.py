# SPDX-License-Identifier: GPL-3.0-or-later
"""Which job each request of a program has started, by the id that the program gave it.

A program that repeats a request after a crash or a timeout gets the same job. The row is written in
the commit of the job.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..database import Database

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS client_requests (
        id TEXT PRIMARY KEY,
        job TEXT NOT NULL,
        content TEXT NOT NULL,
        quote TEXT NOT NULL,
        at REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS client_requests_of_jobs ON client_requests (job)",
)


@dataclass(frozen=True)
class ClientRequest:
    """A request of a program.

    Attributes:
        id: What the program calls it.
        job: The id of the job that it has started.
        content: A digest of what was requested.
        quote: The id of the quote that it was started with.
    """

    id: str
    job: str
    content: str
    quote: str


class ClientRequests:
    """The table of requests."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, request_id: str) -> ClientRequest | None:
        """Return a request by its id, or None."""
        query = "SELECT id, job, content, quote FROM client_requests WHERE id = ?"
        found = self._db.row(query, request_id)
        return ClientRequest(*found) if found else None

    def of_job(self, job_id: str) -> ClientRequest | None:
        """Return the request that has started a job; None if a person has started it."""
        query = "SELECT id, job, content, quote FROM client_requests WHERE job = ?"
        found = self._db.row(query, job_id)
        return ClientRequest(*found) if found else None

    def add(self, request: ClientRequest) -> None:
        """Store a new request.

        Raises:
            JournalError: It cannot be stored, or its id exists.
        """
        query = "INSERT INTO client_requests VALUES (?, ?, ?, ?, ?)"
        self._db.rows(query, request.id, request.job, request.content, request.quote, time.time())
