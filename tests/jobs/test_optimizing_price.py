# SPDX-License-Identifier: GPL-3.0-or-later
"""The price of an optimization after a generation, and how the limits count it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.budget.spending import Limits, committed
from mint_blender.jobs.job import Job
from mint_blender.jobs.new_jobs import new_request
from mint_blender.jobs.paid_requests.record import PaidVerb, of_asset
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import OptimizationPrice, Price
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, OptimizationLevel, Preset

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .workflow_harness import a_job, operation

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
    return (
        replace(job, optimization=operation(id="op_2", **optimized))
        if optimized is not None
        else job
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("job", "credits"),
    [
        (lamp(Phase.WAITING), 268),
        (lamp(Phase.WORKING, paid=300), 320),
        (lamp(Phase.REVIEW, paid=248), 268),
        (lamp(Phase.FETCHING, paid=248), 268),
        (lamp(Phase.FETCHING, paid=248, optimized={"status": "queued"}), 268),
        (
            lamp(
                Phase.FETCHING, paid=248, optimized={"status": "queued", "credits": {"reserved": 0}}
            ),
            268,
        ),
        (
            lamp(
                Phase.FETCHING,
                paid=248,
                optimized={"status": "running", "credits": {"reserved": 35}},
            ),
            283,
        ),
        (
            lamp(
                Phase.READY,
                paid=248,
                optimized={"status": "succeeded", "credits": {"finalized": 35}},
            ),
            283,
        ),
        (
            lamp(
                Phase.READY, paid=248, optimized={"status": "failed", "credits": {"finalized": 0}}
            ),
            248,
        ),
        (lamp(Phase.READY, paid=248, optimized={"status": "succeeded"}), 268),
        (lamp(Phase.READY, paid=248), 248),
        (lamp(Phase.READY, optimized={"status": "succeeded", "credits": {"finalized": 35}}), 283),
        (lamp(Phase.FETCHING, optimized={"status": "running", "credits": {"reserved": 35}}), 283),
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
    paid = [{"status": "succeeded", "credits": {"finalized": price}} for price in (20, 35, 0)]
    free, *paid_jobs = (
        ordered(lamp(Phase.READY, optimized=each)) for each in ({"status": "succeeded"}, *paid)
    )
    journal = Journal(home)
    journal.add(free)
    assert journal.last_optimization() is None
    journal.add(*paid_jobs)
    assert journal.last_optimization() == 35
    journal.close()


# -- on the job service


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a fast service without assets."""
    with running_service(speed=1000, credits=1e6, cancel="everywhere") as running:
        yield running


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


def test_the_daily_limit_includes_a_pending_optimization(
    job_service: JobService, service: ThreadService
) -> None:
    """A second generation that leaves no Credits for the optimization is refused."""
    make_a_model(job_service)
    before = job_service.spending.today()
    service.scenario(rules=[{"prompt": "stays", "switches": ["stuck"]}])
    job_service.budget.limits = Limits(day=before + 248 + 20 + 247)
    first = job_service.start(replace(LAMP, prompt="one that stays"), optimize=LIGHT)
    while job_service.job(first.id).cost != 248:
        job_service.next_event()
    assert job_service.spending.today() == before + 268
    with pytest.raises(TooExpensive, match="daily limit"):
        job_service.start(LAMP)
    job_service.cancel(first.id)
    job_service.watch([first.id])
    assert job_service.spending.today() == before


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
