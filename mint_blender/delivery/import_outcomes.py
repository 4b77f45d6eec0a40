# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the outcomes of imports in the journal.

While the journal cannot be written, recording is retried; the import itself never is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ..jobs.job_values import DeliveryResult
from ..jobs.service import JobService, NotPossible
from ..jobs.storage.journal import JournalError

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds; each try on a locked journal blocks the window


class ImportOutcomes:
    """The outcomes that are not in the journal yet, by job id. For the main thread only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unrecorded: dict[str, DeliveryResult] = {}
        self._due, self._pause = 0.0, FIRST_PAUSE

    def __contains__(self, job_id: str) -> bool:
        """Return whether this job has an outcome that is not in the journal yet."""
        return job_id in self._unrecorded

    def __bool__(self) -> bool:
        return bool(self._unrecorded)

    def record(self, job_service: JobService, job_id: str, result: DeliveryResult) -> None:
        """Record an outcome now, or as soon as the journal can be written."""
        self._unrecorded.pop(job_id, None)
        try:
            job_service.record_delivery(job_id, result)
        except (JournalError, NotPossible) as error:
            log.warning("The outcome of importing job %s could not be recorded: %s", job_id, error)
            self._unrecorded[job_id] = result
            self._due, self._pause = self._clock() + FIRST_PAUSE, FIRST_PAUSE

    def retry(self, job_service: JobService) -> bool:
        """Retry what could not be recorded, if it is due; return whether anything was recorded."""
        if not self._unrecorded or self._clock() < self._due:
            return False
        recorded = 0
        for job_id, result in list(self._unrecorded.items()):
            try:
                if job_service.cache.get(job_id):  # else it was dismissed meanwhile
                    job_service.record_delivery(job_id, result)
            except NotPossible:
                continue
            except JournalError:
                break
            del self._unrecorded[job_id]
            recorded += 1
        self._pause = FIRST_PAUSE if recorded else min(2 * self._pause, LONGEST_PAUSE)
        self._due = self._clock() + self._pause
        return recorded > 0
