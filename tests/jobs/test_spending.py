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
    committed,
    limit_error,
)
from mint_blender.jobs.budget.totals import SpendingTotals
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_conversion, new_fetch, new_job
from mint_blender.jobs.paid_requests.journal_id import attempts_file
from mint_blender.jobs.paid_requests.record import PaidVerb, State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import (
    Balance,
    OptimizationPrice,
    Price,
    PriceQuery,
    QueryAnswered,
    prices_of_click,
)
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage.journal import Journal, journal_file
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import TakeSlot
from mint_blender.mint.schema import (
    Asset,
    Credits,
    Estimate,
    Format,
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
    over,
    retried,
    with_operation,
    working,
)

LIGHT = OptimizationLevel.LIGHT
TODAY = date(2026, 3, 5)
DAY = 24 * 3600.0
NOON = datetime(2026, 3, 5, 12).astimezone().timestamp()


def failed(estimate: float | None = None, **more: Any) -> Job:
    """Return a generation that failed at Mint yesterday, at no cost."""
    job = costing(Phase.FAILED, status="failed", estimate=estimate, reserved=0, finalized=0)
    yesterday = time.time() - DAY
    return replace(accepted(job, at=yesterday), created_at=yesterday, **more)


# -- limits


EACH, DAILY = Limits(each=500), Limits(day=1000)


@pytest.mark.parametrize(
    ("price", "limits", "spent", "says"),
    [
        (798, Limits(), 1e6, None),
        (None, Limits(), 0, None),
        (500, EACH, 0, None),
        (501, EACH, 0, "more than your limit of 500 Credits per generation"),
        (500, DAILY, 500, None),
        (501, DAILY, 500, "With the 500 Credits spent today, that is more than your daily limit"),
        (100, Limits(each=500, day=1000), 950, "your daily limit of 1,000 Credits"),
        (600, Limits(each=500, day=1000), 0, "per generation"),
        (None, EACH, 0, "your limit of 500 Credits per generation cannot be checked"),
        (None, DAILY, 0, "your daily limit of 1,000 Credits cannot be checked"),
    ],
)
def test_a_price_above_a_limit_is_reported(
    price: float | None, limits: Limits, spent: float, says: str | None
) -> None:
    """The message names price and limit; an unknown price is not within a limit."""
    said = limit_error([Expense(price, price)], limits, spent)
    assert said is None if says is None else says in (said or "")
    assert said is None or price is None or f"about {price:,.0f} Credits" in said


@pytest.mark.parametrize(
    ("expense", "says"),
    [
        (Expense(1.0, 100.0, most=100.0), None),
        (Expense(101.0, 101.0, most=100.0), "101 Credits in total, more than the limit of 100"),
        (Expense(165.0, 165.0, paid=150.0, most=100.0), "165 Credits in total, more than the"),
        (Expense(None, None, most=100.0), "so the limit cannot be checked."),
    ],
)
def test_an_own_limit_is_for_the_total(expense: Expense, says: str | None) -> None:
    """What was paid before is a part of it, and an unknown price is above each limit."""
    for expenses in ([expense], [Expense(1.0, 1.0), expense]):
        said = limit_error(expenses)
        assert said is None if says is None else says in (said or "")


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(each=300, day=1050), None),
        (
            Limits(each=299, day=1050),
            "about 300 Credits in total, more than your limit of 299 Credits per",
        ),
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
        (a_job().with_prices(248.0, None), 248),
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
        (failed(estimate=248.0), 0),
        (costing(Phase.FAILED, status="failed", estimate=248.0, finalized=40), 40),
        (over(a_job().with_prices(248.0, None), Phase.FAILED), 0),
        (over(a_job().with_prices(248.0, None), Phase.CANCELED), 0),
        (paid_before(costing(Phase.WORKING, estimate=248.0), 40.0), 288),
        (paid_before(costing(Phase.WORKING, estimate=248.0, reserved=250), 40.0), 290),
        (paid_before(costing(Phase.PLACED, status="succeeded", estimate=248.0), 40.0), 288),
        (paid_before(failed(estimate=248.0), 40.0), 40),
        (paid_before(replace(a_job(), phase=Phase.WAITING).with_prices(248.0, None), 40.0), 288),
    ],
)
def test_the_credits_that_a_job_commits(job: Job, credits: float) -> None:
    """Mint's numbers count, before them the expected price; a job without effect costs 0."""
    assert committed(job) == credits


