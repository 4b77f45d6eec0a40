# SPDX-License-Identifier: GPL-3.0-or-later
"""Spending limits between processes, at the send, and for every decision that costs Credits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.budget.spending import PRICE_LIFETIME, Limits, committed
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import ABOVE_OWN_LIMIT, UNANSWERED, Cause, Decision, Problem
from mint_blender.jobs.paid_requests.record import FOUND, PaidVerb, new_request, of_asset, of_line
from mint_blender.jobs.paid_requests.send import Sent
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import OptimizationPrice, Price, prices_of_click
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Pay, Quote, TakeSlot
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Estimate, Kind, Mode, OptimizationLevel, Preset

from ..mint_service.runner import ThreadService
from .fast_config import account, fast_config
from .other_process import OtherProcess
from .spending_helpers import LAMP, answered, costing
from .workflow_harness import (
    CLICK,
    Start,
    WorkflowHarness,
    a_job,
    accepted,
    asset,
    decided,
    operation,
    problem,
    sent,
    with_operation,
)

NOON = time.mktime((2026, 3, 5, 12, 0, 0, 0, 0, -1))
DAY = 24 * 3600.0
WORLD = GenerationRequest(Kind.WORLD, "a walled courtyard", Preset.STANDARD, Mode.REVIEW)
PRICE = Estimate(None, 150.0, 1650.0)
ALL_AT_START = Estimate(None, 1650.0, 1650.0)


def at_preview(spent: float | None = 150.0, reserved: float = 0.0, **more: Any) -> Job:
    """Return a World that waits at its Preview, with this cost so far; None: Mint names none."""
    credits = {"estimated": 1650.0, "finalized": spent, "reserved": reserved}
    said: dict[str, Any] = {} if spent is None else {"credits": credits}
    run = operation("preview_ready", Mode.REVIEW, kind=Kind.WORLD, **said)
    job = with_operation(
        replace(a_job(), request=WORLD, phase=Phase.REVIEW).with_prices(1650.0, None), run
    )
    return replace(job, created_at=time.time(), **more)


# -- one transaction


@pytest.mark.windows
@pytest.mark.covers("S-credits")
def test_two_processes_cannot_exceed_the_limit_together(home: Path) -> None:
    """The check and the new job are one transaction, so only one process starts."""
    with OtherProcess(home) as one, OtherProcess(home) as other:
        for process in (one, other):
            process.ask("open_offline")
        for spent in range(0, 600, 100):
            at = time.time() + 0.05
            for process in (one, other):
                process.tell("start_within", spent + 150, 100, at)
            assert sorted([one.receive(), other.receive()]) == [False, True]


# -- which day


YESTERDAY = NOON - DAY
CLICKED = replace(a_job(), created_at=YESTERDAY).with_prices(248.0, None)
LINE = replace(
    new_request(of_line("batch", "1"), PaidVerb.START, CLICKED.id, now=YESTERDAY), credits=248.0
)
PREVIEW = accepted(replace(at_preview(), created_at=YESTERDAY), at=YESTERDAY)
APPROVAL = decided(PREVIEW, Verb.APPROVE, now=NOON)
APPROVED = replace(
    APPROVAL.requests[-1],
    attempts=1,
    attempted=NOON,
    operation="op_1",
    answer=operation("running", Mode.REVIEW, kind=Kind.WORLD),
)


@pytest.mark.parametrize(
    ("job", "at", "credits"),
    [
        # queued, sent, and sent twice because Mint was full
        (CLICKED, None, 248),
        (replace(accepted(CLICKED, at=NOON), phase=Phase.WORKING), NOON, 248),
        (replace(sent(CLICKED, NOON, attempts=2, refusals=1), phase=Phase.SENDING), NOON, 248),
        # a line of an old batch
        (
            replace(CLICKED, requests=(replace(LINE, attempts=1, attempted=NOON, operation="op"),)),
            NOON,
            248,
        ),
        # a Preview, and a canceled one
        (PREVIEW, YESTERDAY, 150),
        (replace(PREVIEW, phase=Phase.CANCELED), YESTERDAY, 150),
        # an approval that waits, and one that was sent
        (APPROVAL, None, 1650),
        (replace(APPROVAL.with_request(APPROVED), decision=None, phase=Phase.WORKING), NOON, 1650),
    ],
)
def test_a_job_counts_on_the_day_on_which_it_is_sent(
    job: Job, at: float | None, credits: float
) -> None:
    """What is not sent yet counts whenever that will be; most of a price is paid at the approval.

    The record of a line is as old as its batch, for which another machine may have sent it.
    """
    if job.phase is Phase.WAITING and at is not None:
        job = replace(job, phase=Phase.WORKING)
    assert committed(job) == credits
    (attempt,) = job.attempts
    assert attempt.arose_at == at


# -- clicks that cost


DECIDE: dict[Verb, Callable[[JobService, str], None]] = {
    Verb.APPROVE: lambda service, job_id: service.approve(job_id),
    Verb.REVISE: lambda service, job_id: service.revise(job_id, "more ivy"),
}


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(each=1649), "about 1,650 Credits in total, more than your limit of 1,649 Credits"),
        (Limits(day=2149), "about 1,500 Credits. With the 650 Credits spent today"),
        (Limits(each=1650, day=2150), None),
    ],
)
def test_approving_is_within_the_limits(
    offline: JobService, limits: Limits, says: str | None
) -> None:
    """An approval counts 1,500 of a World's 1,650 Credits.

    The cost of a Preview of today is not counted twice.
    """
    job = at_preview()
    offline.cache.add(job, replace(at_preview(500.0), phase=Phase.PLACED))
    offline.queries.cache_answer(Price.of(WORLD), PRICE)
    offline.budget.limits = limits
    if says is not None:
        with pytest.raises(TooExpensive, match=says):
            offline.approve(job.id)
        assert offline.job(job.id).decision is None
        offline.budget.limits = Limits()
    offline.approve(job.id)
    assert offline.job(job.id).decision is not None
    assert offline.spending.today() == 1650 + 500


def test_the_price_of_an_approval_is_requested_first(offline: JobService) -> None:
    """An unknown price must be requested; without one the price at the click is used."""
    job = at_preview()
    offline.cache.add(job)
    offline.budget.limits = Limits(each=1650)
    with pytest.raises(TooExpensive) as caught:
        offline.approve(job.id)
    assert caught.value.missing_prices == (Price.of(WORLD),)
    offline.queries.cache_answer(Price.of(WORLD), Estimate(None, None, None))
    offline.approve(job.id)


@pytest.mark.parametrize(
    ("job", "price", "verb", "total"),
    [
        # a revision counts another Preview; without its price, as much as a generation
        (at_preview(), PRICE, Verb.REVISE, 300),
        (at_preview(), Estimate(None, None, 1650.0), Verb.REVISE, 1800),
        # both Previews count, also without a price, and where Mint reports no Credits
        (at_preview(300.0, revision=1), PRICE, Verb.APPROVE, 1800),
        (at_preview(300.0, revision=1), Estimate(None, None, None), Verb.APPROVE, 1950),
        (at_preview(None, revision=2), PRICE, Verb.APPROVE, 1950),
        # everything was reserved at the start; what was retried counts for itself
        (at_preview(150.0, 1500.0), ALL_AT_START, Verb.REVISE, 1800),
        (at_preview(150.0, 1500.0, revision=1), ALL_AT_START, Verb.APPROVE, 1650),
        (at_preview(300.0, 1500.0, revision=1), ALL_AT_START, Verb.APPROVE, 1800),
    ],
)
def test_what_a_decision_adds_is_within_the_limits(
    offline: JobService, job: Job, price: Estimate, verb: Verb, total: int
) -> None:
    """What the job has cost before counts, and what is not known is not free."""
    offline.cache.add(replace(job, created_at=time.time()))
    offline.queries.cache_answer(Price.of(WORLD), price)
    decide = partial(DECIDE[verb], offline, job.id)
    offline.budget.limits = Limits(each=total - 1)
    with pytest.raises(TooExpensive, match=f"about {total:,} Credits"):
        decide()
    offline.budget.limits = Limits(each=total)
    decide()
    assert offline.spending.today() == total


# -- a job's own limit


@pytest.mark.covers("R-limit")
def test_a_jobs_own_limit_applies_to_every_decision(offline: JobService) -> None:
    """The user can set another limit, and an accepted excess removes the limit."""
    revised, raised, accepted = (at_preview(max_credits=1000.0) for _ in range(3))
    offline.cache.add(revised, raised, accepted)
    offline.queries.cache_answer(Price.of(WORLD), PRICE)
    said = r"about 1,650 Credits in total, more than the limit of 1,000 Credits\."
    for job in (revised, raised, accepted):
        with pytest.raises(TooExpensive, match=said):
            offline.approve(job.id)
    offline.revise(revised.id, "more ivy")
    assert offline.job(revised.id).max_credits == 1000
    offline.set_limit(raised.id, 1650.0)
    offline.approve(raised.id)
    with offline.budget.without_limits():
        offline.approve(accepted.id)
    assert offline.job(accepted.id).max_credits is None


UNCERTAIN = Problem(Cause.UNREACHABLE, "Nothing was found.", UNANSWERED)
FAILED = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "failed"})


RETRIED = {
    "what Mint reports": with_operation(
        accepted(at_preview()), operation("failed", credits={"finalized": 500})
    ),
    "what was only found": replace(
        sent(a_job(), NOON, operation=f"{FOUND}res_1"), asset=FAILED, source_asset_id="res_1"
    ),
    "what may have been started": replace(sent(a_job(), NOON), problem=UNCERTAIN),
}


@pytest.mark.covers("R-limit")
@pytest.mark.parametrize(
    ("name", "price", "total"),
    list(zip(RETRIED, (1650.0, 248.0, 248.0), (2150, 496, 496), strict=True)),
)
def test_a_retry_adds_to_what_the_job_has_cost(
    offline: JobService, name: str, price: float, total: float
) -> None:
    """The job's limit covers all attempts together.

    Mint's list does not say what a result has cost: it counts with the price of its click. What
    Mint has not answered counts as paid.
    """
    phase = Phase.PAUSED if RETRIED[name].problem else Phase.FAILED
    job = replace(RETRIED[name], phase=phase, max_credits=total - 1).with_prices(price, None)
    offline.cache.add(job)
    offline.journal.paid_requests.note_look(job.requests[0].key)
    offline.reread()
    offline.queries.cache_answer(Price.of(job.request), Estimate(None, price, price))
    with pytest.raises(TooExpensive, match=f"about {total:,} Credits in total"):
        offline.retry(job.id)
    offline.set_limit(job.id, total)
    offline.retry(job.id)
    before = [attempt.cost for attempt in offline.job(job.id).attempts if not attempt.is_latest]
    assert sum(before) == total - price


def run(job: Job, *, now: float = NOON) -> WorkflowHarness:
    """Run the job's workflow at a time."""
    return WorkflowHarness(job, WorkflowConfig(now=lambda: now))


