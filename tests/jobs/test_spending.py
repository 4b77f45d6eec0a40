# SPDX-License-Identifier: GPL-3.0-or-later
"""What was spent, what may be spent, and what a job says that it cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.budget import spending
from mint_blender.jobs.budget.prices import COMPLAINT_LASTS, LASTS, Budget
from mint_blender.jobs.budget.spending import Limits, committed, entry, month, objection
from mint_blender.jobs.engine.thread_messages import QueryAnswered
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_fetch
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.queries import Balance, OptimizationPrice, Price
from mint_blender.jobs.service import JobService, NotPossible, TooExpensive
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import (
    Credits,
    Estimate,
    Kind,
    Mode,
    OptimizationLevel,
    PollResult,
    Preset,
    Usage,
)

from ..mint_service.runner import running_service
from .fast_config import account, fast_config
from .workflow_harness import WorkflowHarness, a_job, asset, decided, operation, working

LAMP = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)
TODAY = date(2026, 3, 5)
DAY = 24 * 3600.0
NOON = datetime(2026, 3, 5, 12).astimezone().timestamp()


def costing(
    phase: Phase, *, status: str = "running", estimate: float | None = None, **credits: float | None
) -> Job:
    """A job in some phase, of which Mint says this about Credits (nothing at all if none are
    given).
    """
    said = {"credits": credits} if credits else {}
    return replace(a_job(), phase=phase, operation=operation(status, **said), estimate=estimate)


# -- limits
# ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "limits", "spent", "says"),
    [
        (798, Limits(), 1e6, None),
        (None, Limits(), 0, None),
        (500, Limits(each=500), 0, None),
        (501, Limits(each=500), 0, "more than your limit of 500 Credits per generation"),
        (500, Limits(day=1000), 500, None),
        (
            501,
            Limits(day=1000),
            500,
            "With the 500 Credits spent today, that is more than your daily limit of 1,000 Credits",
        ),
        (100, Limits(each=500, day=1000), 950, "your daily limit"),
        (600, Limits(each=500, day=1000), 0, "per generation"),
        (None, Limits(each=500), 0, "your limit of 500 Credits per generation cannot be checked"),
        (None, Limits(day=1000), 0, "your daily limit of 1,000 Credits cannot be checked"),
    ],
)
def test_what_is_above_a_limit(
    price: float | None, limits: Limits, spent: float, says: str | None
) -> None:
    """Up to a limit nothing is said, above it a sentence names price and limit; an unknown price is
    not within a limit.
    """
    said = objection(price, limits, spent)
    assert said is None if says is None else says in (said or "")
    assert said is None or price is None or f"about {price:,.0f} Credits" in said


@pytest.mark.parametrize(
    ("job", "credits"),
    [
        (replace(a_job(), estimate=248.0), 248),
        (a_job(), 0),
        (costing(Phase.WORKING, estimate=248.0), 248),
        (costing(Phase.WORKING, estimate=248.0, reserved=0, finalized=0), 248),
        (costing(Phase.WORKING, estimate=248.0, reserved=300, finalized=0), 300),
        (costing(Phase.REVIEW, estimate=248.0, reserved=50), 50),
        (costing(Phase.BILLING, status="billing_required", estimate=248.0, reserved=0), 248),
        (costing(Phase.PLACED, status="succeeded", estimate=248.0, reserved=0, finalized=200), 200),
        (costing(Phase.PLACED, status="succeeded", estimate=248.0, reserved=0, finalized=0), 0),
        (costing(Phase.PLACED, status="succeeded", estimate=248.0), 248),
        (costing(Phase.FETCHING, status="succeeded", reserved=300, finalized=300), 300),
        (costing(Phase.FAILED, status="failed", estimate=248.0, reserved=0, finalized=0), 0),
        (costing(Phase.FAILED, status="failed", estimate=248.0, finalized=40), 40),
        (replace(a_job(), phase=Phase.FAILED, estimate=248.0), 0),
        (replace(a_job(), phase=Phase.CANCELED, estimate=248.0), 0),
        (replace(costing(Phase.WORKING, estimate=248.0), paid_before=40.0), 288),
        (replace(costing(Phase.WORKING, estimate=248.0, reserved=0), paid_before=40.0), 288),
        (replace(costing(Phase.WORKING, estimate=248.0, reserved=250), paid_before=40.0), 290),
        (replace(costing(Phase.PLACED, status="succeeded", estimate=248.0), paid_before=40.0), 288),
        (
            replace(
                costing(Phase.FAILED, status="failed", estimate=248.0, finalized=0),
                paid_before=40.0,
            ),
            40,
        ),
        (replace(a_job(), phase=Phase.WAITING, estimate=248.0, paid_before=40.0), 288),
    ],
)
def test_what_a_job_commits(job: Job, credits: float) -> None:
    """What Mint says counts; while it has said nothing, what was expected at the click; what came
    to nothing costs nothing.
    """
    assert committed(job) == credits


def test_a_retry_adds_up_and_counts_when_it_began() -> None:
    """A failed attempt that cost something is not forgotten by the retry, and the job counts on the
    day of the retry.
    """
    failed = costing(Phase.FAILED, status="failed", finalized=40, reserved=0)
    run = WorkflowHarness(decided(failed, Verb.RETRY)).answer(
        operation("running", id="op_2", credits={"reserved": 248, "finalized": 0})
    )
    assert run.job.cost == 40 + 248
    assert run.again().job.cost == 40 + 248
    run.answer(polled(run.job, reserved=0, finalized=248))
    assert run.job.cost == 40 + 248
    moves = [(Phase.WAITING, 1.0), (Phase.WORKING, 2.0), (Phase.FAILED, 3.0), (Phase.WORKING, NOON)]
    found = entry(run.job, moves, NOON + DAY)
    assert found is not None and found.at == NOON
    assert spending.spent_on([found], TODAY) == 288


def polled(job: Job, **credits: float) -> Any:
    """A poll of the job's present operation."""
    return PollResult(
        operation("running", id=job.operation.id if job.operation else "", credits=credits)
    )