def test_a_retry_adds_up_and_counts_when_it_was_sent() -> None:
    """The cost of a failed attempt is kept; each attempt counts on the day on which it was sent.

    Each poll of one operation has the same cost.
    """
    failed = costing(Phase.FAILED, status="failed", finalized=40, reserved=0)
    failed = with_operation(accepted(failed, at=NOON - DAY), failed.operation)
    config = WorkflowConfig(now=lambda: NOON)
    run = WorkflowHarness(retried(failed, now=NOON), config)
    if isinstance(run.effect, TakeSlot):
        run.answer()
    run.answer(operation("running", id="op_2", credits={"reserved": 248, "finalized": 0}))
    assert run.job.cost == 40 + 248
    assert run.again().job.cost == 40 + 248
    for _ in range(2):
        polled = operation("running", id="op_2", credits={"reserved": 0, "finalized": 248})
        run.answer(PollResult(polled))
        assert run.job.cost == 40 + 248
    assert [(attempt.arose_at, attempt.cost) for attempt in run.job.attempts] == [
        (NOON - DAY, 40),
        (NOON, 248),
    ]


def test_an_answer_counts_before_the_job_shows_it() -> None:
    """A decision is answered; another process may be killed before it has stored the job."""
    job = costing(Phase.REVIEW, status="preview_ready", estimate=800.0, finalized=150.0)
    assert committed(job) == 150.0
    running = operation("running", credits={"finalized": 150.0})
    decision = records.sent(job=job.id, verb=PaidVerb.APPROVE, operation="op_1", answer=running)
    assert committed(replace(job, requests=(*job.requests, decision))) == 800.0


@pytest.mark.parametrize("state", [State.DROPPED, State.OVER])
def test_what_was_given_up_without_an_answer_is_counted(state: State) -> None:
    """Mint may have made it: a start that was canceled, and an optimization."""
    start = records.sent(closed=state)
    canceled = replace(a_job(), phase=Phase.CANCELED, requests=(start,)).with_prices(798.0, None)
    assert committed(canceled) == 798.0
    refused = replace(start, refusals=1)
    assert committed(replace(canceled, requests=(refused,))) == 0.0
    done = costing(Phase.READY, status="succeeded", estimate=798.0, finalized=750.0)
    lost = records.sent(key="lost", verb=PaidVerb.OPTIMIZE, closed=state, credits=50.0)
    assert committed(replace(done, requests=(*done.requests, lost))) == 800.0


