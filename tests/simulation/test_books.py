# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of words finds each false sentence and lost operation, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Problem
from mint_blender.jobs.phases import Phase
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Operation

from ..jobs.paid_requests import records
from ..mint_model.messages import Request
from . import books
from .clicks import PaidClick
from .options import Options
from .world import Violation, World

REFUSED = Problem(Cause.REFUSED, "Mint does not accept this request. Nothing was started.")
UNPAID = Problem(Cause.CREDITS, "Nothing was started. Buy Credits, then resume.")
UNSURE = Problem(Cause.REFUSED, "Mint may have started it, or else nothing was started.")
ELSEWHERE = Problem(Cause.REFUSED, "Nothing was sent.", code="started_elsewhere")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world in which the first key of the job was clicked."""
    made = World(1, tmp_path, Options(surprises=False))
    made.clicks.paid["k"] = PaidClick("job-1", "desk", 0.0, False)
    return made


def job(phase: Phase, problem: Problem | None = None) -> Job:
    """Return a job without an operation."""
    return Job("job-1", GenerationRequest(Kind.MODEL, "A lamp"), 0.0, phase=phase, problem=problem)


def request(key: str = "k") -> Request:
    """Return what the job sends."""
    headers = {
        "Authorization": "Bearer key-of-owner-1-secret",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    body = json.dumps({"prompt": "A lamp"}).encode()
    return Request("POST", "api.mint.gg", "/v1/models:generate", {}, headers, body)


def start(world: World, key: str = "k") -> Operation:
    """Let Mint start what the job has asked for, and return its answer."""
    answer = world._deliver(request(key))
    assert answer.status == 202
    return Operation.from_json(json.loads(answer.body))


@pytest.mark.parametrize(
    ("phase", "problem"), [(Phase.FAILED, REFUSED), (Phase.BILLING, UNPAID), (Phase.CANCELED, None)]
)
def test_a_false_sentence(world: World, phase: Phase, problem: Problem | None) -> None:
    """Mint has an operation of a job that said, in any way, that nothing was started."""
    start(world)
    world.books.note(world, job(phase, problem))
    with pytest.raises(Violation, match="false sentence"):
        books.check(world, [])


@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.CANCELED])
def test_what_is_started_later(world: World, phase: Phase) -> None:
    """A job that has ended is never started afterwards under the key that it had."""
    world.books.note(world, job(phase, REFUSED if phase is Phase.FAILED else None))
    world.run(100.0)
    start(world)
    with pytest.raises(Violation, match="false sentence"):
        books.check(world, [])


@pytest.mark.parametrize(
    ("phase", "problem"), [(Phase.FAILED, UNSURE), (Phase.PAUSED, ELSEWHERE), (Phase.WORKING, None)]
)
def test_other_sentences(world: World, phase: Phase, problem: Problem | None) -> None:
    """A job that says nothing about it, or that Mint may have started it, says nothing false."""
    named = replace(job(Phase.WORKING), operation=start(world))
    world.books.note(world, job(phase, problem))
    books.check(world, [named])


def test_what_is_resumed(world: World) -> None:
    """Who had too few Credits, was told so and resumes the job may start it under its key."""
    world.books.note(world, job(Phase.BILLING, UNPAID))
    world.run(100.0)
    books.check(world, [replace(job(Phase.WORKING), operation=start(world))])


def test_what_was_sent_before(world: World) -> None:
    """A request that was on its way while a person was told that nothing was started counts."""
    world._deliver_later(300.0, request())
    world.run(100.0)
    world.books.note(world, job(Phase.BILLING, UNPAID))
    world.run(300.0)
    with pytest.raises(Violation, match="false sentence"):
        books.check(world, [])


def test_a_lost_operation(world: World) -> None:
    """An operation that no job names is lost, unless it has ended and costs nothing."""
    operation = start(world)
    with pytest.raises(Violation, match="nobody knows the operation"):
        books.check(world, [])
    world.mint.operations.all[operation.id].status = "failed"
    books.check(world, [])


def test_a_foreign_operation(world: World) -> None:
    """A job that names the operation of another request takes what is not its own."""
    sent = records.sent(job="job-1")
    named = replace(job(Phase.WORKING), operation=start(world), requests=(sent,))
    other = replace(named, request=GenerationRequest(Kind.MODEL, "A chair"))
    books.check(world, [named])
    with pytest.raises(Violation, match="foreign operation"):
        books.check(world, [other])