def waiting(estimate: float | None = 248.0) -> Job:
    """Return a queued job, clicked at noon for 248 Credits, with a limit of 300."""
    return replace(a_job(), created_at=NOON, max_credits=300.0).with_prices(estimate, None)


@pytest.mark.covers("S-credits")
@pytest.mark.parametrize(
    ("price", "is_sent"), [(300.0, True), (301.0, False), (None, True), ("recent", True)]
)
def test_a_later_send_requests_the_price_again(price: float | str | None, is_sent: bool) -> None:
    """The new price is compared with the limit before sending; a recent one is not asked for.

    If Mint returns none, the price at the click is used.
    """
    workflow = run(waiting(), now=NOON if price == "recent" else NOON + DAY).answer(None)
    if not isinstance(price, str):
        assert isinstance(workflow.effect, Quote)
        workflow.answer(Estimate(None, price, price))
    if is_sent:
        assert workflow.expect(Start)
        return
    assert workflow.job.phase is Phase.PAUSED
    assert workflow.job.requests[0].is_unsent
    assert workflow.job.problem.cause is Cause.CREDITS
    said = "about 301 Credits in total, more than the limit of 300 Credits. Nothing was sent."
    assert said in workflow.job.problem.message
    assert isinstance(workflow.again().effect, TakeSlot)