def test_the_same_operation_is_not_counted_twice() -> None:
    """Each poll of one operation is the same money."""
    run = WorkflowHarness(
        replace(working(), operation=operation("running", credits={"finalized": 100}))
    )
    for _ in range(3):
        run.answer(polled(run.job, finalized=100))
    assert run.job.cost == 100


def test_an_optimization_is_part_of_the_cost() -> None:
    """Optimized as well: both operations count."""
    job = costing(Phase.PLACED, status="succeeded", finalized=248)
    assert (
        replace(job, optimization=operation("succeeded", id="op_2", credits={"finalized": 20})).cost
        == 268
    )


def test_what_is_only_fetched_is_no_generation() -> None:
    """Bringing something from the library costs nothing and is not counted; having it optimized is."""
    assert entry(new_fetch(asset(), Delivery(), now=NOON), (), NOON) is None
    optimized = entry(
        new_fetch(asset(), Delivery(), now=NOON, optimize=OptimizationLevel.LIGHT, estimate=20.0),
        (),
        NOON,
    )
    assert optimized is not None and optimized.credits == 20


@pytest.mark.parametrize(
    ("phase", "raw", "credits"),
    [
        (Phase.FETCHING, None, 20),
        (Phase.FETCHING, {"status": "running"}, 20),
        (Phase.FETCHING, {"status": "running", "credits": {"reserved": 35}}, 35),
        (Phase.READY, {"status": "succeeded", "credits": {"finalized": 35}}, 35),
        (Phase.READY, {"status": "succeeded"}, 20),
        (Phase.READY, {"status": "failed", "credits": {"finalized": 0}}, 0),
        (Phase.READY, None, 0),
    ],
)
def test_an_import_that_is_optimized_costs_its_optimization(
    phase: Phase, raw: dict[str, Any] | None, credits: float
) -> None:
    """What Mint says of it counts, before that what was expected, and nothing where it was left
    out.
    """
    job = replace(
        new_fetch(asset(), Delivery(), now=NOON, optimize=OptimizationLevel.LIGHT, estimate=20.0),
        phase=phase,
    )
    assert (
        committed(replace(job, optimization=operation(id="op_2", **raw) if raw else None))
        == credits
    )


