# SPDX-License-Identifier: GPL-3.0-or-later
"""When failed calls and downloads are tried again, and whether Mint can be reached at all.

Jobs retry without a limit: they stay where they are and continue when Mint answers again.

One job whose calls fail says nothing about the others. When the calls of two jobs fail one after
the other, without any answer in between, there is an outage: then one call at a time probes Mint,
at growing intervals, and the first answer wakes all other jobs.
"""

from __future__ import annotations

import math
import queue

from ...files.errors import FileError
from ...message import Message
from ...mint.errors import MintError, TooManyActive
from ...mint.retry import FailureStreak, RetryPolicy
from .config import EngineConfig
from .task import Task, Tasks
from .thread_messages import Event, RetryScheduled


class StillUnreachable(MintError):
    """Nothing was answered for as long as the caller wanted to wait. The jobs are kept."""

    retryable = True

    def __init__(self, message: str) -> None:
        super().__init__(
            Message(
                "{problem} Stopped waiting. Started jobs are kept: resume them later.",
                problem=message,
            )
        )


OUTAGE_JOBS = 2
"""How many jobs must have failed calls since the last answer to count as an outage."""


class Outage:
    """What is known about the connection to Mint, from the calls of all jobs.

    Without clock and threads.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._failing: set[str] = set()
        self._probes = FailureStreak(policy)
        self._next_probe = 0.0
        self._probe: int | None = None

    @property
    def is_on(self) -> bool:
        """Whether the calls of several jobs fail."""
        return len(self._failing) >= OUTAGE_JOBS

    @property
    def next_call(self) -> float:
        """When the next call may be sent.

        While a probe is in flight, its answer decides; after `RetryPolicy.longest` seconds another
        one is sent, since a call may hang on a dead connection.
        """
        return self._next_probe if self.is_on else 0.0

    def sent(self, number: int, now: float) -> None:
        """Note that a call was sent; during an outage it is the probe."""
        if self.is_on:
            self._probe, self._next_probe = number, now + self._policy.longest

    def ended(self, number: int, now: float) -> None:
        """Note that a call has ended, with or without an answer."""
        if number == self._probe:
            self._probe, self._next_probe = None, now

    def failed(self, job_id: str, now: float, chance: float, retry_after: float | None) -> None:
        """Note that a call had no answer, or a retryable error."""
        self._failing.add(job_id)
        if self.is_on:
            self._next_probe = now + self._probes.fail(now, chance, retry_after)

    def answered(self) -> bool:
        """Note that Mint has answered. Returns whether that ended an outage."""
        was_on = self.is_on
        self._failing.clear()
        self._probes.reset()
        self._next_probe, self._probe = 0.0, None
        return was_on


class RetrySchedule:
    """When the scheduler's tasks try again. For the scheduler's thread."""

    def __init__(
        self, config: EngineConfig, tasks: Tasks, outbox: queue.SimpleQueue[Event]
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
        now, chance = self._config.clock(), self._config.chance()
        wait = task.failures.fail(now, chance, error.retry_after)
        self.outage.failed(task.job.id, now, chance, error.retry_after)
        if self.outage.is_on:
            wait = max(wait, self.outage.next_call - now)
        self._postpone(task, str(error), wait, has_retry_after=error.retry_after is not None)
        return True

    def retry_download(self, task: Task, error: FileError) -> None:
        """Schedule another attempt at a download, which resumes: the file is paid for."""
        retry_after: float | None = getattr(error, "retry_after", None)
        now, chance = self._config.clock(), self._config.chance()
        wait = task.failures.fail(now, chance, retry_after)
        self._postpone(task, str(error), wait, has_retry_after=retry_after is not None)

    def _postpone(self, task: Task, message: str, wait: float, *, has_retry_after: bool) -> None:
        task.has_retry_after = has_retry_after
        self._tasks.schedule(task, self._config.clock() + wait)
        self._report(task.job.id, message, wait, task.failures, has_retry_after)

    def report(self, job_id: str, error: MintError, wait: float, failures: FailureStreak) -> None:
        """Report that something a job needs has failed, and is tried again in `wait` seconds."""
        self._report(job_id, str(error), wait, failures, error.retry_after is not None)

    def _report(
        self,
        job_id: str,
        message: str,
        wait: float,
        failures: FailureStreak,
        has_retry_after: bool,
    ) -> None:
        without_answer = self._config.clock() - max(failures.since, self._success_at)
        # a wait that Mint asked for does not count
        total = without_answer + (0.0 if has_retry_after else wait)
        self._outbox.put(RetryScheduled(job_id, message, wait, total))

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
        for task in self._tasks:
            if (
                task.failures.count
                and task.call is None
                and not task.has_retry_after
                and task.due != math.inf
            ):
                self._tasks.schedule(task, self._config.clock())