def test_an_unknown_price_is_not_within_a_jobs_limit() -> None:
    """Without any price the job pauses and nothing is sent."""
    workflow = run(waiting(estimate=None)).answer(None).answer(Estimate(None, None, None))
    assert workflow.job.phase is Phase.PAUSED
    workflow = run(waiting(estimate=None)).answer(None).fail(problem(403))
    assert workflow.job.phase is Phase.PAUSED


def test_a_start_that_may_have_been_sent_is_repeated() -> None:
    """A repeated start with the same key costs nothing more, so no limit applies."""
    job = sent(replace(waiting(), phase=Phase.SENDING, max_credits=1.0), NOON)
    workflow = run(job, now=NOON + 60)
    assert workflow.expect(Start)


def test_resuming_a_job_at_its_limit_asks_the_user(offline: JobService) -> None:
    """In a window Resume shows price and limit, and accepting removes the limit.

    If the price has fallen meanwhile, the present price counts.
    """
    for is_cheaper in (True, False):
        workflow = run(waiting(), now=NOON + DAY).answer(None).answer(Estimate(None, 301.0, 301.0))
        job, price = workflow.job, Price.of(workflow.job.request)
        offline.cache.add(job)
        offline.queries.answers.clear()
        with pytest.raises(TooExpensive) as caught:
            offline.resume(job.id)
        assert caught.value.missing_prices == (price,)
        now = 300.0 if is_cheaper else 301.0
        offline.queries.cache_answer(price, Estimate(None, now, now))
        if not is_cheaper:
            said = "about 301 Credits in total, more than the limit of 300"
            with pytest.raises(TooExpensive, match=said):
                offline.resume(job.id)
            assert not offline.is_active(job.id)
        with offline.budget.without_limits() if not is_cheaper else nullcontext():
            offline.resume(job.id)
        assert offline.is_active(job.id)
        assert offline.job(job.id).max_credits == (300 if is_cheaper else None)