def test_a_month() -> None:
    """Thirty days, oldest first, with those on which nothing happened; what is older is left out;
    the share is of what has ended.
    """
    day = 24 * 3600.0
    jobs = [
        replace(costing(Phase.PLACED, status="succeeded", finalized=200), created_at=NOON),
        replace(costing(Phase.FAILED, status="failed", finalized=0), created_at=NOON - 60),
        replace(costing(Phase.WORKING, reserved=300), created_at=NOON - 2 * day),
        replace(costing(Phase.CANCELED, status="canceled", finalized=0), created_at=NOON - 2 * day),
        replace(
            costing(Phase.PLACED, status="succeeded", finalized=10), created_at=NOON - 29 * day
        ),
        replace(
            costing(Phase.PLACED, status="succeeded", finalized=9999), created_at=NOON - 30 * day
        ),
    ]
    found = month([each for job in jobs if (each := entry(job, (), NOON))], TODAY)
    assert [each.date for each in found.days] == [
        TODAY - timedelta(days=back) for back in range(29, -1, -1)
    ]
    assert (found.count, found.credits, found.failed) == (5, 510, 1)
    assert found.failed_share == pytest.approx(1 / 3)
    assert [(each.count, each.credits, each.failed) for each in found.days if each.count] == [
        (1, 10, 0),
        (2, 300, 0),
        (2, 200, 1),
    ]


def test_an_empty_month_has_no_share() -> None:
    """Nothing ended: nothing failed, and no share of nothing is told."""
    assert month([], TODAY).failed_share is None
    assert len(month([], TODAY).days) == spending.DAYS


# -- words
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (costing(Phase.PLACED, status="succeeded", finalized=248, reserved=0), "248 Credits"),
        (costing(Phase.WORKING, reserved=1998, finalized=0), "1,998 Credits reserved"),
        (
            costing(Phase.READY, status="succeeded", finalized=0, reserved=248),
            "248 Credits reserved",
        ),
        (costing(Phase.WORKING, estimate=248.0), "About 248 Credits"),
        (replace(a_job(), estimate=248.0), "About 248 Credits"),
        (a_job(), ""),
        (
            costing(Phase.FAILED, status="failed", finalized=0, reserved=0, estimate=248.0),
            "Cost nothing",
        ),
        (costing(Phase.FAILED, status="failed", finalized=40, reserved=0), "40 Credits"),
        (costing(Phase.FAILED, status="failed"), ""),
        (replace(a_job(), phase=Phase.FAILED, estimate=248.0), ""),
        (replace(a_job(), phase=Phase.CANCELED, estimate=248.0), ""),
        (costing(Phase.CANCELED, status="canceled"), ""),
        (costing(Phase.CANCELED, status="canceled", finalized=None, reserved=None), ""),
        (costing(Phase.CANCELED, status="canceled", finalized=0), "Cost nothing"),
    ],
)
def test_the_cost_in_words(job: Job, says: str) -> None:
    """What is paid, what is held back and what is only expected are told apart; nothing is said
    where nobody knows.
    """
    assert presenter.cost(job) == says


# -- what is known
# -----------------------------------------------------------------------------------------------------------


def answered(
    query: Any, answer: Any, *, ago: float = 0.0, complaint: str | None = None
) -> QueryAnswered:
    """An answer of some seconds ago."""
    return QueryAnswered(
        query, answer, complaint, datetime.now().astimezone() - timedelta(seconds=ago)
    )


def test_an_old_price_is_asked_for_again() -> None:
    """A price is taken as known for an hour, what went wrong for half a minute."""
    query = Price.of(LAMP)
    estimate = Estimate(None, 248.0, 248.0)
    answers: dict[Any, QueryAnswered] = {}
    budget = Budget(answers)
    assert budget.known(query) is None
    answers[query] = answered(query, estimate, ago=LASTS - 60)
    assert budget.known(query) is not None
    answers[query] = answered(query, estimate, ago=LASTS + 60)
    assert budget.known(query) is None
    assert budget.price(query) == 248
    answers[query] = answered(query, None, complaint="no", ago=COMPLAINT_LASTS + 1)
    assert budget.known(query) is None