def test_the_usage_of_a_month(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty days are listed, oldest first, with empty ones.

    The share of failures is that of ended jobs.
    """
    monkeypatch.setattr(time, "time", lambda: NOON)
    placed, failed = (Phase.PLACED, "succeeded"), (Phase.FAILED, "failed")
    jobs = [
        accepted(costing(phase, status=status, finalized=credits), at=NOON - days * DAY)
        for (phase, status), credits, days in (
            (placed, 200, 0),
            (failed, 0, 0),
            ((Phase.WORKING, "running"), 300, 2),
            ((Phase.CANCELED, "canceled"), 0, 2),
            (placed, 10, 29),
            (placed, 9999, 30),
        )
    ]
    with closing(Journal(home)) as journal:
        journal.add(*jobs)
        found = SpendingTotals(journal).month()
    assert [each.date for each in found.days] == [
        TODAY - timedelta(days=back) for back in range(29, -1, -1)
    ]
    assert (found.count, found.credits, found.failed) == (5, 510, 1)
    assert found.failed_share == pytest.approx(1 / 3)
    counted = [(each.count, each.credits, each.failed) for each in found.days if each.count]
    assert counted == [(1, 10, 0), (2, 300, 0), (2, 200, 1)]
    assert Month((Day(TODAY),)).failed_share is None


def copied(home: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """Store a job with what was sent yesterday, and return a copy of its journal that is opened now."""
    monkeypatch.setattr(time, "time", lambda: NOON - DAY)
    with closing(Journal(home)) as original:
        original.add(job)
        assert SpendingTotals(original).today() > 0
    attempts_file(journal_file(home)).unlink()
    monkeypatch.setattr(time, "time", lambda: NOON)
    return Journal(home)


def saved_as_it_is(journal: Journal, job_id: str) -> Job:
    """Save a job of a journal without a change, and return it."""
    job = journal.job(job_id)
    assert job is not None
    return journal.save(job)


def test_what_the_original_may_have_sent_counts_on_the_day_of_the_copy(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows when it was sent. Until it is found, it counts today, whenever that is."""
    job = a_job()
    sent = records.sent(born=NOON - DAY, credits=248.0, job=job.id)
    with closing(copied(home, replace(job, requests=(sent,)), monkeypatch)) as copy:
        spending = SpendingTotals(copy)
        assert spending.today() == 248
        assert spending.of(saved_as_it_is(copy, job.id)) == spending.today() == 248
        monkeypatch.setattr(time, "time", lambda: NOON + DAY)
        assert spending.today() == 248
        assert copy.adopt(job, sent.key, "asset_1") is not None
        saved_as_it_is(copy, job.id)
        assert spending.today() == 0
        monkeypatch.setattr(time, "time", lambda: NOON)
        assert spending.today() == 248


def test_a_decision_that_the_original_may_have_sent_counts_on_the_day_of_the_copy(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operation has continued, so it was carried out before the copy was noticed."""
    job = accepted(
        costing(Phase.REVIEW, status="preview_ready", estimate=800.0, finalized=150.0),
        at=NOON - DAY,
    )
    approve = records.sent(
        subject="preview", key="approve", verb=PaidVerb.APPROVE, job=job.id, born=NOON - DAY
    )
    job = job.with_request(approve)
    with closing(copied(home, job, monkeypatch)) as copy:
        spending = SpendingTotals(copy)
        assert spending.today() == 800
        assert copy.close_request(approve.key) is not None
        done = operation("succeeded", credits={"finalized": 800.0})
        copy.save(with_operation(saved_as_it_is(copy, job.id), done))
        assert spending.today() == 800


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
    ("start", "finalized", "reserved", "revise", "approve"),
    [
        (150, None, None, 150, 648),
        (150, 300, None, 150, 648),
        (798, 150, 648, 150, 648),  # everything is reserved at the start
        (798, 300, 648, 150, 648),
        (None, 150, 648, 150, 648),
        (798, 0, 798, None, None),  # the Preview is not paid yet
        (None, 150, 150, None, None),  # nor the rest reserved
        (798, 150, None, None, None),
        (None, None, None, None, None),
    ],
)
@pytest.mark.parametrize("revision", [0, 2])
def test_the_price_of_a_decision(
    start: float | None,
    finalized: float | None,
    reserved: float | None,
    revise: object,
    approve: object,
    revision: int,
) -> None:
    """A revision costs a Preview, an approval the rest; unknown where that cannot be told.

    It does not matter how many Previews there are: earlier ones may be of what was retried.
    """
    price = answered(Price.of(LAMP), Estimate(None, start, 798))
    credits = {"estimated": 948, "finalized": finalized, "reserved": reserved}
    said: dict[str, Any] = {} if finalized is None else {"credits": credits}
    known = operation("preview_ready", **said)
    job = replace(a_job(), request=LAMP, phase=Phase.REVIEW, revision=revision)
    job = with_operation(job.with_prices(798.0, None), known)
    for clicked in (job, job.with_request(replace(job.requests[0], credits=None))):
        prices = Budget({Price.of(LAMP): price}).of_review(clicked)
        assert prices == {Verb.REVISE: revise, Verb.APPROVE: approve}
    assert Budget({}).of_review(job)[Verb.APPROVE] is None


@pytest.mark.parametrize(
    ("reserved", "taken"), [(None, 648), (0, 648), (600, 48), (648, 0), (798, 0)]
)
def test_the_balance_excludes_what_is_reserved(reserved: float | None, taken: float) -> None:
    """An approval takes only the rest of its price."""
    price = answered(Price.of(LAMP), Estimate(None, 150, 798))
    known = operation("preview_ready", credits={"finalized": 150, "reserved": reserved})
    job = with_operation(replace(a_job(), request=LAMP, phase=Phase.REVIEW), known)
    assert Budget({Price.of(LAMP): price}).taken_by_approval(job) == taken
    assert Budget({}).taken_by_approval(with_operation(job, None)) is None


def test_credits_that_are_short() -> None:
    """A balance read before the stop is ignored; a later one gives what is short."""
    stopped, odd = (
        with_operation(
            replace(working(), phase=Phase.BILLING),
            operation(
                "billing_required",
                billing={"requiredCredits": 798, "availableCredits": available},
            ),
        )
        for available in (90, 800)
    )
    unstarted = replace(a_job(), phase=Phase.BILLING).with_prices(700.0, None)
    unpriced = replace(a_job(), phase=Phase.BILLING)
    answers: dict[Any, QueryAnswered] = {}
    budget, now = Budget(answers), time.time()
    assert budget.missing(stopped, now) == 708
    for balance, missing in ((798, [0, 708, 0]), (700, [98, 708, 0])):
        usage = Usage(Credits(balance, None, None, None), None, None)
        answers[Balance()] = answered(Balance(), usage)
        assert [
            budget.missing(stopped, now - 1),
            budget.missing(stopped, now + 60),
            budget.missing(unstarted, now - 1),
        ] == missing
    assert budget.missing(unstarted, now + 60) is None
    assert budget.missing(unpriced, now - 1) is None
    assert budget.missing(odd, now + 60) is None


# -- the budget of a batch reserves what its running lines may still cost, and no more


PRICES: dict[PriceQuery, float] = {Price.of(LAMP): 248.0, OptimizationPrice(): 20.0}
PLAIN = Line(1, "plain", LAMP, Delivery(), None, ".glb", None)
OPTIMIZED = replace(PLAIN, tag="optimized", optimize=LIGHT)


def told(id: str, status: str = "running", **credits: float) -> Operation:
    """Return an operation as Mint reports it."""
    said: dict[str, Any] = {"credits": credits} if credits else {}
    return operation(status, id=id, **said)


MODEL = told("op_1", finalized=248)


def lamp(phase: Phase, made: Operation | None = None, optimization: Operation | None = None) -> Job:
    """Return a job for 248 Credits, and 20 for its optimization."""
    job = new_job(LAMP, Delivery(), now=1.0, optimize=LIGHT)
    job = with_operation(replace(job, phase=phase), made, optimization=optimization)
    return job.with_prices(248.0, 20.0)


def fetch(phase: Phase, optimization: Operation | None = None) -> Job:
    """Return an import that is optimized for 20 Credits."""
    job = new_fetch(asset(), Delivery(), now=NOON, optimize=LIGHT, estimate=20.0)
    return with_operation(replace(job, phase=phase), optimization=optimization)


LINES = [
    (lamp(Phase.WAITING), 268),
    (lamp(Phase.WORKING, told("op_1")), 268),
    (lamp(Phase.WORKING, told("op_1", reserved=0)), 268),
    (lamp(Phase.WORKING, told("op_1", reserved=248)), 268),
    (lamp(Phase.REVIEW, MODEL), 268),
    (lamp(Phase.FETCHING, MODEL), 268),
    (lamp(Phase.FETCHING, MODEL, told("op_2", "queued")), 268),
    (lamp(Phase.FETCHING, MODEL, told("op_2", "queued", reserved=0)), 268),
    (lamp(Phase.FETCHING, MODEL, told("op_2", reserved=30)), 278),
    (lamp(Phase.READY, MODEL, told("op_2", "failed", finalized=0)), 248),
    (lamp(Phase.READY, MODEL, told("op_2", "succeeded", finalized=35)), 283),
    (lamp(Phase.READY, MODEL, told("op_2", "succeeded")), 268),
    (lamp(Phase.READY, None, told("op_2", "succeeded", finalized=35)), 283),
    (over(lamp(Phase.READY, MODEL), Phase.READY), 248),
    (paid_before(lamp(Phase.WORKING, told("op_1")), 40.0), 308),
    (over(lamp(Phase.FAILED, told("op_1", "failed", finalized=0)), Phase.FAILED), 0),
    (over(lamp(Phase.FAILED), Phase.FAILED), 0),
    (over(lamp(Phase.CANCELED), Phase.CANCELED), 0),
    (retried(lamp(Phase.FAILED, told("op_1", "failed", finalized=0))), 268),
]
"""Jobs of lines of a batch, and the Credits that they commit."""
OTHERS = [
    (lamp(Phase.WORKING, told("op_1", reserved=300)), 320),
    (fetch(Phase.FETCHING), 20),
    (fetch(Phase.FETCHING, told("op_2")), 20),
    (fetch(Phase.FETCHING, told("op_2", reserved=35)), 35),
    (fetch(Phase.READY, told("op_2", "succeeded", finalized=35)), 35),
    (fetch(Phase.READY, told("op_2", "succeeded")), 20),
    (fetch(Phase.READY, told("op_2", "failed", finalized=0)), 0),
    (over(fetch(Phase.READY), Phase.READY), 0),
]


@pytest.mark.parametrize(("job", "credits"), LINES + OTHERS)
def test_a_pending_optimization_counts(job: Job, credits: float) -> None:
    """Mint's numbers count, before them the expected price; what was skipped or failed does not."""
    assert committed(job) == credits


@pytest.mark.parametrize(("job", "credits"), LINES)
@pytest.mark.parametrize("has_ended", [False, True])
def test_a_batch_reserves_what_its_lines_commit(job: Job, credits: float, has_ended: bool) -> None:
    """While they run and afterwards: the next line fits into the limit, or it does not."""
    for more, is_allowed in ((248, True), (247, False)):
        budget = BatchBudget(credits + more, Prices(dict(PRICES)))
        budget.begin(OPTIMIZED, job)
        if has_ended:
            budget.end(job)
        assert budget.allows(PLAIN, [job]) is is_allowed


def test_a_higher_cost_becomes_the_expected_price() -> None:
    """A higher actual cost becomes the expected price; earlier attempts do not count."""
    prices = Prices(dict(PRICES))
    budget = BatchBudget(10_000, prices)
    done = lamp(Phase.READY, told("op_1", finalized=300), told("op_2", finalized=30))
    job = paid_before(done, 40.0)
    budget.begin(OPTIMIZED, job)
    budget.end(job)
    assert prices.of(OPTIMIZED) == 330


def test_a_queued_optimization_has_its_price() -> None:
    """A limit can be checked when the queue of an earlier session continues."""
    assert Budget({}).of_queued(fetch(Phase.WAITING)).total == 20.0


# -- the price of a retry


BROKEN = Asset.from_json(Kind.MODEL, {"id": "res_7", "prompt": "a lamp", "status": "failed"})


def imported(model: Asset, optimize: OptimizationLevel | None = None) -> Job:
    """Return a job that failed to import an asset of the library."""
    return over(new_fetch(model, Delivery(), now=1.0, optimize=optimize), Phase.FAILED)


def clicked(
    job: Job, at: float, estimate: float | None, optimize_estimate: float | None = None
) -> Job:
    """Return the job after a click on Retry at that time, with a known price."""
    return retried(job, now=at).with_prices(estimate, optimize_estimate)


GENERATION = Price.of(failed().request)


@pytest.mark.parametrize(
    ("job", "prices"),
    [
        (failed(), (GENERATION,)),
        (failed(optimize=LIGHT), (GENERATION, OptimizationPrice())),
        (imported(asset(), LIGHT), (OptimizationPrice("res_1"),)),
        (imported(asset()), ()),
        (imported(BROKEN), (Price.of(imported(BROKEN).request),)),
        (imported(BROKEN, LIGHT), (Price.of(imported(BROKEN).request), OptimizationPrice())),
        (new_conversion(asset(), (Format.FBX,), Delivery(), now=1.0), (None,)),
    ],
)
def test_a_retry_has_the_price_of_what_it_repeats(job: Job, prices: tuple[object, ...]) -> None:
    """A failed model is generated again; an existing one is only optimized."""
    assert prices_of_click(job, Verb.RETRY) == prices


def test_a_retry_after_an_approval_adds_one_attempt() -> None:
    """What the approved attempt has cost is no part of the next one."""
    job = failed(estimate=248.0)
    spent = operation("failed", credits={"finalized": 300, "reserved": 0})
    approval = records.sent(
        job=job.id, key="approval", verb=PaidVerb.APPROVE, operation="op_1", answer=spent
    )
    job = replace(job, requests=(*job.requests, approval))
    query = Price.of(job.request)
    budget = Budget({query: answered(query, Estimate(None, 248.0, 248.0))})
    assert budget.of_click(job, Verb.RETRY, [query]).total == 300 + 248


def test_the_price_at_the_click_is_kept() -> None:
    """Without one, the price known before is kept."""
    job = failed(estimate=200.0, optimize=LIGHT)
    for prices, kept in (((248.0, 20.0), 248), ((None, None), 200)):
        run = WorkflowHarness(clicked(job, time.time(), *prices)).answer()
        run.answer(operation("queued", id="op_2"))
        assert (run.job.estimate, run.job.optimize_estimate) == (kept, prices[1])
    anew = WorkflowHarness(clicked(with_operation(failed(), None), time.time(), 248.0)).job
    assert (anew.phase, committed(anew)) == (Phase.WAITING, 248)


@pytest.mark.parametrize(
    ("job", "credits"),
    [(imported(asset()), 0), (imported(asset(), LIGHT), 20), (imported(BROKEN, LIGHT), 268)],
)
def test_a_retry_costs_what_it_repeats(offline: JobService, job: Job, credits: float) -> None:
    """A model that failed at Mint is a whole generation; one that exists is fetched again."""
    generation, optimization = Estimate(None, 248.0, 248.0), Estimate(None, 20.0, 20.0)
    offline.queries.cache_answer(Price.of(job.request), generation)
    for query in (OptimizationPrice(), OptimizationPrice("res_1")):
        offline.queries.cache_answer(query, optimization)
    offline.cache.add(job)
    if credits:
        offline.budget.limits = Limits(each=credits - 1)
        with pytest.raises(
            TooExpensive, match=f"about {credits} Credits in total, more than your limit"
        ):
            offline.retry(job.id)
    offline.budget.limits = Limits(each=max(credits, 1))
    offline.retry(job.id)
    after = offline.job(job.id)
    assert (after.phase, offline.spending.today()) == (Phase.WAITING, credits)
    assert bool(after.requests) is (credits > 0)
    assert (after.start_request is None) is (credits < 248)


def test_several_retries_stay_within_the_limit(offline: JobService, home: Path) -> None:
    """Two unanswered retries at 248 fit into 500, a third does not.

    Another process counts the same.
    """
    answers = [operation("failed", resource=f"res_{number}") for number in range(3)]
    jobs = [with_operation(failed(), answer) for answer in answers]
    offline.queries.cache_answer(Price.of(jobs[0].request), Estimate(None, 248.0, 248.0))
    offline.cache.add(*jobs)
    offline.budget.limits = Limits(day=500)
    for job in jobs[:2]:
        offline.retry(job.id)
    with pytest.raises(TooExpensive, match="With the 496 Credits spent today"):
        offline.retry(jobs[2].id)
    assert offline.job(jobs[2].id).phase is Phase.FAILED
    *_, yesterday, today = offline.spending.month().days
    assert (today.credits, today.failed) == (496, 0)
    assert (yesterday.credits, yesterday.failed) == (0, 1)
    with closing(Journal(home)) as other:
        other.set_account(offline.account)
        assert SpendingTotals(other).today() == 496


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (costing(Phase.PLACED, status="succeeded", finalized=248, reserved=0), "248 Credits"),
        (costing(Phase.WORKING, reserved=1998, finalized=0), "1,998 Credits reserved"),
        (
            paid_before(costing(Phase.WORKING, reserved=798, finalized=0), 150.0),
            "798 Credits reserved, 150 for earlier attempts",
        ),
        (costing(Phase.WORKING, estimate=248.0), "About 248 Credits"),
        (a_job().with_prices(248.0, None), "About 248 Credits"),
        (a_job(), ""),
        (costing(Phase.FAILED, status="failed", finalized=40, reserved=0), "40 Credits"),
        (costing(Phase.FAILED, status="failed"), ""),
        (over(a_job().with_prices(248.0, None), Phase.FAILED), ""),
        (over(a_job().with_prices(248.0, None), Phase.CANCELED), ""),
        (costing(Phase.CANCELED, status="canceled", finalized=None, reserved=None), ""),
        (costing(Phase.CANCELED, status="canceled", finalized=0), "No Credits charged"),
        (lamp(Phase.WAITING), "About 268 Credits"),
        (fetch(Phase.WAITING), "About 20 Credits"),
        (clicked(failed(), 1.0, 248.0), "About 248 Credits"),
        (clicked(paid_before(failed(), 40.0), 1.0, 248.0), "About 288 Credits"),
        (clicked(failed(), 1.0, None), ""),
        (failed(estimate=248.0), "No Credits charged"),
    ],
)
def test_the_cost_in_words(job: Job, says: str) -> None:
    """Paid, reserved and expected Credits are told apart; an unknown cost is empty.

    From the click on Retry, the card no longer shows the cost of the last attempt.
    """
    assert JobView(job).cost == says