# -- limits on spending, checked by a job service at every click that costs Credits


def test_an_unknown_price_must_be_requested_first(job_service: JobService) -> None:
    """With a limit a start names the missing price; a known price is stored with the job.

    A blocking start waits for it. If it cannot be read, the error is part of the message.
    """
    assert job_service.start(LAMP).estimate is None, "without a limit no price is needed"
    job_service.budget.limits = Limits(each=300)
    with pytest.raises(TooExpensive) as caught:
        job_service.start(LAMP)
    assert caught.value.missing_prices == (Price.of(LAMP),)
    job_service.ask_and_wait(Price.of(LAMP))
    assert job_service.start(LAMP).estimate == 248
    job_service.ask_price = job_service.ask_and_wait
    with pytest.raises(
        TooExpensive, match="about 798 Credits in total, more than your limit"
    ) as caught:
        job_service.start(replace(LAMP, preset=Preset.STANDARD))
    assert caught.value.missing_prices == ()
    assert str(caught.value).endswith("Nothing was started.")
    query = Price.of(replace(LAMP, mode=Mode.REVIEW))
    job_service.queries.answers[query] = answered(query, None, error="Mint cannot be reached.")
    with pytest.raises(TooExpensive, match=r"cannot be checked\. Mint cannot be reached\."):
        job_service.start(replace(LAMP, mode=Mode.REVIEW))
    assert len(job_service.jobs()) == 2