def test_a_price_belongs_to_kind_preset_and_mode() -> None:
    """What one costs says nothing about another."""
    budget = Budget({Price.of(LAMP): answered(Price.of(LAMP), Estimate(None, 248.0, 248.0))})
    assert budget.price(Price(Kind.MODEL, Preset.FAST, Mode.AUTO)) == 248
    for kind, preset, mode in (
        (Kind.WORLD, Preset.FAST, Mode.AUTO),
        (Kind.MODEL, Preset.STANDARD, Mode.AUTO),
        (Kind.MODEL, Preset.FAST, Mode.REVIEW),
    ):
        assert budget.price(Price(kind, preset, mode)) is None


def usage(available: float) -> Usage:
    """A balance."""
    return Usage(Credits(available, None, None, None), None, None)


def test_when_the_balance_suffices() -> None:
    """A balance that was read before the stop says nothing; afterwards it tells what is lacking
    still, and when nothing is.
    """
    job = replace(
        working(),
        phase=Phase.BILLING,
        operation=operation(
            "billing_required", billing={"requiredCredits": 798, "availableCredits": 90}
        ),
    )
    answers: dict[Any, QueryAnswered] = {}
    budget, now = Budget(answers), time.time()
    assert budget.missing(job, now) == 708
    answers[Balance()] = answered(Balance(), usage(798))
    assert budget.missing(job, now - 1) == 0
    assert budget.missing(job, now + 60) == 708
    answers[Balance()] = answered(Balance(), usage(700))
    assert budget.missing(job, now - 1) == 98
    unstarted = replace(a_job(), phase=Phase.BILLING, estimate=700.0)
    assert budget.missing(unstarted, now - 1) == 0
    assert budget.missing(unstarted, now + 60) is None
    assert budget.missing(replace(unstarted, estimate=None), now - 1) is None
    odd = replace(
        job,
        operation=operation(
            "billing_required", billing={"requiredCredits": 798, "availableCredits": 800}
        ),
    )
    assert budget.missing(odd, now + 60) is None


# -- on the job service
# ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def job_service(home: Path) -> Iterator[JobService]:
    """A job service on a Mint that makes nothing by itself."""
    with running_service(speed=1000, switches=["stuck"], cancel="everywhere") as service:
        job_service = JobService(fast_config(home), account(service))
        yield job_service
        assert job_service.close(20)


def test_a_price_that_nobody_has_asked_for(job_service: JobService) -> None:
    """With a limit, a start says which price has to be asked for first, and commits nothing; known,
    it is kept with the job.
    """
    job_service.budget.limits = Limits(each=300)
    with pytest.raises(TooExpensive) as caught:
        job_service.start(LAMP)
    assert caught.value.unasked == (Price.of(LAMP),)
    assert job_service.jobs() == []
    job_service.ask_and_wait(Price.of(LAMP))
    job = job_service.start(LAMP)
    assert job.estimate == 248
    with pytest.raises(TooExpensive, match="more than your limit of 300") as caught:
        job_service.ask_and_wait(Price.of(replace(LAMP, preset=Preset.STANDARD)))
        job_service.start(replace(LAMP, preset=Preset.STANDARD))
    assert caught.value.unasked == ()
    assert str(caught.value).endswith("Nothing was started.")
    assert len(job_service.jobs()) == 1


def test_a_day_counts_what_is_in_flight_and_what_was_dismissed(job_service: JobService) -> None:
    """Two at 248 fit under 500, a third does not, neither after the first two were dismissed;
    whoever was asked may go beyond.
    """
    job_service.budget.limits = Limits(day=500)
    job_service.ask_and_wait(Price.of(LAMP))
    begun = [job_service.start(LAMP).id, job_service.start(LAMP).id]
    assert job_service.spending.today() == 496
    with pytest.raises(TooExpensive, match="With the 496 Credits spent today"):
        job_service.start(LAMP)
    while any(job_service.job(job_id).cost != 248 for job_id in begun):
        job_service.next_event()
    assert job_service.spending.today() == 496
    with job_service.budget.beyond_limits():
        third = job_service.start(LAMP).id
    assert job_service.spending.today() == 744
    for job_id in (*begun, third):
        job_service.cancel(job_id)
    job_service.watch([*begun, third])
    assert job_service.spending.today() == 0  # canceled in time: Mint gave it back


