# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that hold: between processes, from the click to the send, and at every click that costs."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.budget.spending import Limits, committed, date_of, entry, spent_on
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.queries import Price
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Quote, Start, TakeSlot
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Estimate, Kind, Mode, Preset

from .other_process import OtherProcess
from .workflow_harness import WorkflowHarness, a_job, operation, problem

NOON = time.mktime((2026, 3, 5, 12, 0, 0, 0, 0, -1))
DAY = 24 * 3600.0
WORLD = GenerationRequest(Kind.WORLD, "a walled courtyard", Preset.STANDARD, Mode.REVIEW)
PRICE = Estimate(None, 150.0, 1650.0)


def at_preview(spent: float = 150.0, **more: Any) -> Job:
    """A World whose Preview waits, and has cost this."""
    run = operation(
        "preview_ready",
        type="world_generation",
        generationMode="review",
        credits={"finalized": spent, "reserved": 0},
    )
    job = replace(a_job(), request=WORLD, phase=Phase.REVIEW, operation=run, estimate=1650.0)
    return replace(job, created_at=time.time(), **more)


# -- one transaction
# -----------------------------------------------------------------------------------------------------------


def test_of_two_processes_at_the_same_moment_one_is_refused(home: Path) -> None:
    """The check and the new job are one transaction: what both could afford alone, only one of them
    starts.
    """
    with OtherProcess(home) as one, OtherProcess(home) as other:
        for process in (one, other):
            process.ask("open_offline")
        for spent in range(0, 1000, 100):
            at = time.time() + 0.05
            for process in (one, other):
                process.tell("start_within", spent + 150, 100, at)
            assert sorted([one.receive(), other.receive()]) == [False, True]


def test_a_job_of_another_service_is_counted_before_it_is_read(
    quiet: JobService, home: Path
) -> None:
    """What another job service has committed a moment ago counts, although nobody has caught up."""
    with OtherProcess(home) as other:
        other.ask("open_offline")
        assert other.ask("start_within", 150, 100, 0)
        quiet.budget.limits = Limits(day=150)
        request = GenerationRequest(Kind.MODEL, "a lamp")
        quiet.queries.cache_answer(Price.of(request), Estimate(None, 100.0, 100.0))
        with pytest.raises(TooExpensive, match="With the 100 Credits spent today"):
            quiet.start(request)
        assert not [
            job for job in quiet.jobs() if job.request == request and quiet.is_active(job.id)
        ]


# -- which day
# -----------------------------------------------------------------------------------------------------------------


def on(day: float, job: Job, *moves: tuple[Phase, float], now: float = NOON) -> float:
    """What a job is part of that day's sum with."""
    found = entry(job, moves, now)
    return spent_on([found] if found else [], date_of(day))


def test_a_queued_job_counts_on_the_day_it_is_sent() -> None:
    """Clicked yesterday and still in line: it will be paid today.

    Sent today: it is paid today, also tomorrow.
    """
    clicked = replace(a_job(), created_at=NOON - DAY, estimate=248.0)
    waits = ((Phase.WAITING, NOON - DAY),)
    assert on(NOON, clicked, *waits) == 248
    assert on(NOON - DAY, clicked, *waits) == 0
    sent = replace(clicked, phase=Phase.WORKING)
    moves = (*waits, (Phase.SENDING, NOON), (Phase.WORKING, NOON + 1))
    assert on(NOON, sent, *moves, now=NOON + DAY) == 248
    assert (
        on(NOON - DAY, sent, *moves, now=NOON + DAY)
        == on(NOON + DAY, sent, *moves, now=NOON + DAY)
        == 0
    )


def test_sent_twice_because_mint_was_full_counts_once_on_the_last_day() -> None:
    """Turned away and back in line: the first send has cost nothing."""
    moves = (
        (Phase.WAITING, NOON - DAY),
        (Phase.SENDING, NOON - DAY),
        (Phase.WAITING, NOON - DAY),
        (Phase.SENDING, NOON),
    )
    assert (
        on(
            NOON,
            replace(a_job(), created_at=NOON - DAY, phase=Phase.SENDING, estimate=248.0),
            *moves,
        )
        == 248
    )


