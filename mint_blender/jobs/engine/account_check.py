# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Mint whose key is in use before anything else is sent with it.

Jobs wait for the answer as long as it takes.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

from ...mint.errors import Forbidden, KeyMissing, KeyRefused, MintError, NotFound, NotSupported
from ...mint.retry import FailureStreak
from ...mint.schema import Me
from ..storage.journal import Journal
from .call_pool import CallPool, Lane
from .config import EngineConfig
from .retry_schedule import RetrySchedule
from .thread_messages import CallEnded

UNANSWERED: Final = ""
"""In place of a user id: the key was refused, or Mint could not be asked."""


class WakeJob(Protocol):
    """A function that runs a job's workflow.

    `refusal` is the reason why the account will not be known.
    """

    def __call__(self, job_id: str, number: int, *, refusal: MintError | None = None) -> None:
        """Run the job's workflow; `number` is that of its last Wake."""


class IdentityCheck:
    """Asks Mint whose key it is, and stores the answer. For the scheduler's thread."""

    def __init__(
        self,
        config: EngineConfig,
        journal: Journal,
        calls: CallPool,
        retries: RetrySchedule,
        wake_job: WakeJob,
    ) -> None:
        self._config = config
        self._journal = journal
        self._calls = calls
        self._retries = retries
        self._wake_job = wake_job
        self._waiting: dict[str, int] = {}  # jobs, and the number of the last Wake of each
        self._failures = FailureStreak(config.retries)
        self._due = 0.0
        self._call: int | None = None  # number of the call that is in flight

    @property
    def is_awaited(self) -> bool:
        """Whether a job waits for the answer."""
        return bool(self._waiting)

    @property
    def due(self) -> float:
        """When to ask, by the engine's clock."""
        return self._due if self._call is None else math.inf

    def is_needed(self) -> bool:
        """Return whether it is still unknown whose key is in use."""
        account = self._journal.current_account
        return account is not None and not account.is_identified

    def wait_for(self, job_id: str, number: int) -> None:
        """Wake this job as soon as there is an answer."""
        self._waiting[job_id] = number

    def stop_waiting(self) -> dict[str, int]:
        """Forget the waiting jobs, since the key has changed; return them with their last Wake."""
        self._call = None
        return self._take_waiting()

    def try_at_once(self) -> None:
        """Skip the pause after a failure: something has changed that may help."""
        self._due = 0.0

    def run_once(self) -> None:
        """Ask, if it is due."""
        if self._waiting and self.due <= self._config.clock():
            self._call = self._calls.send(
                "", 0, lambda client: client.me(), Lane.DECISION, changes=False
            )

    def on_call_ended(self, ended: CallEnded) -> None:
        """Apply the result of a call, if it is the call of this check."""
        if ended.number != self._call:
            return
        self._call = None
        if isinstance(ended.result, Me):
            self.apply(ended.result)
        else:
            error = ended.error
            error = error if isinstance(error, MintError) else MintError(str(error))
            if _user_id(error) is UNANSWERED:
                self._apply_failure(error)
            else:
                self.apply(error)

    def apply(self, answer: Me | MintError) -> None:
        """Store whose key it is and wake the waiting jobs, if Mint has answered that."""
        user_id = _user_id(answer)
        if user_id is not UNANSWERED:
            self._journal.resolve_account(user_id)
            for job_id, number in self._take_waiting().items():
                self._wake_job(job_id, number)

    def _apply_failure(self, error: MintError) -> None:
        """Ask again later; if that cannot help, wake the jobs with the refusal."""
        if error.retryable:
            now = self._config.clock()
            wait = self._failures.fail(now, self._config.chance(), error.retry_after)
            self._due = now + wait
            for job_id in self._waiting:
                self._retries.report(job_id, error, wait, self._failures)
            return
        if isinstance(error, KeyRefused | KeyMissing):
            self._journal.release_unsent_jobs()
        for job_id, number in self._take_waiting().items():
            self._wake_job(job_id, number, refusal=error)

    def _take_waiting(self) -> dict[str, int]:
        waiting, self._waiting = self._waiting, {}
        self._due = 0.0
        self._failures.reset()
        return waiting


def _user_id(answer: Me | MintError) -> str | None:
    """Return the user's id; None if Mint does not say; UNANSWERED without a usable answer."""
    if isinstance(answer, Me):
        return answer.user_id or None
    return None if isinstance(answer, NotFound | NotSupported | Forbidden) else UNANSWERED
