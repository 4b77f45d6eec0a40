# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of a workflow share: the job as it is now, effects, and paid calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ...mint import errors
from ...mint.polling import PollIntervals
from ...mint.schema import Operation, Status
from ..job import Job
from ..phases import Phase
from ..presentation import error_messages
from . import stale_previews
from .effects import Convert, Effect, Optimize, Start, Step

Answer = TypeVar("Answer")
Steps = Generator[Step, Any, None]

REPEATED_FOR = 12 * 3600.0
"""Seconds for which a paid call is repeated automatically, under its idempotency key."""

MAX_TRIES = 5
"""Tries of a paid call that ends in a conflict without a reason, before a user decides."""


@dataclass(frozen=True)
class WorkflowConfig:
    """What a workflow depends on outside the job.

    `readable` are the glTF extensions that this Blender reads; empty without Blender. `now` returns
    the time in seconds since the epoch.
    """

    pace: PollIntervals = PollIntervals()
    readable: frozenset[str] = field(default_factory=frozenset)
    now: Callable[[], float] = time.time


class WorkflowContext:
    """One run of a workflow. Holds the job as it is now, so that an error leaves it where it was.

    `has_new_operation` is set when Mint has just returned the operation: the first poll waits.
    """

    def __init__(self, job: Job, config: WorkflowConfig) -> None:
        self.job = job
        self.config = config
        self.has_new_operation = False

    def perform(self, effect: Effect[Answer]) -> Generator[Step, Any, Answer]:
        """Yield an effect with the job as it is now, and return the result of the effect."""
        answer: Answer = yield Step(self.job, effect)  # type: ignore[arg-type]  # AnyEffect is the closed list of Effect
        return answer

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""
        return self.config.now()

    def is_old(self, since: float | None) -> bool:
        """Return whether a call was sent so long ago that it is no longer repeated automatically.

        Mint may have forgotten its key.
        """
        return since is not None and self.now() - since >= REPEATED_FOR

    def pay(
        self, effect: Start | Convert | Optimize, since: float
    ) -> Generator[Step, Any, Operation]:
        """Perform a paid call, and return its operation.

        The call is repeated under the same key until Mint has said clearly what became of it.
        `since` is when it was sent for the first time.
        """
        effect = replace(effect, until=since + REPEATED_FOR)
        for tries_left in reversed(range(MAX_TRIES)):
            try:
                return (yield from self.perform(effect))
            except errors.Conflict as error:
                # Mint does not say what it conflicts with: perhaps with the very same call, which
                # is still in progress.
                if type(error) is not errors.Conflict or not tries_left:
                    raise
                self.job = replace(self.job, problem=error_messages.problem_of(error))
                effect = replace(effect, after=self.config.pace.longest)
        raise AssertionError("The last try returns or raises.")

    def apply_operation(self, operation: Operation) -> None:
        """Move the job to the phase of an operation that Mint has just returned for a call."""
        self.has_new_operation = True
        self.move_to(operation)

    @property
    def is_working(self) -> bool:
        """Whether Mint works on the job's operation."""
        return self.job.phase is Phase.WORKING

    def move_to(self, operation: Operation) -> None:
        """Move the job to the phase of the operation.

        A retry is another operation; the cost of the earlier one is added to `paid_before`.
        """
        operation = operation.with_mode(self.job.request.mode)
        if self.job.operation is not None and self.job.operation.id != operation.id:
            self.job = self.job.without_operation()
        problem = None
        if operation.is_busy or stale_previews.is_late(self.job, operation):
            phase = Phase.WORKING
        elif operation.awaits_review:
            phase = Phase.REVIEW
        elif operation.awaits_payment:
            phase, problem = Phase.BILLING, error_messages.billing(operation)
        elif operation.succeeded:
            phase = Phase.FETCHING
        elif operation.status is Status.CANCELED:
            phase = Phase.CANCELED
        else:
            phase, problem = Phase.FAILED, error_messages.failed_work(operation)
        self.job = self.job.moved(phase, operation=operation, problem=problem)
        if phase is Phase.REVIEW:
            self.job = replace(self.job, preview_seen_at=self.now())


class WorkflowPart:
    """Base of the parts of a workflow: they work on the same job."""

    def __init__(self, context: WorkflowContext) -> None:
        self._context = context
        self._config = context.config

    @property
    def _job(self) -> Job:
        return self._context.job

    @_job.setter
    def _job(self, job: Job) -> None:
        self._context.job = job

    def _perform(self, effect: Effect[Answer]) -> Generator[Step, Any, Answer]:
        return self._context.perform(effect)