def test_an_approved_job_counts_on_the_day_of_the_approval() -> None:
    """Most of its price is paid then; a Preview that is only canceled stays where it was paid."""
    moves = (
        (Phase.WAITING, NOON - DAY),
        (Phase.SENDING, NOON - DAY),
        (Phase.WORKING, NOON - DAY),
        (Phase.REVIEW, NOON - DAY),
    )
    job = replace(at_preview(), created_at=NOON - DAY)
    assert on(NOON, job, *moves) == 0
    assert on(NOON - DAY, job, *moves) == 150
    assert on(NOON, replace(job, decision=Decision(Verb.APPROVE, "key")), *moves) == 1650
    assert on(NOON, replace(job, phase=Phase.WORKING), *moves, (Phase.WORKING, NOON)) == 1650
    assert on(NOON - DAY, replace(job, phase=Phase.CANCELED), *moves, (Phase.CANCELED, NOON)) == 150


# -- clicks that cost
# ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (
            Limits(each=1649),
            "about 1,650 Credits, more than your limit of 1,649 Credits per generation",
        ),
        (
            Limits(day=2149),
            "about 1,500 Credits. With the 650 Credits spent today, that is more than your daily limit of 2,149 Credits",
        ),
        (Limits(each=1650, day=2150), None),
    ],
)
def test_approving_is_within_the_limits(
    quiet: JobService, limits: Limits, says: str | None
) -> None:
    """1,500 of a World's 1,650 Credits are spent then.

    What the Preview has cost today is not counted twice.
    """
    job = at_preview()
    other = replace(at_preview(500.0), phase=Phase.PLACED, id="other")
    quiet.cache.add(job, other)
    quiet.queries.cache_answer(Price.of(WORLD), PRICE)
    quiet.budget.limits = limits
    if says is None:
        quiet.approve(job.id)
    else:
        with pytest.raises(TooExpensive, match=says):
            quiet.approve(job.id)
    assert (quiet.job(job.id).decision is None) is (says is not None)
    if says is not None:
        with quiet.budget.without_limits():
            quiet.approve(job.id)
        assert quiet.spending.today() == 1650 + 500


def test_the_price_of_an_approval_is_asked_first(quiet: JobService) -> None:
    """Not known yet: whoever has a window is told what to ask; where Mint does not tell it, what
    was told at the click holds.
    """
    job = at_preview()
    quiet.cache.add(job)
    quiet.budget.limits = Limits(each=1650)
    with pytest.raises(TooExpensive) as caught:
        quiet.approve(job.id)
    assert caught.value.missing_prices == (Price.of(WORLD),)
    quiet.queries.cache_answer(Price.of(WORLD), Estimate(None, None, None))
    quiet.approve(job.id)


def test_revising_is_within_the_limits(quiet: JobService) -> None:
    """Another Preview is paid for: 150 Credits more, not the whole World."""
    job = at_preview()
    quiet.cache.add(job)
    quiet.queries.cache_answer(Price.of(WORLD), PRICE)
    quiet.budget.limits = Limits(each=299)
    with pytest.raises(TooExpensive, match="about 300 Credits"):
        quiet.revise(job.id, "more ivy")
    quiet.budget.limits = Limits(each=300)
    quiet.revise(job.id, "more ivy")


def test_without_a_limit_a_click_asks_for_no_price(quiet: JobService) -> None:
    """No limit of the user, none of the job: it is decided at once."""
    job = at_preview(estimate=None)
    quiet.cache.add(job)
    quiet.approve(job.id)
    assert committed(quiet.job(job.id)) == 150


# -- a job's own limit
# ---------------------------------------------------------------------------------------------------------


def test_a_jobs_own_limit_is_kept_at_every_click(quiet: JobService) -> None:
    """Whoever goes on with it; a new limit is one the user says, and who goes beyond it knowingly
    lifts it for good.
    """
    job = at_preview(max_credits=1000.0)
    quiet.cache.add(job)
    quiet.queries.cache_answer(Price.of(WORLD), PRICE)
    with pytest.raises(
        TooExpensive, match=r"about 1,650 Credits in total, more than its limit of 1,000 Credits\."
    ):
        quiet.approve(job.id)
    quiet.revise(job.id, "more ivy")
    assert quiet.job(job.id).max_credits == 1000

    second = replace(at_preview(max_credits=1000.0), id="second")
    quiet.cache.add(second)
    quiet.set_limit(second.id, 1650.0)
    quiet.approve(second.id)

    third = replace(at_preview(max_credits=1000.0), id="third")
    quiet.cache.add(third)
    with quiet.budget.without_limits():
        quiet.approve(third.id)
    assert quiet.job(third.id).max_credits is None