@pytest.mark.parametrize(("verb", "today"), [(Verb.REVISE, 300), (Verb.CANCEL, 0)])
def test_a_revision_that_is_done_at_once_counts_today(
    home: Path, monkeypatch: pytest.MonkeyPatch, verb: Verb, today: float
) -> None:
    """Its Preview of yesterday, too. The job was in review before and after Mint's answer."""
    before = costing(Phase.REVIEW, status="preview_ready", finalized=150)
    with closing(JobService(fast_config(home), Account("key"))) as job_service:
        with monkeypatch.context() as yesterday:
            day_ago = time.time() - 24 * 3600.0
            yesterday.setattr(time, "time", lambda: day_ago)
            before = accepted(replace(before, created_at=day_ago), at=day_ago)
            job_service.cache.add(before)
        assert job_service.spending.today() == 0
        assert job_service.journal.decide(before.id, Decision(verb, feedback="greener"))
        clicked = job_service.journal.job(before.id)
        if verb is Verb.REVISE:
            key, requests = clicked.decision.key, job_service.journal.paid_requests
            assert requests.begin(key, now=time.time(), credential="k", body="{}")
            requests.answer(key, "op_1")
        spent = costing(Phase.REVIEW, status="preview_ready", finalized=300).operation
        after = with_operation(before, spent)
        job_service.journal.save(after, answered=clicked.decision)
        job_service.cache.reread()
        assert job_service.spending.today() == today


def test_an_optimization_is_checked_against_the_limits(offline: JobService) -> None:
    """Downloading is free; an optimization needs a price within the limit."""
    made = asset()
    offline.budget.limits = Limits(each=10)
    with pytest.raises(TooExpensive) as caught:
        offline.fetch(made, optimize=LIGHT)
    assert caught.value.missing_prices == (OptimizationPrice(made.id),)
    offline.queries.cache_answer(OptimizationPrice(made.id), Estimate(None, 20.0, 20.0))
    with pytest.raises(TooExpensive, match="about 20 Credits"):
        offline.fetch(made, optimize=LIGHT)
    assert offline.fetch(made).estimate is None


# -- the price of an optimization


LIGHT = OptimizationLevel.LIGHT
ESTIMATE = ("POST", "/v1/pricing:estimate")


@pytest.fixture
def optimizing(home: Path, service: ThreadService) -> Iterator[JobService]:
    """Yield a job service that waits for a price, reads optimized files, and has made a model."""
    job_service = JobService(fast_config(home, readable=OPTIMIZED_NEEDS), account(service))
    job_service.ask_price = job_service.ask_and_wait
    job_service.watch([job_service.start(LAMP).id])
    yield job_service
    assert job_service.close(60)


def test_without_a_model_an_unknown_price_is_not_within_a_limit(job_service: JobService) -> None:
    """Mint returns no price: the job is refused until accepted. A window gets all at once."""
    prices = (Price.of(LAMP), OptimizationPrice())
    for limits in (Limits(each=1000), Limits(day=1000)):
        job_service.budget.limits = limits
        with pytest.raises(TooExpensive) as caught:
            job_service.start(LAMP, optimize=LIGHT)
        assert caught.value.missing_prices == prices
        job_service.ask_and_wait(prices[0])
        prices = prices[1:] or prices
    job_service.ask_price = job_service.ask_and_wait
    with pytest.raises(
        TooExpensive,
        match=r"cannot be checked\. Mint sets the price of an optimization once there is a model\.",
    ) as caught:
        job_service.start(LAMP, optimize=LIGHT)
    assert caught.value.missing_prices == () and job_service.jobs() == []
    with job_service.budget.without_limits():
        job = job_service.start(LAMP, optimize=LIGHT)
    assert (job.estimate, job.optimize_estimate) == (248, None)


