# SPDX-License-Identifier: GPL-3.0-or-later
"""Run workflows step by step: commit the job first, then keep the effect that it waits for.

The scheduler performs the effects. The journal is used on its thread only.
"""

from __future__ import annotations

import itertools
import logging
import math
import queue
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from ...mint.account import Account
from ...mint.errors import Forbidden, KeyMissing, KeyRefused, MintError, NotFound, NotSupported
from ...mint.retry import FailureStreak
from ...mint.schema import Me
from ..job import Job
from ..phases import HOLDS_SLOT, Phase
from ..presentation import error_messages
from ..storage.job_locks import ProcessLock
from ..storage.journal import Journal
from ..workflow.effects import Effect, Step, TakeSlot
from ..workflow.run import run_workflow
from .call_pool import CallPool
from .config import EngineConfig
from .task import RetrySchedule, Slots, Task, Tasks
from .thread_messages import CallEnded, Event, Idle, JobChanged

log = logging.getLogger(__name__)

# One count for all schedulers of a process: a late answer to a run of an earlier scheduler must not
# be taken for one of this scheduler's.
_serials = itertools.count(1)

DECISION_CHECK_INTERVAL = 2.0
"""Seconds until a decision that another process has committed is noticed, at most."""


class WorkflowRunner:
    """The workflows that this process runs. For the scheduler's thread."""

    def __init__(
        self,
        config: EngineConfig,
        account: Account,
        calls: CallPool,
        outbox: queue.SimpleQueue[Event],
    ) -> None:
        self.account = account
        self.tasks = Tasks()
        self.journal = Journal(config.home)
        self.journal.set_account(account)
        self._config = config
        self._outbox = outbox
        self._process = ProcessLock(config.home)
        self.slots = Slots(config, self.tasks, self.journal, self._process)
        self.retries = RetrySchedule(config, self.tasks, outbox)
        self.identity = IdentityCheck(config, self.journal, calls, self.retries, self.wake)
        self._revision = self.journal.revision()
        self._next_decision_check = 0.0

    def close(self) -> None:
        """Stop all workflows. They start again from the journal."""
        try:
            if self.tasks:
                with self.journal.single_commit():  # thousands may be waiting for a slot
                    for task in self.tasks:
                        self._drop(task)
        finally:
            self.journal.close()
            self._process.close()

    def wake(self, job_id: str, number: int, *, refusal: MintError | None = None) -> None:
        """Run a job's workflow from what the journal knows.

        A workflow that is running continues, unless there is a new decision. Nothing runs before it
        is known whose key is in use; `refusal` is the reason why that will not be known.
        """
        if self.account.key and not refusal and self.identity.is_needed():
            self.identity.wait_for(job_id, number)
            return
        job = self.journal.claim(job_id, self._process)
        if job is None:
            self._outbox.put(Idle(job_id, number))
            return
        running = self.tasks.get(job_id)
        if running is not None and job.decision == running.job.decision:
            running.wake_number = number
            return
        if running is not None and running.call is not None and not running.only_reads:
            # The answer may name what was started. The decision takes effect right after it.
            running.wake_number, running.has_new_decision = number, True
            return
        if running is not None:
            self._stop(running)
        self._start(job, number, refusal)

    def _start(self, job: Job, number: int, refusal: MintError | None) -> None:
        failures = FailureStreak(self._config.retries)
        workflow = run_workflow(job, self._config.workflow_config)
        task = Task(job, workflow, next(_serials), number, failures)
        self.tasks.add(task)
        self._advance(task, lambda: next(task.workflow))
        if refusal is not None and self.tasks.is_running(task):
            self.throw(task, refusal)

    def check_decisions(self) -> None:
        """Apply decisions that other processes have committed for jobs that run here."""
        now = self._config.clock()
        if not self.tasks or now < self._next_decision_check:
            return
        self._next_decision_check = now + DECISION_CHECK_INTERVAL
        revision = self.journal.revision()
        if revision != self._revision:
            self._revision = revision
            for job_id in self.journal.pending_decisions(self._process):
                if (task := self.tasks.get(job_id)) is not None:
                    self.wake(job_id, task.wake_number)

    # -- the steps of a workflow

    def send(self, task: Task, answer: Any) -> None:
        """Continue a workflow with the answer to its effect."""
        self._advance(task, partial(task.workflow.send, answer))

    def throw(self, task: Task, error: Exception) -> None:
        """Continue a workflow with the error that its effect ended with."""
        self._advance(task, partial(task.workflow.throw, error))

    def _advance(self, task: Task, move: Callable[[], Step]) -> None:
        try:
            step = move()
        except StopIteration as end:
            self._end(task, end.value)
        except Exception as error:  # noqa: BLE001 - one job stops, not all
            self.fail(task, error)
        else:
            self._commit(task, step.job)
            self._await(task, step.effect)

    def _await(self, task: Task, effect: Effect[Any]) -> None:
        before, task.effect = task.effect, effect
        log.debug("Job %s: next %s", task.job.id, type(effect).__name__)
        task.failures.reset()
        if isinstance(effect, TakeSlot):
            self.slots.join(task, effect)
        else:
            self.tasks.schedule(task, self._config.clock() + effect.after)
        self.slots.leave(before)

    def fail(self, task: Task, error: Exception) -> None:
        """Pause one job after a bug in our own code. Nothing of the job is lost."""
        log.error("The workflow of job %s failed", task.job.id, exc_info=error)
        self._end(
            task, replace(task.job, phase=Phase.PAUSED, problem=error_messages.internal(error))
        )

    def abandon(self, task: Task) -> None:
        """Stop a workflow where it is, and report the job as idle."""
        self._drop(task)
        self._outbox.put(Idle(task.job.id, task.wake_number))

    def _end(self, task: Task, job: Job) -> None:
        self._commit(task, job)
        self._drop(task)
        if task.has_new_decision:
            self.wake(job.id, task.wake_number)
        else:
            self._outbox.put(Idle(job.id, task.wake_number))

    def _drop(self, task: Task) -> None:
        self._stop(task)
        self.journal.release(task.job.id, self._process)

    def _stop(self, task: Task) -> None:
        task.workflow.close()
        self.tasks.remove(task)
        self.slots.leave(task.effect)

    def _commit(self, task: Task, job: Job) -> None:
        """Commit the job before anything else happens, then report it."""
        before, task.job = task.job, job
        if job == before:
            return
        self.journal.save(job, answered=before.decision if job.decision is None else None)
        self._outbox.put(JobChanged(job.id))
        if before.phase in HOLDS_SLOT and job.phase not in HOLDS_SLOT:
            self.slots.wake_first(job.kind)


UNANSWERED: Final = ""
"""In place of a user id: the key was refused, or Mint could not be asked."""


class IdentityCheck:
    """Asks Mint whose key it is, and stores the answer. For the scheduler's thread.

    `wake_job` is `WorkflowRunner.wake`.
    """

    def __init__(
        self,
        config: EngineConfig,
        journal: Journal,
        calls: CallPool,
        retries: RetrySchedule,
        wake_job: Callable[..., None],
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
            self._call = self._calls.ask(lambda client: client.me())

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
