# SPDX-License-Identifier: GPL-3.0-or-later
"""Which job gets the next slot: Mint runs a limited number of generations at a time."""

from __future__ import annotations

from ...mint.schema import Kind
from ..storage.job_locks import ProcessLock
from ..storage.journal import Journal
from ..workflow.effects import TakeSlot
from .config import EngineConfig
from .task import Task

CHECK_INTERVAL = 5.0
"""Seconds until a waiting job checks again whether another process has freed a slot."""


class Slots:
    """The slots of each kind, first come, first served. For the scheduler's thread."""

    def __init__(
        self,
        config: EngineConfig,
        tasks: dict[str, Task],
        journal: Journal,
        process: ProcessLock,
    ) -> None:
        self._config = config
        self._tasks = tasks
        self._journal = journal
        self._process = process

    def take(self, task: Task, effect: TakeSlot) -> bool:
        """Take a slot if the job is first in the queue, else postpone the task.

        Returns whether there was a slot.
        """
        is_first = effect.kind is None or task is self._first(effect.kind)
        most = self._config.slots[effect.kind] if effect.kind else 0
        if is_first and self._journal.take_slot(task.job.id, effect.kind, most, self._process):
            return True
        task.due = self._config.clock() + CHECK_INTERVAL
        return False

    def wake_first(self, kind: Kind) -> None:
        """Let the first job in the queue try now, unless Mint has just refused it."""
        first = self._first(kind)
        if first is not None and first.effect is not None and not first.effect.after:
            first.due = self._config.clock()

    def _first(self, kind: Kind) -> Task | None:
        queued = [
            task
            for task in self._tasks.values()
            if isinstance(task.effect, TakeSlot) and task.effect.kind is kind
        ]
        return min(queued, key=lambda task: (task.job.created_at, task.job.id), default=None)