def test_dismissed_jobs_stay_in_the_sum(home: Path) -> None:
    """What was taken off the list was paid for all the same; another job service on the same journal sees
    it too.
    """
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    job_service.allow_online(False)
    paid = replace(costing(Phase.PLACED, status="succeeded", finalized=248), created_at=time.time())
    job_service.cache.add(paid)
    assert job_service.spending.today() == 248
    job_service.dismiss(paid.id)
    assert job_service.spending.today() == 248
    other = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    assert other.spending.today() == 248
    assert other.spending.month().credits == 248
    assert job_service.close(5) and other.close(5)


def test_a_retry_is_within_the_limits_too(job_service: JobService) -> None:
    """A retry costs again: it is refused above a limit; a resume, which pays for nothing new, is
    not asked.
    """
    failed = replace(costing(Phase.FAILED, status="failed", finalized=0), created_at=time.time())
    job_service.cache.add(failed)
    job_service.budget.limits = Limits(each=10)
    job_service.ask_and_wait(Price.of(failed.request))
    with pytest.raises(TooExpensive, match="limit of 10 Credits per generation"):
        job_service.retry(failed.id)
    assert job_service.job(failed.id).decision is None
    with job_service.budget.beyond_limits():
        job_service.retry(failed.id)
    assert job_service.job(failed.id).decision is not None


def test_an_optimization_is_within_the_limits_too(job_service: JobService) -> None:
    """Fetching is free and never refused; having it optimized first needs a price below the limit."""
    job_service.budget.limits = Limits(each=10)
    made = asset()
    with pytest.raises(TooExpensive) as caught:
        job_service.fetch(made, optimize=OptimizationLevel.LIGHT)
    assert caught.value.unasked == (OptimizationPrice(made.id),)
    job_service.queries.cache_answer(OptimizationPrice(made.id), Estimate(None, 20.0, 20.0))
    with pytest.raises(TooExpensive, match="about 20 Credits"):
        job_service.fetch(made, optimize=OptimizationLevel.LIGHT)
    assert job_service.fetch(made).estimate is None


def test_without_a_limit_nothing_is_asked(job_service: JobService) -> None:
    """No limit, no price: it is started at once, and what is not known is not guessed."""
    assert job_service.start(LAMP).estimate is None
    with pytest.raises(NotPossible):
        job_service.retry("nope")


def test_a_start_that_needs_credits_is_repeated_with_the_same_key(home: Path) -> None:
    """Stopped before there is a resource: Resume repeats the start with the key of the click, and
    one operation is paid.
    """
    with running_service(speed=1000) as service:
        job_service = JobService(fast_config(home), account(service))
        job = job_service.start(
            GenerationRequest(Kind.MODEL, "a lamp [billing-start]", Preset.FAST)
        )
        job_service.watch([job.id])
        assert job_service.job(job.id).phase is Phase.BILLING
        job_service.resume(job.id)
        job_service.watch([job.id])
        assert job_service.job(job.id).phase is Phase.READY
        keys = [entry.idempotency_key for entry in service.requests("POST", "/v1/models:generate")]
        assert len(keys) == 2 and len(set(keys)) == 1
        assert len(service.operations()) == 1
        assert not service.requests("POST", "*:resume")
        assert job_service.job(job.id).cost == 248
        assert job_service.close(20)


def test_without_a_window_the_price_is_waited_for(job_service: JobService) -> None:
    """Whoever may block gets the price asked for by the way; an answer that went wrong is part of
    the sentence.
    """
    job_service.blocks_for_prices = True
    job_service.budget.limits = Limits(each=300)
    assert job_service.start(LAMP).estimate == 248
    with pytest.raises(TooExpensive, match="about 798 Credits"):
        job_service.start(replace(LAMP, preset=Preset.STANDARD))
    query = Price.of(replace(LAMP, mode=Mode.REVIEW))
    job_service.queries.answers[query] = answered(query, None, complaint="Mint cannot be reached.")
    with pytest.raises(TooExpensive, match=r"cannot be checked\. Mint cannot be reached\."):
        job_service.start(replace(LAMP, mode=Mode.REVIEW))
