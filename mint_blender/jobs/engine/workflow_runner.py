# SPDX-License-Identifier: GPL-3.0-or-later
"""Run workflows step by step: commit the job first, then keep the effect that it waits for.

The scheduler performs the effects. The journal is used on its thread only.
"""

from __future__ import annotations

import itertools
import logging
import queue
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ...mint.account import Account
from ...mint.errors import MintError
from ...mint.retry import FailureStreak
from ..job import Job
from ..phases import HOLDS_SLOT, Phase
from ..presentation import error_messages
from ..storage.job_locks import ProcessLock
from ..storage.journal import Journal
from ..workflow.effects import READS, AnyEffect, Step, TakeSlot
from ..workflow.run import run_workflow
from .account_check import IdentityCheck
from .call_pool import CallPool
from .config import EngineConfig
from .generation_slots import Slots
from .retry_schedule import RetrySchedule
from .task import Task, Tasks
from .thread_messages import Event, Idle, JobChanged

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
        if running is not None and running.call is not None and not is_read(running):
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

    def _await(self, task: Task, effect: AnyEffect) -> None:
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
        self._outbox.put(JobChanged(job))
        if before.phase in HOLDS_SLOT and job.phase not in HOLDS_SLOT:
            self.slots.wake_first(job.kind)


def is_read(task: Task) -> bool:
    """Return whether the task's effect only reads, so that its answer may be lost."""
    return isinstance(task.effect, READS)
