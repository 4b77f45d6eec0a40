# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth about every job, in SQLite: a job is committed before anything is sent for it, and after every answer.

Two writers never meet: the worker that drives a job writes its record, a click writes its decision into a column of its own,
and only an answer to that very decision removes it. Each thread opens a journal of its own on the same file.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..mint.schema import Kind
from . import record
from .driver import Driver
from .job import HOLDS_SLOT, Decision, Job, Phase

_JOBS = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    kind TEXT NOT NULL,
    phase TEXT NOT NULL,
    record TEXT NOT NULL,
    decision TEXT,
    driver TEXT,
    dismissed INTEGER NOT NULL DEFAULT 0
) STRICT
"""
_MOVES = "CREATE TABLE IF NOT EXISTS moves (job TEXT NOT NULL, phase TEXT NOT NULL, at REAL NOT NULL) STRICT"
_VERSION = 1


class JournalTrouble(Exception):
    """The journal cannot be read or written: the sentence says where it lies."""


class Journal:
    """The jobs of everybody who uses this folder. Not to be shared between threads."""

    def __init__(self, home: Path) -> None:
        self.path = home / "journal.sqlite3"
        try:
            home.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=10.0, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")  # a commit survives a power cut: it may stand for money
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise JournalTrouble(
                f"The job journal {self.path} cannot be opened ({error}). Check the folder, or set MINT_BLENDER_HOME."
            ) from error

    def _prepare(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise JournalTrouble(f"The job journal {self.path} was written by a newer version of this add-on: update the add-on.")
        with self._transaction():
            self._db.execute(_JOBS)
            self._db.execute(_MOVES)
            self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # -- reading ------------------------------------------------------------------------------------------------------

    def job(self, job_id: str) -> Job | None:
        """One job, or None."""
        return next(self._read("SELECT record, phase, decision FROM jobs WHERE id = ?", job_id), None)

    def jobs(self) -> list[Job]:
        """Every job that was not dismissed, newest first."""
        return list(self._read("SELECT record, phase, decision FROM jobs WHERE NOT dismissed ORDER BY created_at DESC, id"))

    def moves(self, job_ids: Collection[str]) -> dict[str, list[tuple[Phase, float]]]:
        """When each of these jobs came into which phase (seconds since the epoch), in order."""
        found: dict[str, list[tuple[Phase, float]]] = {job_id: [] for job_id in job_ids}
        for job_id, phase, at in self._db.execute("SELECT job, phase, at FROM moves ORDER BY rowid"):
            if job_id in found:
                found[job_id].append((Phase(phase), at))
        return found

    def revision(self) -> int:
        """A number that changes when another process, or another thread, has written."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _read(self, query: str, *values: str) -> Iterator[Job]:
        for text, phase, decision in self._db.execute(query, values).fetchall():
            yield record.load(text, record.load_decision(decision), Phase(phase))

    # -- writing ------------------------------------------------------------------------------------------------------

    def add(self, job: Job) -> None:
        """Commit a new job."""
        row = (job.id, job.created_at, job.kind.value, job.phase.value, record.dump(job))
        with self._transaction():
            self._db.execute("INSERT INTO jobs (id, created_at, kind, phase, record) VALUES (?, ?, ?, ?, ?)", row)
            self._note_move(job.id, job.phase)

    def save(self, job: Job, *, settled: Decision | None = None) -> None:
        """Commit a job as it now is; `settled` is the decision that has been answered, and goes in the same commit."""
        with self._transaction():
            before = self._db.execute("SELECT phase FROM jobs WHERE id = ?", (job.id,)).fetchone()
            self._db.execute("UPDATE jobs SET phase = ?, record = ? WHERE id = ?", (job.phase.value, record.dump(job), job.id))
            if before is not None and before[0] != job.phase.value:
                self._note_move(job.id, job.phase)
            if settled is not None:
                self._db.execute("UPDATE jobs SET decision = NULL WHERE id = ? AND decision = ?", (job.id, record.dump_decision(settled)))

    def decide(self, job_id: str, decision: Decision) -> None:
        """Commit a click."""
        self._db.execute("UPDATE jobs SET decision = ? WHERE id = ?", (record.dump_decision(decision), job_id))

    def dismiss(self, job_id: str) -> None:
        """Take a job off the list. What it cost stays known."""
        self._db.execute("UPDATE jobs SET dismissed = 1 WHERE id = ?", (job_id,))

    # -- between processes --------------------------------------------------------------------------------------------

    def claim(self, job_id: str, driver: Driver) -> Job | None:
        """Drive this job from now on: the job, or None when another living process drives it (or it is not there)."""
        with self._transaction():
            found = self._db.execute("SELECT driver FROM jobs WHERE id = ?", (job_id,)).fetchone()
            if found is None or (found[0] != driver.name and driver.is_alive(found[0])):
                return None
            self._db.execute("UPDATE jobs SET driver = ? WHERE id = ?", (driver.name, job_id))
        return self.job(job_id)

    def release(self, job_id: str, driver: Driver) -> None:
        """Drive it no longer."""
        self._db.execute("UPDATE jobs SET driver = NULL WHERE id = ? AND driver = ?", (job_id, driver.name))

    def driven_elsewhere(self, job_id: str, driver: Driver) -> bool:
        """Does another living process drive it?"""
        found = self._db.execute("SELECT driver FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return found is not None and found[0] != driver.name and driver.is_alive(found[0])

    def take_slot(self, job_id: str, kind: Kind, most: int, driver: Driver) -> bool:
        """Move a waiting job to SENDING, if fewer than `most` of its kind are active in all living processes together."""
        with self._transaction():
            phases = tuple(phase.value for phase in HOLDS_SLOT)
            holders = self._db.execute(
                "SELECT driver FROM jobs WHERE kind = ? AND phase IN (?, ?) AND id != ?", (kind.value, *phases, job_id)
            )
            if sum(driver.is_alive(name) for (name,) in holders.fetchall()) >= most:
                return False
            self._db.execute("UPDATE jobs SET phase = ? WHERE id = ?", (Phase.SENDING.value, job_id))
            self._note_move(job_id, Phase.SENDING)
        return True

    def _note_move(self, job_id: str, phase: Phase) -> None:
        self._db.execute("INSERT INTO moves VALUES (?, ?, ?)", (job_id, phase.value, time.time()))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE: whoever will write takes the lock before reading, so no two processes act on the same reading.
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
