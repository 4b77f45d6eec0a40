# SPDX-License-Identifier: GPL-3.0-or-later
"""What failed and passes is repeated without an end: jobs stay where they are, and go on by
themselves when Mint answers again.
"""

from __future__ import annotations

import math
import queue

from ...files.errors import FileError
from ...mint.errors import MintError, TooManyActive
from .config import EngineConfig
from .messages import Event, RetryScheduled
from .outage import Outage
from .task import Task


class RetryTimer:
    """When the scheduler's tasks try again. For the scheduler's thread."""

    def __init__(
        self, setup: EngineConfig, tasks: dict[str, Task], outbox: queue.SimpleQueue[Event]
    ) -> None:
        self.outage = Outage(setup.retries)
        self._setup = setup
        self._tasks = tasks
        self._outbox = outbox
        self._success_at = -math.inf  # when anything has worked for the last time

    def later(self, task: Task, error: MintError) -> bool:
        """Repeat a call later, if that may help. False: the story has to hear of the error."""
        # Too many active generations: that is a matter of standing in line, which the story knows
        # how to do.
        if not error.retryable or isinstance(error, TooManyActive):
            return False
        now, chance = self._setup.clock(), self._setup.chance()
        wait = self._setup.retries.wait(task.failures + 1, chance, error.retry_after)
        until: float | None = getattr(task.effect, "until", None)
        if until is not None and self._setup.terms.now() >= until:
            # unanswered for so long that it is no longer repeated by itself: the story knows what
            # to do then
            return False
        self.outage.failed(task.job.id, now, chance, error.retry_after)
        if self.outage.is_on:
            wait = max(wait, self.outage.next_call - now)
        if until is not None:
            wait = min(wait, until - self._setup.terms.now())
        self._postpone(task, str(error), wait, has_retry_after=error.retry_after is not None)
        return True

    def download_later(self, task: Task, trouble: FileError) -> None:
        """The file is paid for, and its host comes back: what has arrived is kept, and it goes on
        by itself.
        """
        asked: float | None = getattr(trouble, "retry_after", None)
        wait = self._setup.retries.wait(task.failures + 1, self._setup.chance(), asked)
        self._postpone(task, str(trouble), wait, has_retry_after=asked is not None)

    def _postpone(self, task: Task, sentence: str, wait: float, *, has_retry_after: bool) -> None:
        now = self._setup.clock()
        task.failures += 1
        if task.failures == 1:
            task.failing_since = now
        task.due, task.has_retry_after = now + wait, has_retry_after
        self._put(task.job.id, sentence, wait, task.failing_since, has_retry_after=has_retry_after)

    def say(self, job_id: str, error: MintError, wait: float, failing_since: float) -> None:
        """Say that something failed which a job needs, and is tried again."""
        self._put(
            job_id, str(error), wait, failing_since, has_retry_after=error.retry_after is not None
        )

    def _put(
        self,
        job_id: str,
        sentence: str,
        wait: float,
        failing_since: float,
        *,
        has_retry_after: bool,
    ) -> None:
        without_answer = self._setup.clock() - max(failing_since, self._success_at)
        self._outbox.put(
            RetryScheduled(
                job_id, sentence, wait, without_answer + (0.0 if has_retry_after else wait)
            )
        )

    def note_success(self) -> None:
        """Something has worked, with Mint or with its file host."""
        self._success_at = self._setup.clock()

    def mint_answered(self) -> None:
        """Mint has answered somebody. After an outage all the others need not wait any longer."""
        self.note_success()
        if self.outage.answered():
            self.wake()

    def wake(self) -> None:
        """Try again at once what has failed, but for what somebody has said a time for."""
        self.outage.answered()
        for task in self._tasks.values():
            if (
                task.failures
                and task.call is None
                and not task.has_retry_after
                and task.due != math.inf
            ):
                task.due = self._setup.clock()
