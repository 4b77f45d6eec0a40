# SPDX-License-Identifier: GPL-3.0-or-later
"""A long waiting line costs no more than a short one: only its first job looks for a slot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.engine.task import CHECK_INTERVAL
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.mint.schema import Kind

from ..call_counts import calls_of
from .engine_harness import EngineHarness
from .test_scheduler_queue import named, queue_up
from .workflow_harness import operation, problem

ONE_SLOT = {Kind.MODEL: 1, Kind.WORLD: 1}


def statements_of(engine: EngineHarness, act: Callable[[], object]) -> list[str]:
    """Return the SQL statements that the scheduler executes."""
    connection, statements = engine.scheduler._runner.journal._db.connection, list[str]()
    connection.set_trace_callback(statements.append)
    try:
        act()
    finally:
        connection.set_trace_callback(None)
    return statements


@contextmanager
def waiting(home: Path, count: int) -> Iterator[EngineHarness]:
    """Return an engine in which one job runs and `count` others wait for its slot."""
    engine = EngineHarness(home, slots=ONE_SLOT)
    engine.mint.says = lambda what, which: operation("running", id=which.replace("number ", "op_"))
    engine.add(*queue_up(count + 1))
    engine.run(60)
    yield engine
    engine.close()


def test_waiting_costs_the_same_for_any_number_of_jobs(tmp_path: Path) -> None:
    """In ten minutes, 200 waiting jobs cause exactly as many calls and statements as 10."""
    costs = []
    for count in (10, 200):
        with waiting(tmp_path / str(count), count) as engine:
            calls = calls_of(partial(engine.run, 600))
            statements = len(statements_of(engine, partial(engine.run, 600)))
            assert named(engine) == ["number 0"]
        costs.append((calls, statements))
    assert costs[0] == costs[1]


def test_a_line_that_is_worked_off_costs_as_much_as_it_is_long(tmp_path: Path) -> None:
    """Four times as many jobs cause about four times as many calls, not sixteen times."""
    costs = []
    for count in (30, 120):
        engine = EngineHarness(tmp_path / str(count), slots=ONE_SLOT)
        engine.mint.says = lambda what, which: operation("canceled", id=which)
        engine.add(*queue_up(count))
        costs.append(calls_of(partial(engine.run, 3600)))
        assert len(named(engine)) == count
        engine.close()
    assert 3.5 < costs[1] / costs[0] < 4.5


def test_calls_go_on_while_others_wait(tmp_path: Path) -> None:
    """The job that has the slot is polled as often as without a line."""
    polls = []
    for count in (0, 50):
        with waiting(tmp_path / str(count), count) as engine:
            engine.run(600)
            polls.append(engine.mint.times("poll"))
    assert polls[0] == polls[1]


def test_polls_that_change_nothing_write_nothing(home: Path) -> None:
    """A running job is polled for ten minutes; the journal is only asked for decisions."""
    with waiting(home, 0) as engine:
        before = len(engine.mint.asked)
        statements = statements_of(engine, partial(engine.run, 600))
        assert len(engine.mint.asked) - before == 600 / 15
    assert set(statements) == {"PRAGMA data_version"}


@pytest.mark.parametrize("canceled", [0, 1])
def test_the_line_closes_up_when_a_job_is_canceled(home: Path, canceled: int) -> None:
    """Wherever the canceled job was, the next one is sent as soon as there is a slot."""
    with waiting(home, 3) as engine:
        jobs = engine.journal.jobs()
        first_three = sorted((job for job in jobs if job.phase is Phase.WAITING), key=_created)
        engine.journal.decide(first_three[canceled].id, Decision(Verb.CANCEL, "here"))
        engine.run(CHECK_INTERVAL)
        engine.mint.says = lambda what, which: operation("canceled", id=which)
        engine.run(600)
        expected = [f"number {number}" for number in range(4) if number != canceled + 1]
        assert named(engine) == expected


def test_a_refused_job_keeps_its_place(home: Path) -> None:
    """Mint has no room for the first in line: it tries again later, and nobody overtakes it."""
    engine = EngineHarness(home, slots={Kind.MODEL: 2, Kind.WORLD: 1})
    refusals = [problem(429, "concurrency-limit-reached") for _ in range(2)]

    def says(what: str, which: str) -> Any:
        if what == "start" and refusals:
            return refusals.pop()
        return operation("running", id=which)

    engine.mint.says = says
    engine.add(*queue_up(3))
    engine.run(120)
    starts = engine.mint.times("start", "number 0")
    assert named(engine)[-2:] == ["number 0", "number 1"]
    assert engine.mint.times("start", "number 1")[-1] >= starts[-1] > starts[0] + CHECK_INTERVAL
    engine.close()


def test_a_line_is_closed_in_one_commit(home: Path) -> None:
    """Blender quits with many jobs waiting: their locks are released together."""
    with waiting(home, 100) as engine:
        connection, statements = engine.scheduler._runner.journal._db.connection, list[str]()
        connection.set_trace_callback(statements.append)
    assert statements.count("COMMIT") == 1


def _created(job: Any) -> float:
    return float(job.created_at)
