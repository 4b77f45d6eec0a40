# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of random steps finds what was paid twice, lost or placed twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from tests.mint_service.records import Operation

from . import judge
from .steps import WEIGHTS, steps

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


def test_a_start_for_each_click_is_right() -> None:
    """Two clicks may start two operations, and so may a click and a retry."""
    mine = job()
    two = [operation(), operation(id="3")]
    assert judge.paid_twice(facts("start", "start"), {mine.id: mine}, two) == []
    clicks = [*facts("start"), *facts("retry", of=mine.id)]
    assert judge.paid_twice(clicks, {mine.id: mine}, two) == []


def test_more_starts_than_clicks_are_found() -> None:
    """One click has started two operations."""
    (found,) = judge.paid_twice(facts("start"), {}, [operation(), operation(id="3")])
    assert found == f"2 operations for 1 clicks: {PROMPT}"


def test_more_previews_than_revisions_are_found() -> None:
    """Nobody has asked for this Preview."""
    mine = job()
    click = {"what": "revise", "job": "another", "feedback": "in green"}
    sent = [operation(feedback=["in green"])]
    (found,) = judge.paid_twice([*facts("start"), click], {mine.id: mine}, sent)
    assert found.startswith("1 revisions for 0 clicks")


def test_feedback_that_nobody_has_written_is_found() -> None:
    """A text that was written is sent as it is, or not at all."""
    mine = job()
    click = {"what": "revise", "job": mine.id, "feedback": "in green"}
    sent = [operation(feedback=["in green"])]
    jobs, start = {mine.id: mine}, facts("start")
    assert judge.paid_twice([*start, click], jobs, sent) == []
    (found,) = judge.paid_twice([*start, {**click, "feedback": "in gre"}], jobs, sent)
    assert found == "nobody has written {'in green'}"


def test_more_optimizations_than_clicks_are_found() -> None:
    """An optimization is counted by the model that it is about."""
    optimization = operation(type="model_optimization", resource="2")
    assert judge.paid_twice(facts("optimize"), {}, [optimization]) == []
    assert judge.paid_twice([], {}, [optimization]) == ["1 follow-ups for 0 clicks: 2"]


def test_a_motion_that_is_paid_twice_is_found() -> None:
    """The same words for the same model are paid once, however often they are clicked."""
    walk = operation(type="model_animation", resource="2")
    clicks = [{"what": "animate", "asset": "2", "motions": ["walk"]}] * 2
    assert judge.paid_twice(clicks, {}, [walk]) == []
    assert judge.paid_twice(clicks, {}, [walk, walk]) == ["2 follow-ups for 1 clicks: 2"]


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


def test_a_torn_fact_is_left_out(tmp_path: Path) -> None:
    """A killed process may leave half a line."""
    (tmp_path / "facts.jsonl").write_text('{"what": "kill"}\n{"wha', encoding="utf-8")
    assert judge.read_facts(tmp_path) == [{"what": "kill"}]


def test_a_seed_gives_its_steps() -> None:
    """They are the same each time, others for another seed, and each kind is among them."""
    first = list(islice(steps(1), 3000))
    assert first == list(islice(steps(1), 3000)) != list(islice(steps(2), 3000))
    assert {each.name for each in first} == set(WEIGHTS)