def test_a_retry_adds_to_what_the_job_has_cost(quiet: JobService) -> None:
    """The limit is for the job in all: two attempts are more than one."""
    failed = replace(
        at_preview(500.0),
        phase=Phase.FAILED,
        operation=operation("failed", credits={"finalized": 500}),
        max_credits=2000.0,
    )
    quiet.cache.add(failed)
    quiet.queries.cache_answer(Price.of(WORLD), PRICE)
    with pytest.raises(TooExpensive, match="about 2,150 Credits in total"):
        quiet.retry(failed.id)
    quiet.set_limit(failed.id, 2150.0)
    quiet.retry(failed.id)


def run(job: Job, *, now: float = NOON) -> WorkflowHarness:
    """A run of the job at some time."""
    return WorkflowHarness(job, WorkflowConfig(now=lambda: now))


def waiting(**more: Any) -> Job:
    """A job in line, clicked at noon for 248 Credits, that may cost 300 in all."""
    job = replace(a_job(), created_at=NOON, estimate=248.0, max_credits=300.0)
    return replace(job, **more)


def test_at_the_send_a_price_of_just_now_is_not_asked_again() -> None:
    """Within the limit, and known: the start is sent."""
    workflow = run(waiting()).answer(None)
    assert isinstance(workflow.effect, Start)


@pytest.mark.parametrize(("price", "is_sent"), [(300.0, True), (301.0, False), (None, True)])
def test_a_later_send_asks_the_price_again(price: float | None, is_sent: bool) -> None:
    """Resumed the next day: what it would cost now is held against the limit before anything is
    sent. A Mint that tells none: the click's.
    """
    workflow = run(waiting(), now=NOON + DAY).answer(None)
    assert isinstance(workflow.effect, Quote)
    workflow.answer(Estimate(None, price, price))
    if is_sent:
        assert isinstance(workflow.effect, Start)
    else:
        assert workflow.job.phase is Phase.PAUSED and workflow.job.first_sent_at is None
        assert workflow.job.problem is not None and workflow.job.problem.cause is Cause.CREDITS
        assert (
            "about 301 Credits in total, more than its limit of 300 Credits. Nothing was sent."
            in workflow.job.problem.message
        )
        assert isinstance(workflow.again().effect, TakeSlot)


def test_a_price_that_nobody_knows_is_not_within_a_jobs_limit() -> None:
    """Neither now nor at the click: it rests, and nothing is sent."""
    workflow = run(waiting(estimate=None)).answer(None).answer(Estimate(None, None, None))
    assert workflow.job.phase is Phase.PAUSED
    workflow = run(waiting(estimate=None)).answer(None).fail(problem(403))
    assert workflow.job.phase is Phase.PAUSED


def test_a_start_that_may_have_been_sent_is_repeated() -> None:
    """Its answer was lost: the same key costs nothing more, so no limit stands before it."""
    workflow = run(
        waiting(
            phase=Phase.SENDING, body={"prompt": "a lamp"}, first_sent_at=NOON, max_credits=1.0
        ),
        now=NOON + 60,
    )
    assert isinstance(workflow.effect, Start)


def test_a_job_that_stopped_at_its_limit_is_asked_about(quiet: JobService) -> None:
    """In a window Resume tells the price and the limit; who wants it all the same lifts the limit."""
    workflow = run(waiting(), now=NOON + DAY).answer(None).answer(Estimate(None, 301.0, 301.0))
    quiet.cache.add(workflow.job)
    with pytest.raises(TooExpensive) as caught:
        quiet.resume(workflow.job.id)
    assert caught.value.missing_prices == (Price.of(workflow.job.request),)
    quiet.queries.cache_answer(Price.of(workflow.job.request), Estimate(None, 301.0, 301.0))
    with pytest.raises(
        TooExpensive, match="about 301 Credits in total, more than its limit of 300"
    ):
        quiet.resume(workflow.job.id)
    assert not quiet.is_active(workflow.job.id)
    with quiet.budget.without_limits():
        quiet.resume(workflow.job.id)
    assert quiet.is_active(workflow.job.id) and quiet.job(workflow.job.id).max_credits is None


def test_a_job_whose_price_fell_again_goes_on(quiet: JobService) -> None:
    """What counts is the price now."""
    workflow = run(waiting(), now=NOON + DAY).answer(None).answer(Estimate(None, 301.0, 301.0))
    quiet.cache.add(workflow.job)
    quiet.queries.cache_answer(Price.of(workflow.job.request), Estimate(None, 300.0, 300.0))
    quiet.resume(workflow.job.id)
    assert quiet.is_active(workflow.job.id) and quiet.job(workflow.job.id).max_credits == 300
