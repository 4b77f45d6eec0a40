# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows that are running: what each one waits for, and which is due next.

Beside time, one waits for a free slot at Mint (`Slots`), or for the next try of what has failed
(`RetrySchedule`). Jobs retry without a limit: they continue when Mint answers again.

One job whose calls fail says nothing about the others. When the calls of two jobs fail one after
the other, without any answer in between, there is an outage: then one call at a time probes Mint,
at growing intervals, and the first answer wakes all other jobs.
"""

from __future__ import annotations

import heapq
import itertools
import math
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from ...files.errors import FileError
from ...message import Message
from ...mint.errors import MintError, TooManyActive
from ...mint.retry import FailureStreak, RetryPolicy
from ...mint.schema import Kind
from ..job import Job
from ..job_values import LocalFile
from ..storage.job_locks import ProcessLock
from ..storage.journal import Journal
from ..workflow.effects import Effect, TakeSlot
from ..workflow.run import Workflow
from .config import EngineConfig
from .thread_messages import Event, RetryScheduled


@dataclass(eq=False)
class Task:
    """One run of a job's workflow, for the scheduler's thread only. A job has one at a time."""

    job: Job  # as last committed
    workflow: Workflow
    serial: int  # number of this run: the workflow starts again after each decision
    wake_number: int  # number of the last Wake
    failures: FailureStreak  # of the effect
    effect: Effect[Any] | None = None
    due: float = math.inf  # set by `Tasks.schedule`
    entry: int = 0  # number of its valid entry in the queue; 0 if there is none
    has_retry_after: bool = False  # Mint, or the file host, has said when to try again
    call: int | None = None  # number of its call that is in flight
    # a decision arrived while a call was in flight whose answer must not be lost
    has_new_decision: bool = False
    # a file that arrived while the workflow was busy with something else
    optional_file: LocalFile | FileError | None = None

    @property
    def only_reads(self) -> bool:
        """Whether its effect only reads, so that the answer may be lost."""
        return self.effect is not None and self.effect.is_read


class _Queue(IntEnum):
    """The queues of effects. During an outage, only the last one works as usual."""

    DECISION = 0
    CALL = 1
    LOCAL = 2


class Tasks:
    """The tasks by job, and in order of time: the next one is found without looking at the others.

    A task that waits for something other than time costs nothing until it is scheduled again.
    """

    def __init__(self) -> None:
        self._by_job: dict[str, Task] = {}
        # Heaps of due time, number of the entry, and task. An entry that is no longer valid stays
        # until it comes first.
        self._queues: dict[_Queue, list[tuple[float, int, Task]]] = {each: [] for each in _Queue}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._by_job)

    def __iter__(self) -> Iterator[Task]:
        return iter(list(self._by_job.values()))

    def get(self, job_id: str) -> Task | None:
        """Return the task of a job, if there is one."""
        return self._by_job.get(job_id)

    def is_running(self, task: Task) -> bool:
        """Return whether this is still the task of its job."""
        return self._by_job.get(task.job.id) is task

    def add(self, task: Task) -> None:
        """Make this the task of its job; it is due when it is scheduled."""
        self._by_job[task.job.id] = task

    def remove(self, task: Task) -> None:
        """Forget a task."""
        task.entry = 0
        if self.is_running(task):
            del self._by_job[task.job.id]

    def schedule(self, task: Task, due: float) -> None:
        """Make the task's effect due at this time; at infinity, it waits for something else."""
        task.due, task.entry = due, next(self._numbers)
        if due != math.inf:
            heapq.heappush(self._queues[_queue_of(task.effect)], (due, task.entry, task))

    def first(self, next_call: float) -> tuple[float, Task | None]:
        """Return when the most urgent effect may be performed, and its task.

        Nothing but local effects may be performed before `next_call`. Of several at the same time,
        a person's decision comes first, then what has waited longest.
        """
        heads = []
        for kind, entries in self._queues.items():
            while entries and entries[0][1] != entries[0][2].entry:
                heapq.heappop(entries)
            if entries:
                due, entry, task = entries[0]
                at = due if kind is _Queue.LOCAL else max(due, next_call)
                heads.append((at, kind, due, entry, task))
        if not heads:
            return math.inf, None
        at, _, _, _, task = min(heads)
        return at, task


def _queue_of(effect: Effect[Any] | None) -> _Queue:
    if effect is None:
        return _Queue.CALL
    if effect.is_decision:
        return _Queue.DECISION
    return _Queue.LOCAL if effect.is_local else _Queue.CALL


CHECK_INTERVAL = 5.0
"""Seconds until the first in line checks again whether another process has freed a slot."""


class _Place(NamedTuple):
    """A place in a line, in order of creation. It is lost when the task waits for another effect.

    `number` is different for each place, so that nothing after it is ever compared.
    """

    created_at: float
    job_id: str
    number: int
    task: Task
    effect: TakeSlot
    not_before: float


class Slots:
    """The slots of each kind, first come, first served. For the scheduler's thread.

    Only the first in line looks for a slot: the others are not even scheduled.
    """

    def __init__(
        self, config: EngineConfig, tasks: Tasks, journal: Journal, process: ProcessLock
    ) -> None:
        self._config = config
        self._tasks = tasks
        self._journal = journal
        self._process = process
        self._lines: dict[Kind, list[_Place]] = {kind: [] for kind in Kind}
        self._numbers = itertools.count()

    def join(self, task: Task, effect: TakeSlot) -> None:
        """Let a task wait for a slot; one that needs none continues at once."""
        due = self._config.clock() + effect.after
        if effect.kind is None:
            self._tasks.schedule(task, due)
            return
        number = next(self._numbers)
        place = _Place(task.job.created_at, task.job.id, number, task, effect, due)
        heapq.heappush(self._lines[effect.kind], place)
        self._tasks.schedule(task, due if self._first(effect.kind) is place else math.inf)

    def leave(self, effect: Effect[Any] | None) -> None:
        """Note that a task no longer waits for this effect: another one may be the first now."""
        if isinstance(effect, TakeSlot) and effect.kind is not None:
            self.wake_first(effect.kind)

    def take(self, task: Task, effect: TakeSlot) -> bool:
        """Take a slot if the task is the first in line; return whether there was one."""
        if effect.kind is not None:
            first = self._first(effect.kind)
            if first is None or first.task is not task:
                self._tasks.schedule(task, math.inf)
                return False
        most = self._config.slots[effect.kind] if effect.kind else 0
        if self._journal.take_slot(task.job.id, effect.kind, most, self._process):
            return True
        self._tasks.schedule(task, self._config.clock() + CHECK_INTERVAL)
        return False

    def wake_first(self, kind: Kind) -> None:
        """Let the first in line try now, or as soon as it may if Mint has just refused it."""
        first = self._first(kind)
        if first is not None:
            self._tasks.schedule(first.task, max(first.not_before, self._config.clock()))

    def _first(self, kind: Kind) -> _Place | None:
        line = self._lines[kind]
        while line:
            task, effect = line[0].task, line[0].effect
            if self._tasks.is_running(task) and task.effect is effect:
                return line[0]
            heapq.heappop(line)
        return None


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
