# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts spent and committed, limits, the cost shown for a job, and the budget of a batch."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.batch_lines import Line
from mint_blender.jobs.budget.batch_prices import BatchBudget, Prices
from mint_blender.jobs.budget.prices import MAX_ERROR_AGE, Budget
from mint_blender.jobs.budget.spending import (
    PRICE_LIFETIME,
    Day,
    Expense,
    Limits,
    Month,
    begun_at,
    committed,
    costs_nothing,
    limit_error,
)
from mint_blender.jobs.budget.totals import SpendingTotals
from mint_blender.jobs.engine.thread_messages import QueryAnswered
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_fetch, new_job
from mint_blender.jobs.notes import note
from mint_blender.jobs.paid_requests.record import FOUND, PaidVerb, State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import Balance, OptimizationPrice, Price
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import TakeSlot
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import (
    Credits,
    Estimate,
    Kind,
    Mode,
    Operation,
    OptimizationLevel,
    PollResult,
    Preset,
    Usage,
)

from .paid_requests import records
from .spending_helpers import LAMP, answered, costing, paid_before
from .workflow_harness import (
    WorkflowHarness,
    a_job,
    accepted,
    asset,
    operation,
    retried,
    sent,
    working,
)

TODAY = date(2026, 3, 5)
DAY = 24 * 3600.0
NOON = datetime(2026, 3, 5, 12).astimezone().timestamp()


# -- limits


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
def test_a_price_above_a_limit_is_reported(
    price: float | None, limits: Limits, spent: float, says: str | None
) -> None:
    """The message names price and limit; an unknown price is not within a limit."""
    said = limit_error([Expense(price, price)], limits, spent)
    assert said is None if says is None else says in (said or "")
    assert said is None or price is None or f"about {price:,.0f} Credits" in said


def test_a_price_that_is_partly_paid_is_told_from_the_total() -> None:
    """The button of the question shows only what is still to be paid."""
    said = limit_error([Expense(248.0, 248.0, paid=150.0)], Limits(each=100))
    assert said == (
        "This generation would cost about 248 Credits in total, more than your limit of 100"
        " Credits per generation."
    )


@pytest.mark.parametrize(
    ("expense", "says"),
    [
        (Expense(1.0, 100.0, most=100.0), None),
        (
            Expense(101.0, 101.0, most=100.0, is_new=True),
            "This would cost about 101 Credits, more than the limit of 100.",
        ),
        (
            Expense(1650.0, 1650.0, paid=150.0, most=1000.0),
            "This job would cost about 1,650 Credits in total, more than its limit of 1,000 Credits.",
        ),
        (
            Expense(None, None, most=100.0, is_new=True),
            "Mint did not return a price, so the limit cannot be checked.",
        ),
        (
            Expense(None, None, most=100.0),
            "Mint did not return a price, so the limit of 100 Credits for this job cannot be checked.",
        ),
    ],
)
def test_an_own_limit_is_for_the_total(expense: Expense, says: str | None) -> None:
    """What was started before is told from what was not."""
    assert limit_error([expense]) == says
    assert limit_error([Expense(1.0, 1.0), expense]) == says


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(each=300, day=1050), None),
        (Limits(each=299, day=1050), "about 300 Credits, more than your limit of 299 Credits per"),
        (Limits(day=1049), "about 400 Credits. With the 650 Credits spent today"),
    ],
)
def test_what_begins_together_is_added_up(limits: Limits, says: str | None) -> None:
    """The dearest counts for a generation; what a job has paid before is no part of the price."""
    expenses = [Expense(100.0, 100.0), Expense(300.0, 450.0, paid=150.0)]
    said = limit_error(expenses, limits, spent=500.0)
    assert said is None if says is None else says in (said or "")


