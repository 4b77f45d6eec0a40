# SPDX-License-Identifier: GPL-3.0-or-later
"""Retry what failed for a passing reason, without an end: jobs stay where they are and continue by
themselves when Mint answers again.
"""

from __future__ import annotations

import math
import queue

from ...files.errors import FileError
from ...mint.errors import MintError, TooManyActive
from ...mint.polling import FailureStreak
from .config import EngineConfig
from .outage import Outage
from .task import Task
from .thread_messages import Event, RetryScheduled


class RetryTimer:
    """Decides when the scheduler's tasks try again. For the scheduler's thread."""

    def __init__(
        self, config: EngineConfig, tasks: dict[str, Task], outbox: queue.SimpleQueue[Event]
    ) -> None:
        self.outage = Outage(config.retries)
        self._config = config
        self._tasks = tasks
        self._outbox = outbox
        self._success_at = -math.inf  # when anything succeeded for the last time

    def retry_call(self, task: Task, error: MintError) -> bool:
        """Schedule another attempt at a call. Returns False if the workflow must see the error."""
        # The workflow itself waits for a slot when too many generations are active.
        if not error.retryable or isinstance(error, TooManyActive):
            return False
        until: float | None = getattr(task.effect, "until", None)
        if until is not None and self._config.terms.now() >= until:
            return False  # unanswered for too long to retry it automatically
        now, chance = self._config.clock(), self._config.chance()
        wait = task.failures.fail(now, chance, error.retry_after)
        self.outage.failed(task.job.id, now, chance, error.retry_after)
        if self.outage.is_on:
            wait = max(wait, self.outage.next_call - now)
        if until is not None:
            wait = min(wait, until - self._config.terms.now())
        self._postpone(task, str(error), wait, has_retry_after=error.retry_after is not None)
        return True

    def retry_download(self, task: Task, error: FileError) -> None:
        """Schedule another attempt at a download: the file is paid for. What has arrived stays."""
        retry_after: float | None = getattr(error, "retry_after", None)
        now, chance = self._config.clock(), self._config.chance()
        wait = task.failures.fail(now, chance, retry_after)
        self._postpone(task, str(error), wait, has_retry_after=retry_after is not None)

    def _postpone(self, task: Task, sentence: str, wait: float, *, has_retry_after: bool) -> None:
        task.due, task.has_retry_after = self._config.clock() + wait, has_retry_after
        self._report(task.job.id, sentence, wait, task.failures, has_retry_after)

    def report(self, job_id: str, error: MintError, wait: float, failures: FailureStreak) -> None:
        """Report that something a job needs has failed, and is tried again in `wait` seconds."""
        self._report(job_id, str(error), wait, failures, error.retry_after is not None)

    def _report(
        self,
        job_id: str,
        sentence: str,
        wait: float,
        failures: FailureStreak,
        has_retry_after: bool,
    ) -> None:
        without_answer = self._config.clock() - max(failures.since, self._success_at)
        # a wait that Mint asked for does not count
        total = without_answer + (0.0 if has_retry_after else wait)
        self._outbox.put(RetryScheduled(job_id, sentence, wait, total))

    def note_success(self) -> None:
        """Note that something succeeded, with Mint or with its file host."""
        self._success_at = self._config.clock()

    def mint_answered(self) -> None:
        """Note that Mint has answered. After an outage, no other job waits any longer."""
        self.note_success()
        if self.outage.answered():
            self.wake()

    def wake(self) -> None:
        """Try again at once what has failed, except where a time to retry was given."""
        self.outage.answered()
        for task in self._tasks.values():
            if (
                task.failures.count
                and task.call is None
                and not task.has_retry_after
                and task.due != math.inf
            ):
                task.due = self._config.clock()
