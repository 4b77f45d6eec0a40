# SPDX-License-Identifier: GPL-3.0-or-later
"""The expected cost of a retry, which counts from the click on."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mint_blender.jobs.budget import spending
from mint_blender.jobs.budget.spending import Limits, begun_at, committed, costs_nothing
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_attempt, new_conversion, new_fetch
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import OptimizationPrice, Price, prices_of_click
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Asset, Estimate, Format, Kind, OptimizationLevel

from .fast_config import fast_config
from .spending_helpers import paid_before
from .workflow_harness import Retry, WorkflowHarness, a_job, asset, operation, retried

LIGHT = OptimizationLevel.LIGHT
BROKEN = Asset.from_json(Kind.MODEL, {"id": "res_7", "prompt": "a lamp", "status": "failed"})
NEVER = Delivery()
DAY = 24 * 3600.0


def failed(**more: object) -> Job:
    """Return a generation that failed at Mint yesterday, at no cost."""
    run = operation("failed", credits={"reserved": 0, "finalized": 0})
    return replace(a_job(), phase=Phase.FAILED, operation=run, created_at=time.time() - DAY, **more)  # type: ignore[arg-type]


def imported(model: Asset, optimize: OptimizationLevel | None = None) -> Job:
    """Return a job that failed to import an asset of the library."""
    return replace(new_fetch(model, NEVER, now=1.0, optimize=optimize), phase=Phase.FAILED)


def clicked(
    job: Job, at: float, estimate: float | None, optimize_estimate: float | None = None
) -> Job:
    """Return the job after a click on Retry at that time, with a known price."""
    return retried(job, now=at).with_prices(estimate, optimize_estimate)


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
def test_a_retry_has_the_price_of_what_it_repeats(job: Job, prices: tuple[object, ...]) -> None:
    """A failed model is generated again; an existing one is only optimized."""
    assert prices_of_click(job, Verb.RETRY) == prices


@pytest.mark.parametrize(
    ("job", "credits"),
    [
        (clicked(failed(), 1.0, 248.0), 248),
        (clicked(failed(estimate=200.0), 1.0, None), 200),
        (clicked(failed(estimate=200.0, optimize=LIGHT), time.time(), 248.0, 20.0), 268),
        (clicked(paid_before(failed(), 40.0), 1.0, 248.0), 288),
        (clicked(imported(BROKEN, LIGHT), 1.0, 248.0, 20.0), 268),
        (clicked(new_attempt(BROKEN, NEVER, now=1.0), 1.0, 248.0), 248),
    ],
)
def test_a_retry_counts_before_mint_answered(job: Job, credits: float) -> None:
    """It counts with its expected price, on the day on which it is sent."""
    assert committed(job) == credits
    assert committed(replace(job, phase=Phase.PAUSED)) == credits
    assert begun_at(job, 5 * DAY) == 5 * DAY and not costs_nothing(job)


def test_the_price_at_the_click_is_kept() -> None:
    """Without one, the price known before is kept."""
    run = WorkflowHarness(clicked(failed(estimate=200.0, optimize=LIGHT), time.time(), 248.0, 20.0))
    run.answer().expect(Retry)
    run.answer(operation("queued", id="op_2"))
    assert (run.job.estimate, run.job.optimize_estimate) == (248, 20)
    assert committed(run.again().job) == 268
    run = WorkflowHarness(retried(failed(estimate=200.0))).answer()
    assert run.answer(operation("queued", id="op_2")).job.estimate == 200
    started_anew = WorkflowHarness(clicked(replace(failed(), operation=None), time.time(), 248.0))
    assert (started_anew.job.phase, committed(started_anew.job)) == (Phase.WAITING, 248)


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (clicked(failed(), 1.0, 248.0), "About 248 Credits"),
        (clicked(paid_before(failed(), 40.0), 1.0, 248.0), "About 288 Credits"),
        (clicked(failed(), 1.0, None), ""),
        (failed(), "No Credits charged"),
    ],
)
def test_the_card_shows_the_expected_cost(job: Job, says: str) -> None:
    """From the click on it no longer shows the cost of the last attempt."""
    assert JobView(job).cost == says


# -- on the job service


@pytest.fixture
def job_service(offline_job_service: JobService) -> JobService:
    """Yield a job service that knows the prices of a model and of its optimization."""
    offline_job_service.queries.cache_answer(
        Price.of(failed().request), Estimate(None, 248.0, 248.0)
    )
    offline_job_service.queries.cache_answer(OptimizationPrice(), Estimate(None, 20.0, 20.0))
    offline_job_service.queries.cache_answer(
        OptimizationPrice(BROKEN.id), Estimate(None, 20.0, 20.0)
    )
    return offline_job_service


def test_several_retries_stay_within_the_limit(job_service: JobService, home: Path) -> None:
    """Two unanswered retries at 248 fit into 500, a third does not.

    Another process counts the same.
    """
    free = {"reserved": 0, "finalized": 0}
    runs = [operation("failed", resource=f"res_{each}", credits=free) for each in range(3)]
    jobs = [replace(failed(), operation=run) for run in runs]
    job_service.cache.add(*jobs)
    job_service.budget.limits = Limits(day=500)
    for job in jobs[:2]:
        job_service.retry(job.id)
    assert job_service.spending.today() == 496
    with pytest.raises(TooExpensive, match="With the 496 Credits spent today"):
        job_service.retry(jobs[2].id)
    assert job_service.job(jobs[2].id).phase is Phase.FAILED
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
    """Its retry counts the generation, not only the optimization."""
    job = imported(BROKEN, LIGHT)
    job_service.cache.add(job)
    job_service.budget.limits = Limits(each=267)
    with pytest.raises(TooExpensive, match="about 268 Credits, more than your limit of 267"):
        job_service.retry(job.id)
    job_service.budget.limits = Limits(each=268)
    job_service.retry(job.id)
    assert job_service.spending.today() == 268


@pytest.mark.parametrize(("optimize", "credits"), [(None, 0), (LIGHT, 20)])
def test_a_retry_that_fetches_is_no_generation(
    job_service: JobService, optimize: OptimizationLevel | None, credits: float
) -> None:
    """What Mint has made is fetched again: only an optimization is paid."""
    job = imported(asset(), optimize)
    price = Estimate(None, 20.0, 20.0)
    job_service.queries.cache_answer(OptimizationPrice("res_1"), price)
    job_service.cache.add(job)
    job_service.retry(job.id)
    after = job_service.job(job.id)
    assert (after.phase, after.source_asset_id, after.requests) == (Phase.WAITING, "res_1", ())
    assert job_service.spending.today() == credits
    assert costs_nothing(after) is (optimize is None)
