# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue: how many jobs of a kind are sent at once, and which one is next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.engine import task
from mint_blender.jobs.engine.workflow_runner import DECISION_CHECK_INTERVAL
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.mint.schema import Kind

from .engine_harness import EngineHarness
from .workflow_harness import a_job, operation


def queue_up(count: int, kind: Kind = Kind.MODEL) -> list[Job]:
    """Return jobs created one after the other."""
    return [
        replace(a_job(f"number {number}", kind=kind), created_at=1000.0 + number)
        for number in range(count)
    ]


def named(engine: EngineHarness) -> list[str]:
    """Return the starts that Mint received, in order."""
    return [which for _, what, which in engine.mint.asked if what == "start"]


@pytest.mark.covers("C18-ten")
def test_the_eleventh_model_waits_and_a_world_does_not(engine: EngineHarness) -> None:
    """Ten models and ten worlds are sent at once, the eleventh of a kind is not."""
    engine.mint.says = lambda what, which: operation("running", id=which.replace("number ", "op_"))
    jobs = queue_up(11)
    engine.add(*jobs)
    engine.run(60)
    assert named(engine) == [f"number {number}" for number in range(10)]
    assert engine.job(jobs[10]).phase is Phase.WAITING
    engine.add(a_job("a world", kind=Kind.WORLD))
    engine.run(1)
    assert named(engine)[-1] == "a world"


def test_slots_are_given_in_order_of_creation(home: Path) -> None:
    """A free slot goes to the oldest job, in whatever order the scheduler got them."""
    engine = EngineHarness(home, slots={Kind.MODEL: 1, Kind.WORLD: 1})
    over = [False]
    engine.mint.says = lambda what, which: operation(
        "canceled" if over[0] and what == "poll" else "running", id=which.replace("number ", "op_")
    )
    jobs = queue_up(5)
    engine.add(jobs[0])
    engine.run(1)
    engine.add(*reversed(jobs[1:]))
    engine.run(20)
    assert named(engine) == ["number 0"]
    over[0] = True
    engine.run(200)
    assert named(engine) == [f"number {number}" for number in range(5)]
    starts = {which: at for at, what, which in engine.mint.asked if what == "start"}
    ends = {which: at for at, what, which in engine.mint.asked if what == "poll" and at > 1021}
    assert starts["number 2"] == ends["op_1"], "the next one does not wait for its own next look"
    engine.close()


def test_a_slot_released_by_another_process_is_found(home: Path) -> None:
    """The first queued job checks every few seconds, and the others keep their order."""
    engine = EngineHarness(home, slots={Kind.MODEL: 1, Kind.WORLD: 1})
    other = EngineHarness(home)
    blocker = a_job("number 9")
    other.add(blocker)
    other.run(1)
    jobs = queue_up(3)
    engine.add(*jobs)
    engine.run(30)
    assert named(engine) == []
    other.mint.says = lambda what, which: operation("canceled")
    other.run(30)
    engine.run(task.CHECK_INTERVAL)
    assert named(engine) == ["number 0"]
    engine.close()
    other.close()


def test_the_next_job_takes_the_slot_of_a_canceled_one_at_once(
    home: Path,
) -> None:
    """The first queued job is canceled by another process just before a slot is free."""
    engine = EngineHarness(home, slots={Kind.MODEL: 1, Kind.WORLD: 1})
    other = EngineHarness(home)
    other.add(a_job("number 9"))
    other.run(1)
    jobs = queue_up(2)
    engine.add(*jobs)
    engine.run(1)
    other.journal.decide(jobs[0].id, Decision(Verb.CANCEL, "elsewhere"))
    other.mint.says = lambda what, which: operation("canceled")
    other.run(30)
    engine.run(DECISION_CHECK_INTERVAL)
    assert (engine.job(jobs[0]).phase, named(engine)) == (Phase.CANCELED, ["number 1"])
    engine.close()
    other.close()