def test_an_existing_model_gives_the_price(optimizing: JobService, service: ThreadService) -> None:
    """One model is used for the price, with one request; later the last cost, if there is no price.

    Generation and optimization together are compared with the limit per generation.
    """
    (model,) = service.resources()
    for _ in range(2):
        optimizing.budget.limits = Limits(each=267)
        with pytest.raises(
            TooExpensive, match="about 268 Credits in total, more than your limit of 267"
        ):
            optimizing.start(LAMP, optimize=LIGHT)
    assert [each.body for each in service.requests(*ESTIMATE)][1:] == [
        {"operation": "model_optimization", "modelId": model.id}
    ]
    optimizing.budget.limits = Limits(each=268)
    job = optimizing.start(LAMP, optimize=LIGHT)
    assert (job.estimate, job.optimize_estimate) == (248, 20)
    assert optimizing.start(LAMP).optimize_estimate is None
    optimizing.watch([job.id])
    assert optimizing.job(job.id).cost == 268
    optimizing.queries.answers.clear()
    no_price = {"method": "POST", "path": ESTIMATE[1], "times": 1, "answer": {"status": 404}}
    optimizing.ask_and_wait(Price.of(LAMP))
    service.scenario(answers=[no_price])
    assert optimizing.start(LAMP, optimize=LIGHT).optimize_estimate == 20, "from the journal"


def test_a_model_without_an_optimized_file_is_preferred_for_the_price(
    optimizing: JobService, service: ThreadService
) -> None:
    """An optimized model may have no price, so it is used only if there is no other."""
    (plain,) = service.resources()
    made = optimizing.start(replace(LAMP, prompt="a lamp [already-optimized]"))
    optimizing.watch([made.id])
    optimizing.ask_and_wait(OptimizationPrice())
    asked = service.requests(*ESTIMATE)[-1].body
    assert asked == {"operation": "model_optimization", "modelId": plain.id}
    assert optimizing.budget.price(OptimizationPrice()) == 20


def test_the_cost_of_the_last_optimization(home: Path) -> None:
    """The newest optimization with a known cost is used, not a failed one."""

    def optimized(*credits: float) -> Job:
        said: dict[str, Any] = {"credits": {"finalized": credits[0]}} if credits else {}
        request = new_request(of_asset("res_1"), PaidVerb.OPTIMIZE, "job", now=1.0)
        job = a_job()
        request = replace(request, key=job.id, subject=of_asset(job.id), job=job.id)
        run = operation("succeeded", id="op_2", **said)
        return with_operation(
            replace(job, phase=Phase.PLACED, requests=(*job.requests, request)), optimization=run
        )

    with closing(Journal(home)) as journal:
        journal.add(optimized())
        assert journal.last_optimization() is None
        paid = journal.add(*(optimized(price) for price in (20, 35, 0)))
        assert journal.last_optimization() == 35
        journal.dismiss(paid[1].id)
        assert journal.last_optimization() == 35, "it was paid for all the same"


# -- a price that has risen while a job waited


@pytest.mark.covers("C17-price")
@pytest.mark.parametrize(("price", "is_sent"), [(1650.0, False), (100.0, True), (80.0, True)])
def test_a_price_that_has_risen_is_asked_again(price: float, is_sent: bool) -> None:
    """It is accepted by a person, or nothing is sent; then it is not asked a second time."""
    later = WorkflowConfig(now=lambda: CLICK + PRICE_LIFETIME)
    run = WorkflowHarness(replace(a_job(), created_at=CLICK).with_prices(100.0, None), later)
    run.answer()
    run.expect(Quote)
    run.answer(Estimate(None, price, price))
    if not is_sent:
        assert (run.job.phase, run.job.problem.code) == (Phase.PAUSED, ABOVE_OWN_LIMIT)
        assert "from 100 to 1,650 Credits" in run.job.problem.message
        assert Verb.RESUME in JobView(run.job).verbs
        assert prices_of_click(run.job, Verb.RESUME), "a click asks for the price, and says it"
        run = run.again(later).answer()
    run.expect(Start)


