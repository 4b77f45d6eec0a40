# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows that are running: what each one waits for, and which is due next."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from ...files.errors import FileError
from ...mint.retry import FailureStreak
from ..job import Job
from ..job_values import PAID_VERBS, LocalFile
from ..workflow.effects import LOCAL, AnyEffect, Cancel, Pay
from ..workflow.run import Workflow


@dataclass(eq=False)
class Task:
    """One run of a job's workflow, for the scheduler's thread only. A job has one at a time."""

    job: Job  # as last committed
    workflow: Workflow
    serial: int  # number of this run: the workflow starts again after each decision
    wake_number: int  # number of the last Wake
    failures: FailureStreak  # of the effect
    effect: AnyEffect | None = None
    due: float = math.inf  # set by `Tasks.schedule`
    entry: int = 0  # number of its valid entry in the queue; 0 if there is none
    has_retry_after: bool = False  # Mint, or the file host, has said when to try again
    call: int | None = None  # number of its call that is in flight
    # a decision arrived while a call was in flight whose answer must not be lost
    has_new_decision: bool = False
    # a file that arrived while the workflow was busy with something else
    optional_file: LocalFile | FileError | None = None


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

        Nothing but LOCAL effects may be performed before `next_call`. Of several at the same time,
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


def is_decision(effect: AnyEffect | None) -> bool:
    """Return whether an effect sends what a person has just decided."""
    if isinstance(effect, Pay):
        return effect.call.verb in PAID_VERBS.values()
    return isinstance(effect, Cancel)


def _queue_of(effect: AnyEffect | None) -> _Queue:
    if is_decision(effect):
        return _Queue.DECISION
    return _Queue.LOCAL if isinstance(effect, LOCAL) else _Queue.CALL
