# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits on spending, checked by a job service at every click that costs Credits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.queries import OptimizationPrice, Price
from mint_blender.jobs.service import JobService, NotPossible, TooExpensive
from mint_blender.mint.account import Account
from mint_blender.mint.schema import (
    Estimate,
    Mode,
    OptimizationLevel,
    Preset,
)

from ..mint_service.runner import running_service
from .fast_config import account, fast_config
from .spending_helpers import LAMP, answered, costing
from .workflow_harness import accepted, asset


@pytest.fixture
def job_service(home: Path) -> Iterator[JobService]:
    """Yield a job service with a service whose operations do not progress."""
    with running_service(speed=1000, switches=["stuck"], cancel="everywhere") as service:
        job_service = JobService(fast_config(home), account(service))
        yield job_service
        assert job_service.close(20)


def test_an_unknown_price_must_be_requested_first(job_service: JobService) -> None:
    """With a limit a start names the missing price; a known price is stored with the job."""
    job_service.budget.limits = Limits(each=300)
    with pytest.raises(TooExpensive) as caught:
        job_service.start(LAMP)
    assert caught.value.missing_prices == (Price.of(LAMP),)
    assert job_service.jobs() == []
    job_service.ask_and_wait(Price.of(LAMP))
    job = job_service.start(LAMP)
    assert job.estimate == 248
    with pytest.raises(TooExpensive, match="more than your limit of 300") as caught:
        job_service.ask_and_wait(Price.of(replace(LAMP, preset=Preset.STANDARD)))
        job_service.start(replace(LAMP, preset=Preset.STANDARD))
    assert caught.value.missing_prices == ()
    assert str(caught.value).endswith("Nothing was started.")
    assert len(job_service.jobs()) == 1


def test_the_daily_sum_includes_active_and_dismissed_jobs(job_service: JobService) -> None:
    """Two at 248 fit into 500, a third does not.

    A user who was asked may exceed the limit.
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
    with job_service.budget.without_limits():
        third = job_service.start(LAMP).id
    assert job_service.spending.today() == 744
    for job_id in (*begun, third):
        job_service.cancel(job_id)
    job_service.watch([*begun, third])
    assert job_service.spending.today() == 0  # canceled in time: Mint gave it back


def test_dismissed_jobs_stay_in_the_sum(home: Path) -> None:
    """Another job service on the same journal counts them too."""
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
    earlier = replace(costing(Phase.PLACED, status="succeeded", finalized=50), created_at=1e9)
    other.cache.add(earlier)
    assert (other.spending.month().credits, other.spending.ever()) == (248, 298)
    assert job_service.close(5) and other.close(5)


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
        assert clicked.decision is not None
        if verb is Verb.REVISE:
            key, requests = clicked.decision.key, job_service.journal.paid_requests
            assert requests.begin(key, now=time.time(), credential="k", body="{}")
            requests.answer(key, "op_1")
        spent = costing(Phase.REVIEW, status="preview_ready", finalized=300).operation
        after = replace(before, operation=spent)
        job_service.journal.save(after, answered=clicked.decision)
        job_service.cache.reread()
        assert job_service.spending.today() == today


def test_an_optimization_is_checked_against_the_limits(job_service: JobService) -> None:
    """Downloading is free; an optimization needs a price within the limit."""
    job_service.budget.limits = Limits(each=10)
    made = asset()
    with pytest.raises(TooExpensive) as caught:
        job_service.fetch(made, optimize=OptimizationLevel.LIGHT)
    assert caught.value.missing_prices == (OptimizationPrice(made.id),)
    job_service.queries.cache_answer(OptimizationPrice(made.id), Estimate(None, 20.0, 20.0))
    with pytest.raises(TooExpensive, match="about 20 Credits"):
        job_service.fetch(made, optimize=OptimizationLevel.LIGHT)
    assert job_service.fetch(made).estimate is None


def test_without_a_limit_no_price_is_needed(job_service: JobService) -> None:
    """The job starts at once, and an unknown price stays unknown."""
    assert job_service.start(LAMP).estimate is None
    with pytest.raises(NotPossible):
        job_service.retry("nope")


def test_a_blocking_start_waits_for_the_price(job_service: JobService) -> None:
    """If the price cannot be read, the error is part of the message."""
    job_service.ask_price = job_service.ask_and_wait
    job_service.budget.limits = Limits(each=300)
    assert job_service.start(LAMP).estimate == 248
    with pytest.raises(TooExpensive, match="about 798 Credits"):
        job_service.start(replace(LAMP, preset=Preset.STANDARD))
    query = Price.of(replace(LAMP, mode=Mode.REVIEW))
    job_service.queries.answers[query] = answered(query, None, error="Mint cannot be reached.")
    with pytest.raises(TooExpensive, match=r"cannot be checked\. Mint cannot be reached\."):
        job_service.start(replace(LAMP, mode=Mode.REVIEW))
