# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows that are running: what each one waits for, and which is due next."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from ...files.errors import FileError
from ...mint.retry import FailureStreak
from ...mint.schema import Kind
from ..job import Job
from ..job_values import LocalFile
from ..storage.job_locks import ProcessLock
from ..storage.journal import Journal
from ..workflow.effects import Effect, TakeSlot
from ..workflow.run import Workflow
from .config import EngineConfig


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
        for queue, entries in self._queues.items():
            while entries and entries[0][1] != entries[0][2].entry:
                heapq.heappop(entries)
            if entries:
                due, entry, task = entries[0]
                at = due if queue is _Queue.LOCAL else max(due, next_call)
                heads.append((at, queue, due, entry, task))
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
        while line and not self._is_waiting(line[0]):
            heapq.heappop(line)
        return line[0] if line else None

    def _is_waiting(self, place: _Place) -> bool:
        return self._tasks.is_running(place.task) and place.task.effect is place.effect
