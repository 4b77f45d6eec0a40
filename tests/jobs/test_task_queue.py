# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of tasks returns what a look at every task would return."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mint_blender.jobs.engine.task import Task, Tasks
from mint_blender.jobs.paid_requests.record import PaidVerb
from mint_blender.jobs.paid_requests.send import PaidCall
from mint_blender.jobs.workflow.effects import (
    Cancel,
    Effect,
    Pay,
    Poll,
    ReadClaimedAssets,
    Step,
)
from mint_blender.mint.retry import DEFAULT, FailureStreak
from mint_blender.mint.schema import Kind

from .workflow_harness import a_job

EFFECTS: tuple[Effect[Any], ...] = (
    Poll("op"),
    ReadClaimedAssets(),
    Cancel("op"),
    Pay(PaidCall("key", PaidVerb.APPROVE, "op", Kind.MODEL, {})),
    Pay(PaidCall("key", PaidVerb.START, "", Kind.MODEL, {})),
)
DECISIONS = EFFECTS[2:4]
TIMES = st.sampled_from([0.0, 1.0, 2.0, 5.0, 9.0, math.inf])


def new_task(number: int) -> Task:
    """Return a task that does nothing."""

    def workflow() -> Iterator[Step]:
        yield from ()

    job = a_job(f"job {number}")
    return Task(job, workflow(), number, 0, FailureStreak(DEFAULT))  # type: ignore[arg-type]


def urgency(task: Task, next_call: float) -> tuple[float, bool, float]:
    """Return when a task is due, whether it is no decision, and how long it has waited."""
    due = task.due if (task.effect and task.effect.is_local) else max(task.due, next_call)
    return due, task.effect not in DECISIONS, task.due


@given(
    moves=st.lists(st.tuples(st.integers(0, 5), st.sampled_from([*EFFECTS, None]), TIMES)),
    next_call=st.sampled_from([0.0, 3.0]),
)
def test_the_first_task_is_the_most_urgent_one(
    moves: list[tuple[int, Effect[Any] | None, float]], next_call: float
) -> None:
    """Tasks are scheduled, scheduled again with other effects, and removed (no effect)."""
    tasks, known = Tasks(), [new_task(number) for number in range(6)]
    for number, effect, due in moves:
        task = known[number]
        if effect is None:
            tasks.remove(task)
            continue
        tasks.add(task)
        task.effect = effect
        tasks.schedule(task, due)
        waiting = [each for each in tasks if each.due != math.inf]
        found, first = tasks.first(next_call)
        if not waiting:
            assert (found, first) == (math.inf, None)
        else:
            best = min(urgency(each, next_call) for each in waiting)
            assert first is not None
            assert first in waiting
            assert (found, urgency(first, next_call)[0]) == (best[0], best[0])
            assert urgency(first, next_call) == best or (first.effect and first.effect.is_local)


def test_an_entry_is_dropped_when_its_task_is_scheduled_again() -> None:
    """A task that is polled for a day leaves nothing behind."""
    tasks, task = Tasks(), new_task(1)
    tasks.add(task)
    task.effect = EFFECTS[0]
    for now in range(1000):
        tasks.schedule(task, float(now))
        assert tasks.first(0.0) == (float(now), task)
    assert sum(map(len, tasks._queues.values())) == 1
