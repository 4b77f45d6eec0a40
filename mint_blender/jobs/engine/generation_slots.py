# SPDX-License-Identifier: GPL-3.0-or-later
"""Which job gets the next slot: Mint runs a limited number of generations at a time."""

from __future__ import annotations

import heapq
import itertools
import math
from typing import NamedTuple

from ...mint.schema import Kind
from ..storage.job_locks import ProcessLock
from ..storage.journal import Journal
from ..workflow.effects import AnyEffect, TakeSlot
from .config import EngineConfig
from .task import Task, Tasks

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

    def leave(self, effect: AnyEffect | None) -> None:
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