def test_a_price_that_is_old_when_it_is_sent_is_asked_again() -> None:
    """The computer slept after the price was looked at, and nothing was sent."""
    now = CLICK
    config = WorkflowConfig(now=lambda: now)
    run = WorkflowHarness(replace(a_job(), created_at=CLICK).with_prices(100.0, None), config)
    run.answer()
    assert run.expect(Pay).call.priced_until == CLICK + PRICE_LIFETIME
    now += PRICE_LIFETIME
    run.answer(Sent(run.job.start_request, is_price_old=True))
    run.expect(Quote)


def test_the_age_of_a_price_counts_from_when_it_was_asked(offline: JobService) -> None:
    """Not from the click: a price may have been on the button for hours."""
    query = Price.of(LAMP)
    estimate = Estimate(None, 100.0, 100.0)
    offline.queries.answers[query] = answered(query, estimate, ago=2 * PRICE_LIFETIME)
    job = offline.start(LAMP)
    assert job.estimate == 100.0
    assert time.time() - job.priced_at == pytest.approx(2 * PRICE_LIFETIME, abs=60.0)
    now = WorkflowConfig(now=time.time)
    run = WorkflowHarness(job, now)
    run.answer()
    run.expect(Quote)


def test_a_price_has_the_time_of_mint(offline: JobService) -> None:
    """The clock was half a day ahead at the click, and is right when that half of a day is over."""
    asked_at = time.time() - DAY / 2
    query = Price.of(LAMP)
    offline.queries.cache_answer(query, Estimate(None, 100.0, 100.0, asked_at))
    job = offline.start(LAMP)
    assert job.priced_at == asked_at
    run = WorkflowHarness(job, WorkflowConfig(now=time.time))
    run.answer().expect(Quote)
    run.answer(Estimate(None, 100.0, 100.0, asked_at + DAY / 2))
    assert run.expect(Pay).call.priced_until == asked_at + DAY / 2 + PRICE_LIFETIME


def test_a_price_is_asked_again_if_only_this_computer_thinks_it_is_new() -> None:
    """Its clock was set back by as much as has passed since the click; Mint's clock was not."""
    before = WorkflowConfig(now=lambda: CLICK)
    run = WorkflowHarness(replace(a_job(), created_at=CLICK).with_prices(100.0, None), before)
    run.answer().expect(Pay)
    run.answer(Sent(run.job.start_request, is_price_old=True)).expect(Quote)
    run.answer(Estimate(None, 100.0, 100.0, CLICK + DAY)).expect(Pay)


def test_a_price_of_a_clock_that_was_ahead_is_asked_again() -> None:
    """The clock was a day ahead at the click, and is right now."""
    before = WorkflowConfig(now=lambda: CLICK - DAY)
    run = WorkflowHarness(replace(a_job(), created_at=CLICK).with_prices(100.0, None), before)
    run.answer().expect(Quote)


@pytest.mark.covers("R-limit")
def test_a_command_resumes_nothing_beyond_the_limits(
    job_service: JobService, service: ThreadService
) -> None:
    """What has stopped since its price has risen is accepted by a person, but not any price."""
    job_service.ask_price = job_service.ask_and_wait
    stopped = replace(a_job(), phase=Phase.PAUSED).with_prices(100.0, None)
    job_service.cache.add(replace(stopped, problem=Problem(Cause.CREDITS, "It has risen.")))
    job_service.budget.limits = Limits(each=247)
    with pytest.raises(TooExpensive, match="about 798 Credits in total, more than your limit"):
        job_service.resume(stopped.id)
    assert not service.operations() and job_service.job(stopped.id).phase is Phase.PAUSED


def test_an_approval_keeps_the_price_of_its_start(offline: JobService) -> None:
    """A price that has fallen since is that of a new start."""
    job = at_preview()
    offline.cache.add(job)
    offline.queries.cache_answer(Price.of(WORLD), Estimate(None, 100.0, 900.0))
    offline.budget.limits = Limits(each=1649)
    with pytest.raises(TooExpensive, match="about 1,650 Credits"):
        offline.approve(job.id)
