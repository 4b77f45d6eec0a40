# SPDX-License-Identifier: GPL-3.0-or-later
"""The expected costs of an optimization and of a retry, and how the limits count them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.budget import spending
from mint_blender.jobs.budget.spending import Limits, begun_at, committed, costs_nothing
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_attempt, new_conversion, new_fetch, new_request
from mint_blender.jobs.paid_requests.record import PaidVerb, of_asset
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import OptimizationPrice, Price, prices_of_click
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Estimate, Format, Kind, OptimizationLevel, Preset

from ..mint_service.runner import ThreadService
from .fast_config import account, fast_config
from .spending_helpers import paid_before
from .workflow_harness import Retry, WorkflowHarness, a_job, asset, operation, retried

LAMP = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)
LIGHT = OptimizationLevel.LIGHT
PRICES = (Price.of(LAMP), OptimizationPrice())
ESTIMATE = ("POST", "/v1/pricing:estimate")


def lamp(
    phase: Phase, *, paid: float | None = None, optimized: dict[str, object] | None = None
) -> Job:
    """Return a job priced at 248 for the model and 20 for its optimization.

    `optimized` is the operation of the optimization as Mint returns it.
    """
    job = replace(a_job(), phase=phase, optimize=LIGHT, estimate=248.0, optimize_estimate=20.0)
    if paid is not None:
        job = replace(job, operation=operation("running", credits={"reserved": paid}))
    run = operation(id="op_2", **optimized) if optimized is not None else None  # type: ignore[arg-type]
    return replace(job, optimization=run)


def at_mint(status: str, **credits: float) -> dict[str, object]:
    """Return an optimization as Mint returns it."""
    return {"status": status, "credits": credits} if credits else {"status": status}


@pytest.mark.parametrize(
    ("job", "credits"),
    [
        (lamp(Phase.WAITING), 268),
        (lamp(Phase.WORKING, paid=300), 320),
        (lamp(Phase.REVIEW, paid=248), 268),
        (lamp(Phase.FETCHING, paid=248), 268),
        (lamp(Phase.FETCHING, paid=248, optimized=at_mint("queued")), 268),
        (lamp(Phase.FETCHING, paid=248, optimized=at_mint("queued", reserved=0)), 268),
        (lamp(Phase.FETCHING, paid=248, optimized=at_mint("running", reserved=35)), 283),
        (lamp(Phase.READY, paid=248, optimized=at_mint("succeeded", finalized=35)), 283),
        (lamp(Phase.READY, paid=248, optimized=at_mint("failed", finalized=0)), 248),
        (lamp(Phase.READY, paid=248, optimized=at_mint("succeeded")), 268),
        (lamp(Phase.READY, paid=248), 248),
        (lamp(Phase.READY, optimized=at_mint("succeeded", finalized=35)), 283),
        (lamp(Phase.FETCHING, optimized=at_mint("running", reserved=35)), 283),
        (lamp(Phase.FAILED), 0),
        (lamp(Phase.CANCELED), 0),
    ],
)
def test_the_committed_credits_include_a_pending_optimization(job: Job, credits: float) -> None:
    """A skipped or failed optimization does not count."""
    assert committed(job) == credits


def test_the_card_shows_both_prices() -> None:
    """The card shows the sum before Mint returned any cost."""
    assert JobView(lamp(Phase.WAITING)).cost == "About 268 Credits"


def ordered(job: Job) -> Job:
    """Return a job with the paid request of its optimization."""
    request = new_request(of_asset(job.id), PaidVerb.OPTIMIZE, job.id, now=1.0)
    return replace(job, requests=(*job.requests, request))


def test_the_cost_of_the_last_optimization(home: Path) -> None:
    """The newest optimization with a known cost is used, not a failed one."""
    paid = [at_mint("succeeded", finalized=price) for price in (20, 35, 0)]
    free, *paid_jobs = (
        ordered(lamp(Phase.PLACED, optimized=each)) for each in (at_mint("succeeded"), *paid)
    )
    journal = Journal(home)
    journal.add(free)
    assert journal.last_optimization() is None
    journal.add(*paid_jobs)
    assert journal.last_optimization() == 35
    journal.dismiss(paid_jobs[1].id)
    assert journal.last_optimization() == 35, "it was paid for all the same"
    journal.close()


# -- on the job service


@pytest.fixture
def job_service(home: Path, service: ThreadService) -> Iterator[JobService]:
    """Yield a job service that may wait for a price and reads optimized files."""
    job_service = JobService(fast_config(home, readable=OPTIMIZED_NEEDS), account(service))
    job_service.ask_price = job_service.ask_and_wait
    yield job_service
    assert job_service.close(20)


def make_a_model(job_service: JobService) -> None:
    """Generate a model and return its id."""
    made = job_service.start(LAMP)
    job_service.watch([made.id])


@pytest.mark.parametrize("limits", [Limits(each=1000), Limits(day=1000)])
def test_an_unknown_price_is_not_within_a_limit(
    limits: Limits, job_service: JobService, service: ThreadService
) -> None:
    """Without a model Mint returns no price, so the job is refused until accepted."""
    job_service.budget.limits = limits
    with pytest.raises(
        TooExpensive,
        match=r"cannot be checked\. Mint sets the price of an optimization once there is a model\.",
    ) as caught:
        job_service.start(LAMP, optimize=LIGHT)
    assert caught.value.missing_prices == ()
    assert job_service.jobs() == [] and not service.operations()
    with job_service.budget.without_limits():
        job = job_service.start(LAMP, optimize=LIGHT)
    assert (job.estimate, job.optimize_estimate) == (248, None)


def test_an_existing_model_gives_the_price(job_service: JobService, service: ThreadService) -> None:
    """One model is used for the price, with one request.

    Generation and optimization together are compared with the limit per generation.
    """
    make_a_model(job_service)
    job_service.budget.limits = Limits(each=267)
    for _ in range(2):
        with pytest.raises(TooExpensive, match="about 268 Credits, more than your limit of 267"):
            job_service.start(LAMP, optimize=LIGHT)
    assert len(service.requests(*ESTIMATE)) == 2
    job_service.budget.limits = Limits(each=268)
    job = job_service.start(LAMP, optimize=LIGHT)
    assert (job.estimate, job.optimize_estimate) == (248, 20)
    assert job_service.start(LAMP).optimize_estimate is None
    job_service.watch([job.id])
    assert job_service.job(job.id).cost == 268


def test_a_model_without_an_optimized_file_is_preferred_for_the_price(
    job_service: JobService, service: ThreadService
) -> None:
    """An optimized model may have no price, so it is used only if there is no other."""
    make_a_model(job_service)
    plain = service.resources()[0].id
    made = job_service.start(replace(LAMP, prompt="a lamp [already-optimized]"))
    job_service.watch([made.id])
    job_service.ask_and_wait(OptimizationPrice())
    asked = service.requests(*ESTIMATE)[-1].body
    assert asked == {"operation": "model_optimization", "modelId": plain}
    assert job_service.budget.price(OptimizationPrice()) == 20


def test_both_prices_are_requested_together(job_service: JobService) -> None:
    """A window gets all unknown prices at once."""
    job_service.ask_price = None
    job_service.budget.limits = Limits(each=1000)
    with pytest.raises(TooExpensive) as caught:
        job_service.start(LAMP, optimize=LIGHT)
    assert caught.value.missing_prices == PRICES
    job_service.ask_and_wait(PRICES[0])
    with pytest.raises(TooExpensive) as caught:
        job_service.start(LAMP, optimize=LIGHT)
    assert caught.value.missing_prices == PRICES[1:]


def test_the_last_cost_is_used_when_mint_returns_no_price(
    home: Path, service: ThreadService
) -> None:
    """The cost is read from the journal, by another process too."""
    job_service = JobService(fast_config(home, readable=OPTIMIZED_NEEDS), account(service))
    job = job_service.start(LAMP, optimize=LIGHT)
    job_service.watch([job.id])
    assert job_service.budget.price(OptimizationPrice()) == 20
    assert job_service.close(20)
    later = JobService(fast_config(home, readable=OPTIMIZED_NEEDS), account(service))
    later.ask_price = later.ask_and_wait
    later.ask_and_wait(Price.of(LAMP))
    service.scenario(
        answers=[{"method": "POST", "path": ESTIMATE[1], "times": 1, "answer": {"status": 404}}]
    )
    later.budget.limits = Limits(each=267)
    with pytest.raises(TooExpensive, match="about 268 Credits"):
        later.start(LAMP, optimize=LIGHT)
    later.budget.limits = Limits(each=268)
    assert later.start(LAMP, optimize=LIGHT).optimize_estimate == 20
    assert later.close(20)


# -- the expected cost of a retry, which counts from the click on


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
def priced(offline: JobService) -> JobService:
    """Yield a job service that knows the prices of a model and of its optimization."""
    offline.queries.cache_answer(Price.of(failed().request), Estimate(None, 248.0, 248.0))
    offline.queries.cache_answer(OptimizationPrice(), Estimate(None, 20.0, 20.0))
    offline.queries.cache_answer(OptimizationPrice(BROKEN.id), Estimate(None, 20.0, 20.0))
    return offline


def test_several_retries_stay_within_the_limit(priced: JobService, home: Path) -> None:
    """Two unanswered retries at 248 fit into 500, a third does not.

    Another process counts the same.
    """
    free = {"reserved": 0, "finalized": 0}
    runs = [operation("failed", resource=f"res_{each}", credits=free) for each in range(3)]
    jobs = [replace(failed(), operation=run) for run in runs]
    priced.cache.add(*jobs)
    priced.budget.limits = Limits(day=500)
    for job in jobs[:2]:
        priced.retry(job.id)
    assert priced.spending.today() == 496
    with pytest.raises(TooExpensive, match="With the 496 Credits spent today"):
        priced.retry(jobs[2].id)
    assert priced.job(jobs[2].id).phase is Phase.FAILED
    days = priced.spending.month().days
    assert [(day.date, day.credits) for day in days if day.credits] == [
        (spending.date_of(time.time()), 496)
    ]
    assert [(day.date, day.failed) for day in days if day.failed] == [
        (spending.date_of(time.time()) - timedelta(days=1), 1)
    ]
    other = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    assert other.spending.today() == 496
    assert other.close(20)


def test_a_model_that_failed_at_mint_is_a_whole_generation(priced: JobService) -> None:
    """Its retry counts the generation, not only the optimization."""
    job = imported(BROKEN, LIGHT)
    priced.cache.add(job)
    priced.budget.limits = Limits(each=267)
    with pytest.raises(TooExpensive, match="about 268 Credits, more than your limit of 267"):
        priced.retry(job.id)
    priced.budget.limits = Limits(each=268)
    priced.retry(job.id)
    assert priced.spending.today() == 268


@pytest.mark.parametrize(("optimize", "credits"), [(None, 0), (LIGHT, 20)])
def test_a_retry_that_fetches_is_no_generation(
    priced: JobService, optimize: OptimizationLevel | None, credits: float
) -> None:
    """What Mint has made is fetched again: only an optimization is paid."""
    job = imported(asset(), optimize)
    price = Estimate(None, 20.0, 20.0)
    priced.queries.cache_answer(OptimizationPrice("res_1"), price)
    priced.cache.add(job)
    priced.retry(job.id)
    after = priced.job(job.id)
    assert (after.phase, after.source_asset_id, after.requests) == (Phase.WAITING, "res_1", ())
    assert priced.spending.today() == credits
    assert costs_nothing(after) is (optimize is None)