@pytest.mark.parametrize(
    ("job", "credits"),
    [
        (replace(a_job(), estimate=248.0), 248),
        (a_job(), 0),
        (costing(Phase.WORKING, estimate=248.0), 248),
        (costing(Phase.WORKING, estimate=248.0, reserved=0, finalized=0), 248),
        (costing(Phase.WORKING, estimate=248.0, reserved=300, finalized=0), 300),
        # two Previews are paid, and the final stage is reserved
        (costing(Phase.WORKING, estimate=248.0, estimated=248, finalized=300, reserved=98), 398),
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
        (paid_before(costing(Phase.WORKING, estimate=248.0), 40.0), 288),
        (paid_before(costing(Phase.WORKING, estimate=248.0, reserved=0), 40.0), 288),
        (paid_before(costing(Phase.WORKING, estimate=248.0, reserved=250), 40.0), 290),
        (paid_before(costing(Phase.PLACED, status="succeeded", estimate=248.0), 40.0), 288),
        (
            paid_before(costing(Phase.FAILED, status="failed", estimate=248.0, finalized=0), 40.0),
            40,
        ),
        (paid_before(replace(a_job(), phase=Phase.WAITING, estimate=248.0), 40.0), 288),
    ],
)
def test_the_credits_that_a_job_commits(job: Job, credits: float) -> None:
    """Mint's numbers count, before them the expected price; a job without effect costs 0."""
    assert committed(job) == credits


def test_a_retry_adds_up_and_counts_when_it_was_sent() -> None:
    """The cost of a failed attempt is kept, and the job counts on the day of the retry."""
    failed = costing(Phase.FAILED, status="failed", finalized=40, reserved=0)
    failed = replace(accepted(failed, at=NOON - DAY), operation=failed.operation)
    config = WorkflowConfig(now=lambda: NOON)
    run = WorkflowHarness(retried(failed, now=NOON), config)
    if isinstance(run.effect, TakeSlot):
        run.answer()
    run.answer(operation("running", id="op_2", credits={"reserved": 248, "finalized": 0}))
    assert run.job.cost == 40 + 248
    assert run.again().job.cost == 40 + 248
    run.answer(polled(run.job, reserved=0, finalized=248))
    assert run.job.cost == 40 + 248
    assert (begun_at(run.job, NOON + DAY), committed(run.job)) == (NOON, 288)


def polled(job: Job, **credits: float) -> Any:
    """Return a poll of the job's present operation."""
    return PollResult(
        operation("running", id=job.operation.id if job.operation else "", credits=credits)
    )


def test_what_a_start_without_an_answer_has_made_is_counted() -> None:
    """It was found in the lists of Mint, which say nothing about Credits."""
    job = sent(replace(a_job(), created_at=1000.0, estimate=248.0), 2000.0, operation=f"{FOUND}m1")
    found = replace(job, source_asset_id="m1", phase=Phase.READY)
    assert (begun_at(found, now=9000.0), committed(found)) == (2000.0, 248.0)


@pytest.mark.parametrize(("verb", "credits"), [(PaidVerb.APPROVE, 800.0), (PaidVerb.REVISE, 950.0)])
def test_an_answer_counts_before_the_job_shows_it(verb: PaidVerb, credits: float) -> None:
    """A decision is answered; another process may be killed before it has stored the job."""
    job = costing(Phase.REVIEW, status="preview_ready", estimate=800.0, finalized=150.0)
    decision = records.sent(job=job.id, verb=verb, operation="op_1")
    job = replace(job, requests=(*job.requests, decision))
    assert committed(job) == credits


@pytest.mark.parametrize("state", [State.DROPPED, State.OVER])
def test_what_was_given_up_without_an_answer_is_counted(state: State) -> None:
    """Mint may have made it: a start that was canceled, and an optimization."""
    start = records.sent(closed=state)
    canceled = replace(a_job(), phase=Phase.CANCELED, estimate=798.0, requests=(start,))
    assert committed(canceled) == 798.0
    refused = replace(start, refusals=1)
    assert committed(replace(canceled, requests=(refused,))) == 0.0
    done = costing(Phase.READY, status="succeeded", estimate=798.0, finalized=750.0)
    in_doubt = replace(done, optimize_estimate=50.0).with_note(note("optimizing_unanswered"))
    assert committed(in_doubt) == 800.0


def test_the_same_operation_is_not_counted_twice() -> None:
    """Each poll of one operation has the same cost."""
    run = WorkflowHarness(
        replace(working(), operation=operation("running", credits={"finalized": 100}))
    )
    for _ in range(3):
        run.answer(polled(run.job, finalized=100))
    assert run.job.cost == 100


def test_an_optimization_is_part_of_the_cost() -> None:
    """Both operations count."""
    job = costing(Phase.PLACED, status="succeeded", finalized=248)
    assert (
        replace(job, optimization=operation("succeeded", id="op_2", credits={"finalized": 20})).cost
        == 268
    )


