# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows that are running: what each one waits for, and which is due next.

Jobs retry without a limit: they continue when Mint answers again. One job whose calls fail says
nothing about the others. When the calls of two jobs fail one after the other, without any answer in
between, there is an outage: then one call at a time probes Mint, at growing intervals, and the
first answer wakes all other jobs.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from ...files.errors import FileError
from ...message import Message
from ...mint.errors import MintError
from ...mint.retry import FailureStreak, RetryPolicy
from ..job import Job
from ..job_values import LocalFile
from ..workflow.effects import WITHOUT_MINT, Effect
from ..workflow.run import Workflow


@dataclass(eq=False)
class Task:
    """One run of a job's workflow, for the scheduler's thread only. A job has one at a time."""

    job: Job  # as last committed
    workflow: Workflow
    wake_number: int  # number of the last Wake
    failures: FailureStreak  # of the effect
    effect: Effect[Any] | None = None
    due: float = math.inf  # set by `Tasks.schedule`
    entry: int = 0  # number of its valid entry in the queue; 0 if there is none
    not_before: float = 0.0  # when it may take a slot
    has_retry_after: bool = False  # Mint, or the file host, has said when to try again
    is_calling: bool = False  # a call of it is in flight
    # a decision arrived while a call was in flight whose answer must not be lost
    has_new_decision: bool = False
    # a file that arrived while the workflow was busy with something else
    optional_file: LocalFile | FileError | None = None

    @property
    def is_interruptible(self) -> bool:
        """Whether no answer is awaited that may name what was started."""
        return not self.is_calling or (self.effect is not None and self.effect.is_read)


class Tasks(dict[str, Task]):
    """The tasks by job, and in order of time: the next one is found without looking at the others.

    A task that waits for something other than time costs nothing until it is scheduled again.
    """

    def __init__(self) -> None:
        super().__init__()
        # Heaps of due time, number of the entry, and task: of calls, and of what works without
        # Mint. An entry that is no longer valid stays until it comes first.
        self._calls: list[tuple[float, int, Task]] = []
        self._local: list[tuple[float, int, Task]] = []
        self._numbers = itertools.count(1)

    def is_running(self, task: Task) -> bool:
        """Return whether this is still the task of its job."""
        return self.get(task.job.id) is task

    def remove(self, task: Task) -> None:
        """Forget a task."""
        task.entry = 0
        if self.is_running(task):
            del self[task.job.id]

    def schedule(self, task: Task, due: float = math.inf) -> None:
        """Make the task's effect due at this time; at infinity, it waits for something else."""
        task.due = due
        task.entry = next(self._numbers)
        if due != math.inf:
            is_local = task.effect is not None and task.effect.lane in WITHOUT_MINT
            heapq.heappush(self._local if is_local else self._calls, (due, task.entry, task))

    def first(self, next_call: float) -> tuple[float, Task | None]:
        """Return when the most urgent effect may be performed, and its task.

        Nothing is sent to Mint before `next_call`. What has waited longest comes first.
        """
        heads: list[tuple[float, int, Task | None]] = [(math.inf, 0, None)]
        for entries, earliest in ((self._calls, next_call), (self._local, 0.0)):
            while entries and entries[0][1] != entries[0][2].entry:
                heapq.heappop(entries)
            if entries:
                due, entry, task = entries[0]
                heads.append((max(due, earliest), entry, task))
        at, _, first = min(heads, key=itemgetter(0, 1))
        return at, first


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

    @property
    def is_on(self) -> bool:
        """Whether the calls of several jobs fail."""
        return len(self._failing) >= OUTAGE_JOBS

    @property
    def next_call(self) -> float:
        """When the next call may be sent; 0 without an outage.

        While a probe is in flight, its answer decides; after `RetryPolicy.longest` seconds another
        one is sent, since a call may hang on a dead connection.
        """
        return self._next_probe if self.is_on else 0.0

    def sent(self, now: float) -> None:
        """Note that a call was sent; during an outage it is the probe."""
        if self.is_on:
            self._next_probe = now + self._policy.longest

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
        self._next_probe = 0.0
        return was_on
