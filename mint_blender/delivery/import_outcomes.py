# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of imports, into the journal: where that cannot be written just now, the recording is
tried again, never the import.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..jobs.service import JobService, NotPossible
from ..jobs.storage.journal import JournalError

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds; a locked journal holds up the window at each try


@dataclass(frozen=True)
class Outcome:
    """What came of an import: remarks, or the sentence of what went wrong."""

    notes: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    problem: str | None = None

    def record(self, board: JobService, job_id: str) -> None:
        """Raises JournalError, or NotPossible."""
        if self.problem is None:
            board.mark_placed(job_id, *self.notes, settled=self.settled)
        else:
            board.mark_import_failed(job_id, self.problem)


class ImportOutcomes:
    """The outcomes that are not in the journal yet, by job. For the main thread only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unrecorded: dict[str, Outcome] = {}
        self._due, self._pause = 0.0, FIRST_PAUSE

    def __contains__(self, job_id: str) -> bool:
        """Was it imported, without the journal knowing yet?"""
        return job_id in self._unrecorded

    def __bool__(self) -> bool:
        return bool(self._unrecorded)

    def record(self, board: JobService, job_id: str, outcome: Outcome) -> None:
        """Into the journal, now or as soon as that is possible."""
        self._unrecorded.pop(job_id, None)
        try:
            outcome.record(board, job_id)
        except (JournalError, NotPossible) as trouble:
            log.warning(
                "What came of the import of job %s could not be recorded: %s", job_id, trouble
            )
            self._unrecorded[job_id] = outcome
            self._due, self._pause = self._clock() + FIRST_PAUSE, FIRST_PAUSE

    def retry(self, board: JobService) -> bool:
        """Try again what could not be recorded, if it is time.

        Returns whether anything was recorded.
        """
        if not self._unrecorded or self._clock() < self._due:
            return False
        listed, recorded = {job.id for job in board.jobs()}, 0
        for job_id, outcome in list(self._unrecorded.items()):
            try:
                if job_id in listed:  # else it was taken off the list meanwhile
                    outcome.record(board, job_id)
            except NotPossible:
                continue
            except JournalError:
                break
            del self._unrecorded[job_id]
            recorded += 1
        self._pause = FIRST_PAUSE if recorded else min(2 * self._pause, LONGEST_PAUSE)
        self._due = self._clock() + self._pause
        return recorded > 0
