# SPDX-License-Identifier: GPL-3.0-or-later
"""What judges random steps: nothing is paid twice, lost or placed twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from tests.mint_service.records import Operation

from . import judge

pytestmark = [pytest.mark.blender, pytest.mark.nightly]

PROMPT = "a lamp"


def operation(**changes: Any) -> Operation:
    """Return a generation that Mint has worked on, and that Credits were spent for."""
    made = Operation("1", "model_generation", "auto", PROMPT)
    return replace(made, finalized=248.0, **changes)


def job() -> Job:
    """Return the job of that prompt."""
    return new_job(GenerationRequest(Kind.MODEL, PROMPT), Delivery(), now=0.0)


def facts(*words: str, of: str = "1") -> list[dict[str, Any]]:
    """Return facts about one job."""
    return [{"what": word, "job": of, "prompt": PROMPT, "asset": "2"} for word in words]


MINE = job()
JOBS = {MINE.id: MINE}
TWO = [operation(), operation(id="3")]
REVISION = {"what": "revise", "job": MINE.id, "feedback": "in green"}
REVISED = [operation(feedback=["in green"])]
OPTIMIZATION = [operation(type="model_optimization", resource="2")]
WALK = [operation(type="model_animation", resource="2")]
WALKS = [{"what": "animate", "asset": "2", "motions": ["walk"]}] * 2


@pytest.mark.parametrize(
    ("clicks", "operations", "broken"),
    [
        (facts("start", "start"), TWO, []),
        ([*facts("start"), *facts("retry", of=MINE.id)], TWO, []),
        (facts("start"), TWO, [f"2 operations for 1 clicks: {PROMPT}"]),
        ([*facts("start"), REVISION], REVISED, []),
        (
            [*facts("start"), {**REVISION, "job": "another"}],
            REVISED,
            [f"1 revisions for 0 clicks: {PROMPT}"],
        ),
        (
            [*facts("start"), {**REVISION, "feedback": "in gre"}],
            REVISED,
            ["nobody has written {'in green'}"],
        ),
        (facts("optimize"), OPTIMIZATION, []),
        ([], OPTIMIZATION, ["1 follow-ups for 0 clicks: 2"]),
        (WALKS, WALK, []),
        (WALKS, WALK * 2, ["2 follow-ups for 1 clicks: 2"]),
    ],
)
def test_what_is_paid_twice_is_found(
    clicks: list[dict[str, Any]], operations: list[Operation], broken: list[str]
) -> None:
    """Mint has at most one operation, Preview or motion for each click, with the words that were sent."""
    assert judge.paid_twice(clicks, JOBS, operations) == broken


def test_a_lost_job_and_its_operation_are_found() -> None:
    """The journal does not know what was clicked, and nobody knows what was paid for."""
    found = judge.lost(facts("made"), {}, [operation(status="running")])
    assert found == ["the job 1 is gone", f"no job knows the operation 1 (running): {PROMPT}"]


def test_a_failed_operation_is_forgotten_when_the_job_is_tried_again() -> None:
    """Nothing was paid for it, and the job follows the new one."""
    mine = job()
    jobs, failed = {mine.id: mine}, operation(status="failed")
    retry = [*facts("made", of=mine.id), *facts("retry", of=mine.id)]
    assert judge.lost(retry[:1], jobs, [failed]) != []
    assert judge.lost(retry, jobs, [failed]) == []
    assert judge.lost(retry, jobs, [operation(status="succeeded")]) != []


def test_a_result_is_placed_once() -> None:
    """A second time needs a click, or a kill before the journal knew of the first one."""
    once = facts("placing", "placed")
    assert judge.placed_twice([*once, *facts("place"), *once]) == []
    assert judge.placed_twice([*once, {"what": "kill"}, *once]) == []
    again = [*once, *facts("recorded"), {"what": "kill"}, *once]
    assert judge.placed_twice(again) == ["the result of 1 was placed 2 times"]
    assert judge.placed_twice([*once, *once]) == ["the result of 1 was placed 2 times"]
