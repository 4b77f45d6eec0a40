# SPDX-License-Identifier: GPL-3.0-or-later
"""What a retry will cost: it is priced as what it is, and counts from the click on, not only when
Mint has answered.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mint_blender.jobs.budget import spending
from mint_blender.jobs.budget.spending import Limits, committed, entry
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.new_jobs import new_attempt, new_conversion, new_fetch
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.queries import OptimizationPrice, Price, prices_of_retry
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Asset, Estimate, Format, Kind, OptimizationLevel

from .fast_config import fast_config
from .workflow_harness import WorkflowHarness, a_job, asset, decided, operation

LIGHT = OptimizationLevel.LIGHT
BROKEN = Asset.from_json(Kind.MODEL, {"id": "res_7", "prompt": "a lamp", "status": "failed"})
NEVER = Delivery()
DAY = 24 * 3600.0


def failed(**more: object) -> Job:
    """A generation of yesterday that failed at Mint, at no cost."""
    run = operation("failed", credits={"reserved": 0, "finalized": 0})
    return replace(a_job(), phase=Phase.FAILED, operation=run, created_at=time.time() - DAY, **more)  # type: ignore[arg-type]


def imported(model: Asset, optimize: OptimizationLevel | None = None) -> Job:
    """Something of the library that could not be brought."""
    return replace(new_fetch(model, NEVER, now=1.0, optimize=optimize), phase=Phase.FAILED)


def clicked(
    job: Job, at: float, estimate: float | None, optimize_estimate: float | None = None
) -> Job:
    """The job after a click on Retry at that time, of which one knew this price."""
    return replace(
        job, decision=Decision(Verb.RETRY, "click-retry", None, at, estimate, optimize_estimate)
    )


@pytest.mark.parametrize(
    ("job", "prices"),
    [
        (failed(), (Price.of(failed().request),)),
        (failed(optimize=LIGHT), (Price.of(failed().request), OptimizationPrice())),
        (imported(asset(), LIGHT), (OptimizationPrice("res_1"),)),
        (imported(asset()), ()),
        (imported(BROKEN), (Price.of(imported(BROKEN).request),)),
        (imported(BROKEN, LIGHT), (Price.of(imported(BROKEN).request), OptimizationPrice())),
        (new_conversion(asset(), (Format.FBX,), NEVER, now=1.0), (None,)),
    ],
)
def test_what_it_is_priced_as(job: Job, prices: tuple[object, ...]) -> None:
    """A model that Mint could not make is made anew, whatever was wanted of it; one that is there
    is only optimized.
    """
    assert prices_of_retry(job) == prices


@pytest.mark.parametrize(
    ("job", "credits"),
    [
        (clicked(failed(), 1.0, 248.0), 248),
        (clicked(failed(estimate=200.0), 1.0, None), 200),
        (clicked(failed(estimate=200.0, optimize=LIGHT), time.time(), 248.0, 20.0), 268),
        (clicked(failed(paid_before=40.0), 1.0, 248.0), 288),
        (replace(clicked(failed(), 1.0, 248.0), phase=Phase.PAUSED), 248),
        (clicked(imported(BROKEN, LIGHT), 1.0, 248.0, 20.0), 268),
        (clicked(imported(asset(), LIGHT), 1.0, 20.0), 20),
        (clicked(new_attempt(BROKEN, NEVER, now=1.0), 1.0, 248.0), 248),
    ],
)
def test_it_counts_before_it_is_answered(job: Job, credits: float) -> None:
    """Before Mint has answered it counts as what is expected, on the day on which it is sent, and
    not as a failure.
    """
    assert committed(job) == credits
    counted = entry(job, [(Phase.FAILED, 2.0)], 5 * DAY)
    assert counted is not None
    assert (counted.at, counted.credits, counted.has_failed) == (5 * DAY, credits, False)


def test_looking_again_costs_nothing() -> None:
    """A retry that only fetches what is there is no generation."""
    assert entry(clicked(imported(asset()), 1.0, None), (), DAY) is None


def test_what_was_expected_at_the_click_stays_with_the_job() -> None:
    """Carried out, the new attempt is expected to cost what was said at that click; where nothing
    was said, what was known before.
    """
    run = WorkflowHarness(clicked(failed(estimate=200.0, optimize=LIGHT), time.time(), 248.0, 20.0))
    run.answer(operation("queued", id="op_2"))
    assert (run.job.estimate, run.job.optimize_estimate, run.job.decision) == (248, 20, None)
    assert committed(run.again().job) == 268
    run = WorkflowHarness(decided(failed(estimate=200.0), Verb.RETRY)).answer(
        operation("queued", id="op_2")
    )
    assert run.job.estimate == 200
    started_anew = WorkflowHarness(clicked(replace(failed(), operation=None), time.time(), 248.0))
    assert (started_anew.job.phase, committed(started_anew.job)) == (Phase.WAITING, 248)


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (clicked(failed(), 1.0, 248.0), "About 248 Credits"),
        (clicked(failed(paid_before=40.0), 1.0, 248.0), "About 288 Credits"),
        (clicked(failed(), 1.0, None), ""),
        (failed(), "Cost nothing"),
    ],
)
def test_the_card_tells_what_is_expected(job: Job, says: str) -> None:
    """From the click on it no longer says what the attempt before has cost."""
    assert presenter.cost(job) == says


def test_a_click_of_an_earlier_version_is_still_settled() -> None:
    """It was written without time and price, and is found again word for word when it has been
    answered.
    """
    text = '{"verb": "retry", "key": "k", "feedback": null}'
    decision = serialization.load_decision(text)
    assert decision is not None and serialization.dump_decision(decision) == text


# -- on the job service
# ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def job_service(quiet: JobService) -> JobService:
    """It knows what a lamp costs and what optimizing does."""
    quiet.queries.cache_answer(Price.of(failed().request), Estimate(None, 248.0, 248.0))
    quiet.queries.cache_answer(OptimizationPrice(), Estimate(None, 20.0, 20.0))
    quiet.queries.cache_answer(OptimizationPrice(BROKEN.id), Estimate(None, 20.0, 20.0))
    return quiet


def test_several_in_a_row_pass_no_limit(job_service: JobService, home: Path) -> None:
    """None of them has been answered yet: two at 248 fit under 500, a third does not; another
    process counts the same.
    """
    jobs = [replace(failed(), id=f"job-{number}") for number in range(3)]
    job_service.cache.add(*jobs)
    job_service.budget.limits = Limits(day=500)
    for job in jobs[:2]:
        job_service.retry(job.id)
    assert job_service.spending.today() == 496
    with pytest.raises(TooExpensive, match="With the 496 Credits spent today"):
        job_service.retry(jobs[2].id)
    assert job_service.job(jobs[2].id).decision is None
    days = job_service.spending.month().days
    assert [(day.date, day.credits) for day in days if day.credits] == [
        (spending.date_of(time.time()), 496)
    ]
    assert [(day.date, day.failed) for day in days if day.failed] == [
        (spending.date_of(time.time()) - timedelta(days=1), 1)
    ]
    other = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    assert other.spending.today() == 496
    assert other.close(20)


def test_a_model_that_failed_at_mint_is_a_whole_generation(job_service: JobService) -> None:
    """It was to be fetched and optimized: the retry makes it anew, which is more than the
    optimization.
    """
    job = imported(BROKEN, LIGHT)
    job_service.cache.add(job)
    job_service.budget.limits = Limits(each=267)
    with pytest.raises(TooExpensive, match="about 268 Credits, more than your limit of 267"):
        job_service.retry(job.id)
    job_service.budget.limits = Limits(each=268)
    job_service.retry(job.id)
    assert job_service.spending.today() == 268


def test_what_another_process_has_spent_counts(job_service: JobService, home: Path) -> None:
    """Also when it was written just now, and nobody has looked at the journal since."""
    job_service.budget.limits = Limits(day=300)
    paid = operation("succeeded", credits={"finalized": 248})
    journal = Journal(home)
    journal.add(replace(a_job(), phase=Phase.PLACED, operation=paid, created_at=time.time()))
    journal.close()
    with pytest.raises(TooExpensive, match="With the 248 Credits spent today"):
        job_service.start(failed().request)
