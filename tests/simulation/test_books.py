# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of words finds each false sentence, lost operation and foreign one."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import UNANSWERED, Cause, Problem
from mint_blender.jobs.paid_requests.record import State
from mint_blender.jobs.phases import Phase
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Operation

from ..jobs.paid_requests import records
from ..jobs.workflow_harness import with_operation
from ..mint_model.messages import Request
from . import books
from .clicks import PaidClick
from .options import Options
from .world import Violation, World

IN_DOUBT = replace(records.sent(job="job-1"), key="k", looked_by="here", is_looked_for=True)
GIVEN_UP = replace(IN_DOUBT, closed=State.OVER)
REFUSED = Problem(Cause.REFUSED, "Mint does not accept this request. Nothing was started.")
UNPAID = Problem(Cause.CREDITS, "Nothing was started. Buy Credits, then resume.")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world in which the first key of the job was clicked."""
    made = World(1, tmp_path, Options(surprises=False))
    made.clicks.paid["k"] = PaidClick("job-1", "desk", 0.0, False)
    return made


def job(phase: Phase, problem: Problem | None = None) -> Job:
    """Return a job without an operation."""
    return Job("job-1", GenerationRequest(Kind.MODEL, "A lamp"), 0.0, phase=phase, problem=problem)


def start(world: World) -> Operation:
    """Let Mint start what the job has asked for, and return its answer."""
    headers = {
        "Authorization": "Bearer key-of-owner-1-secret",
        "Content-Type": "application/json",
        "Idempotency-Key": "k",
    }
    body = json.dumps({"prompt": "A lamp"}).encode()
    request = Request("POST", "api.mint.gg", "/v1/models:generate", {}, headers, body)
    return Operation.from_json(json.loads(world._deliver(request).body))


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


def test_a_lost_operation(world: World) -> None:
    """An operation that no job names is lost, unless it has ended and costs nothing."""
    operation = start(world)
    with pytest.raises(Violation, match="nobody knows the operation"):
        books.check(world, [])
    world.mint.operations.all[operation.id].status = "failed"
    books.check(world, [])


@pytest.mark.parametrize("code", [None, UNANSWERED, "other_key"])
def test_what_a_person_was_not_told_is_lost(world: World, code: str | None) -> None:
    """That a request was given up does not say that a person knows what it may have made."""
    start(world)
    problem = Problem(Cause.UNREACHABLE, "Mint may have started this.", code=code) if code else None
    asked = replace(job(Phase.PAUSED, problem), requests=(IN_DOUBT,))
    given_up = replace(asked, problem=None, requests=(GIVEN_UP,))
    world.books.note(world, asked)
    with nullcontext() if code else pytest.raises(Violation, match="nobody knows the operation"):
        books.check(world, [given_up])


def test_a_copy_of_the_journal_tells_it_again(world: World) -> None:
    """What is open in the copy may have been sent since; what was given up before is known."""
    start(world)
    problem = Problem(Cause.UNREACHABLE, "Mint may have started this.", code=UNANSWERED)
    asked = replace(job(Phase.PAUSED, problem), requests=(IN_DOUBT,))
    world.books.note(world, asked)
    world.books.restore(world, 0.0, {"k": ("job-1", "over")}, {"k": ("job-1", "over")})
    books.check(world, [replace(asked, problem=None)])
    world.books.restore(world, 0.0, {"k": ("job-1", "over")}, {"k": ("job-1", None)})
    with pytest.raises(Violation, match="nobody knows the operation"):
        books.check(world, [replace(asked, problem=None)])
    world.books.restore(world, 0.0, {"k": ("job-1", None)}, {})
    books.check(world, [])


def test_a_foreign_operation(world: World) -> None:
    """A job that names the operation of another request takes what is not its own."""
    sent = records.sent(job="job-1")
    named = with_operation(replace(job(Phase.WORKING), requests=(sent,)), start(world))
    other = replace(named, request=GenerationRequest(Kind.MODEL, "A chair"))
    books.check(world, [named])
    with pytest.raises(Violation, match="foreign operation"):
        books.check(world, [other])