def test_an_import_is_not_counted() -> None:
    """Importing from the library costs nothing; having the model optimized does."""
    assert costs_nothing(new_fetch(asset(), Delivery(), now=NOON))
    light = OptimizationLevel.LIGHT
    optimized = new_fetch(asset(), Delivery(), now=NOON, optimize=light, estimate=20.0)
    assert not costs_nothing(optimized) and committed(optimized) == 20


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
    """Mint's numbers count, before them the expected price; a skipped one costs nothing."""
    job = replace(
        new_fetch(asset(), Delivery(), now=NOON, optimize=OptimizationLevel.LIGHT, estimate=20.0),
        phase=phase,
    )
    assert (
        committed(replace(job, optimization=operation(id="op_2", **raw) if raw else None))
        == credits
    )


def test_the_usage_of_a_month(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty days are listed, oldest first, with empty ones.

    The share of failures is that of ended jobs.
    """
    monkeypatch.setattr(time, "time", lambda: NOON)
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
    with closing(Journal(home)) as journal:
        journal.add(*jobs)
        found = SpendingTotals(journal).month()
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
    """Without ended jobs there is no share of failures."""
    assert Month((Day(TODAY),)).failed_share is None


# -- words


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
            "No Credits charged",
        ),
        (costing(Phase.FAILED, status="failed", finalized=40, reserved=0), "40 Credits"),
        (costing(Phase.FAILED, status="failed"), ""),
        (replace(a_job(), phase=Phase.FAILED, estimate=248.0), ""),
        (replace(a_job(), phase=Phase.CANCELED, estimate=248.0), ""),
        (costing(Phase.CANCELED, status="canceled"), ""),
        (costing(Phase.CANCELED, status="canceled", finalized=None, reserved=None), ""),
        (costing(Phase.CANCELED, status="canceled", finalized=0), "No Credits charged"),
    ],
)
def test_the_cost_in_words(job: Job, says: str) -> None:
    """Paid, reserved and expected Credits are told apart; an unknown cost is empty."""
    assert JobView(job).cost == says


def test_an_old_price_is_requested_again() -> None:
    """A price is valid for an hour, an error for half a minute."""
    query = Price.of(LAMP)
    estimate = Estimate(None, 248.0, 248.0)
    answers: dict[Any, QueryAnswered] = {}
    budget = Budget(answers)
    assert budget.known(query) is None
    answers[query] = answered(query, estimate, ago=PRICE_LIFETIME - 60)
    assert budget.known(query) is not None
    answers[query] = answered(query, estimate, ago=PRICE_LIFETIME + 60)
    assert budget.known(query) is None
    assert budget.price(query) == 248
    answers[query] = answered(query, None, error="no", ago=MAX_ERROR_AGE + 1)
    assert budget.known(query) is None


def test_a_price_belongs_to_kind_preset_and_mode() -> None:
    """The price of one request is not used for another."""
    budget = Budget({Price.of(LAMP): answered(Price.of(LAMP), Estimate(None, 248.0, 248.0))})
    assert budget.price(Price(Kind.MODEL, Preset.FAST, Mode.AUTO)) == 248
    for kind, preset, mode in (
        (Kind.WORLD, Preset.FAST, Mode.AUTO),
        (Kind.MODEL, Preset.STANDARD, Mode.AUTO),
        (Kind.MODEL, Preset.FAST, Mode.REVIEW),
    ):
        assert budget.price(Price(kind, preset, mode)) is None


@pytest.mark.parametrize(
    ("start", "total", "finalized", "revision", "revise", "approve"),
    [
        (150, 798, None, 0, 150, 648),
        (150, 798, 300, 1, 150, 648),
        (798, 798, 150, 0, 150, 648),  # everything is reserved at the start
        (798, 798, 300, 1, 150, 648),
        (798, 798, 0, 0, None, None),
        (None, 798, None, 0, None, None),
    ],
)
def test_the_price_of_a_decision(
    start: float | None,
    total: float,
    finalized: float | None,
    revision: int,
    revise: float | None,
    approve: float | None,
) -> None:
    """A revision costs a Preview, an approval the rest; unknown where that cannot be told."""
    price = answered(Price.of(LAMP), Estimate(None, start, total))
    known = operation(
        "preview_ready", **({} if finalized is None else {"credits": {"finalized": finalized}})
    )
    job = replace(a_job(), request=LAMP, phase=Phase.REVIEW, operation=known, revision=revision)
    found = Budget({Price.of(LAMP): price}).of_review(job)
    assert found == {Verb.REVISE: revise, Verb.APPROVE: approve}
    assert Budget({}).of_review(job)[Verb.APPROVE] is None


@pytest.mark.parametrize(
    ("reserved", "taken"), [(None, 648), (0, 648), (600, 48), (648, 0), (798, 0)]
)
def test_the_balance_excludes_what_is_reserved(reserved: float | None, taken: float) -> None:
    """An approval takes only the rest of its price."""
    price = answered(Price.of(LAMP), Estimate(None, 150, 798))
    known = operation("preview_ready", credits={"finalized": 150, "reserved": reserved})
    job = replace(a_job(), request=LAMP, phase=Phase.REVIEW, operation=known)
    assert Budget({Price.of(LAMP): price}).taken_by_approval(job) == taken
    assert Budget({}).taken_by_approval(replace(job, operation=None)) is None


def usage(available: float) -> Usage:
    """Return a balance."""
    return Usage(Credits(available, None, None, None), None, None)


def test_credits_that_are_short() -> None:
    """A balance read before the stop is ignored; a later one gives what is short."""
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


# -- the budget of a batch reserves what its running lines may still cost, and no more


LIGHT = OptimizationLevel.LIGHT
REQUEST = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)
PLAIN = Line(1, "plain", REQUEST, Delivery(), None, ".glb", None)
OPTIMIZED = replace(PLAIN, tag="optimized", optimize=LIGHT)


def told(id: str, status: str = "running", **credits: float) -> Operation:
    """Return an operation as Mint reports it."""
    return Operation.from_json(
        {
            "id": id,
            "type": "model_generation",
            "status": status,
            **({"credits": credits} if credits else {}),
        }
    )


def lamp(
    phase: Phase, operation: Operation | None = None, optimization: Operation | None = None
) -> Job:
    """Return the job of a line."""
    job = new_job(REQUEST, Delivery(), now=1.0, optimize=LIGHT)
    return replace(job, phase=phase, operation=operation, optimization=optimization)


RETRIED = retried(lamp(Phase.FAILED, told("op_1", finalized=0)))


@pytest.mark.parametrize(
    ("job", "credits"),
    [
        (lamp(Phase.WAITING), 268),
        (lamp(Phase.WORKING, told("op_1")), 268),
        (lamp(Phase.WORKING, told("op_1", reserved=0)), 268),
        (lamp(Phase.WORKING, told("op_1", reserved=248)), 268),
        (lamp(Phase.FETCHING, told("op_1", finalized=248)), 268),
        (lamp(Phase.FETCHING, told("op_1", finalized=248), told("op_2", reserved=30)), 278),
        (lamp(Phase.READY, told("op_1", finalized=248), told("op_2", "failed", finalized=0)), 248),
        (lamp(Phase.READY, told("op_1", finalized=248)), 248),
        (paid_before(lamp(Phase.WORKING, told("op_1")), 40.0), 308),
        (lamp(Phase.FAILED, told("op_1", finalized=0)), 0),
        (lamp(Phase.CANCELED), 0),
        (RETRIED, 268),
    ],
)
@pytest.mark.parametrize("has_ended", [False, True])
def test_reserved_credits_of_a_line(job: Job, credits: float, has_ended: bool) -> None:
    """A line reserves what is not paid yet: the optimization, or all of a retry."""

    def allows(limit: float) -> bool:
        budget = BatchBudget(limit, Prices({Price.of(REQUEST): 248.0, OptimizationPrice(): 20.0}))
        budget.begin(OPTIMIZED, job)
        if has_ended:
            budget.end(job)
        return budget.allows(PLAIN, [job])

    assert allows(credits + 248)
    assert not allows(credits + 247)


def test_a_higher_cost_becomes_the_expected_price() -> None:
    """A higher actual cost becomes the expected price; earlier attempts do not count."""
    prices = Prices({Price.of(REQUEST): 248.0, OptimizationPrice(): 20.0})
    budget = BatchBudget(10_000, prices)
    done = lamp(Phase.READY, told("op_1", finalized=300), told("op_2", finalized=30))
    job = paid_before(done, 40.0)
    budget.begin(OPTIMIZED, job)
    budget.end(job)
    assert prices.of(OPTIMIZED) == 330
