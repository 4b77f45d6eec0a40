# SPDX-License-Identifier: GPL-3.0-or-later
"""The price of a batch, and `--max-credits` over all its lines."""

from __future__ import annotations

from typing import Any

import pytest

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.service import JobService
from mint_blender.mint.errors import Unreachable

from ..mint_service.runner import ThreadService
from .batch_helpers import Batch
from .command_runner import RunMint
from .conftest import SetLimits

LAMPS: list[dict[str, object]] = [{"prompt": f"lamp {number}"} for number in range(1, 6)]


def cheap(credits: float, times: int = 1) -> dict[str, Any]:
    """Return a price response that turns out to be too low."""
    told: dict[str, Any] = {"object": "pricing_estimate", "operation": "model_generation"}
    told |= {"credits": {"requiredToStart": credits, "estimatedTotal": credits}}
    request = {"method": "POST", "path": "/v1/pricing:estimate", "times": times}
    return {**request, "answer": {"status": 200, "json": told}}


def refused(method: str, path: str, times: int) -> dict[str, Any]:
    """Return that Mint does not know the key, so many times."""
    return {"method": method, "path": path, "times": times, "answer": {"status": 401}}


def test_the_price_is_fetched_once_for_each_kind_of_line(batch: Batch) -> None:
    """The price is fetched once per kind of line, and summed up."""
    batch.lines(
        *LAMPS,
        {"prompt": "a hall", "preset": "production"},
        {"prompt": "a mug", "preset": "standard"},
    )
    ran = batch("--max-credits", "1", "--json")
    assert ran.status == 4
    assert "7 lines to start: about 4,036 Credits in total." in ran.err
    price = {"event": "price", "lines": 7, "credits": 5 * 248 + 1998 + 798, "is_complete": True}
    assert price in ran.records
    assert len(batch.service.requests("POST", "/v1/pricing:estimate")) == 3
    assert not (batch.out / "index.html").exists() and not batch.service.operations()


def test_the_price_includes_optimizations(batch: Batch, mint: RunMint) -> None:
    """The price of optimizing is part of the sum if the account has a model."""
    batch.lines(*({**lamp, "optimize": "light"} for lamp in LAMPS[:2]))
    ran = batch("--max-credits", "100000", "--json")
    assert ran.status == 4
    assert "about 496 Credits in total, plus the optimization of 2 models." in ran.err
    says = "cannot be checked. Mint sets the price of an optimization once there is a model."
    assert says in ran.err
    price = {"event": "price", "lines": 2, "credits": 496, "is_complete": False}
    assert price in ran.records, "as in the text"
    assert not batch.service.operations()
    assert mint("generate", "--prompt", "a mug", "--preset", "fast").status == 0
    ran = batch("--max-credits", "535")
    assert ran.status == 4
    assert "about 536 Credits in total, including the optimization of 2 models." in ran.error_text
    assert batch("--max-credits", "536").status == 0


def test_only_new_lines_are_priced(batch: Batch) -> None:
    """A rerun sums up new lines only; prices of done and failed lines are not fetched."""
    batch.lines({"prompt": "lamp 1"}, {"prompt": "a sword [moderation]"})
    batch()
    batch.lines({"prompt": "lamp 1"}, {"prompt": "a sword [moderation]"}, {"prompt": "lamp 3"})
    ran = batch("--max-credits", "248")
    assert "1 line to start: about 248 Credits in total." in ran.err
    assert len(batch.service.operations()) == 3


def test_unpaid_and_paused_lines_count(batch: Batch) -> None:
    """Lines that wait count with their price for the limit of a rerun, and once for the day."""
    batch.lines(*LAMPS[:2])
    batch.service.scenario(credits=0, answers=[refused("POST", "/v1/models:generate", 1)])
    ran = batch("--yes")
    assert ran.status in {3, 4} and "Failed lines" not in ran.err
    batch.service.scenario(credits=5000)
    batch.lines(*LAMPS[:3])
    ran = batch("--max-credits", "743")
    assert ran.status == 4
    assert "3 lines to start or resume (2 stopped before): about 744 Credits" in ran.err
    assert not list(batch.out.glob("*.glb"))
    ran = batch("--max-credits", "744")
    assert ran.status == 0, ran.err


@pytest.mark.covers("R-batch-limit")
def test_the_limit_holds_while_lines_run(batch: Batch) -> None:
    """When lines cost more than expected, no more lines start, not even a cheaper one."""
    batch.service.scenario(answers=[cheap(100)])
    batch.lines(*LAMPS[:2], {"prompt": "a mug", "preset": "standard"}, LAMPS[2])
    ran = batch("--jobs", "2", "--max-credits", "1098")
    assert ran.status == 4 and "2 of 4 lines are done" in ran.error_text
    assert "would have exceeded --max-credits" in ran.error_text
    assert {operation.prompt for operation in batch.service.operations()} == {"lamp 1", "lamp 2"}
    assert batch.states == ["done"] * 2 + ["not-started"] * 2
    assert batch("--max-credits", "1046").status == 0
    assert len(batch.service.operations()) == 4


def test_too_few_credits_are_told_before_the_first_line(batch: Batch, mint: RunMint) -> None:
    """Nothing starts unless somebody has decided that a part does."""
    batch.service.scenario(credits=500)
    batch.lines(*LAMPS[:3])
    arguments = (*batch.words, "--jobs", "1")
    ran = mint(*arguments)
    assert ran.status == 4 and not batch.service.operations()
    assert "about 744 Credits, and the account has 500. To start what" in ran.error_text
    ran = mint(*arguments, "--yes")
    assert ran.status == 4 and "Lines that cannot be paid wait." in ran.err
    assert "2 of 3 lines are done" in ran.err


def test_a_line_has_a_limit_of_its_own(batch: Batch, service: ThreadService) -> None:
    """A line above its own limit does not start; the others do."""
    batch.lines({**LAMPS[0], "max_credits": 100}, LAMPS[1])
    ran = batch()
    assert ran.status == 4 and "line 1: This would cost about 248 Credits" in ran.error_text
    assert [each.prompt for each in service.operations()] == ["lamp 2"]


def test_paused_lines_count_once_for_the_day(batch: Batch, set_limits: SetLimits) -> None:
    """Paused lines are part of today's sum already and are not counted twice."""
    batch.lines(*LAMPS[:3])
    batch.service.scenario(answers=[refused("POST", "/v1/models:generate", 3)])
    assert batch().status == 3
    set_limits(Limits(day=743))
    assert batch().status == 4
    assert not batch.service.operations()
    set_limits(Limits(day=744))
    assert batch().status == 0


def test_what_a_paused_line_has_paid_is_not_paid_again(batch: Batch, mint: RunMint) -> None:
    """Resuming a line that is fully paid needs nothing of the limit."""
    batch.lines(LAMPS[0])
    batch.service.scenario(answers=[refused("GET", "/v1/models/*", 1)])
    assert batch().status == 3
    (job,) = mint.jobs()
    assert (job["phase"], job["credits"]) == ("paused", 248)
    ran = batch("--max-credits", "1")
    assert ran.status == 0 and "to start" not in ran.err


def test_optimizations_of_running_lines_count(batch: Batch, mint: RunMint) -> None:
    """Mint works on the lines of an earlier run; their optimization is still to be ordered."""
    assert mint("generate", "--prompt", "a mug", "--preset", "fast").status == 0
    batch.lines(*({**lamp, "optimize": "light"} for lamp in LAMPS[:3]))
    outage = {"path": "/v1/operations/*", "times": 10_000, "answer": {"status": 503}}
    batch.service.scenario(answers=[outage])
    assert batch().status == 5
    batch.service.mint.scripted.clear()
    ran = batch("--max-credits", "59")
    assert ran.status == 4 and "about 60 Credits in total" in ran.error_text
    assert not batch.service.requests("POST", "*:optimize")
    assert batch("--max-credits", "60").status == 0
    assert len(batch.service.requests("POST", "*:optimize")) == 3


def test_failed_lines_are_retried_on_request(batch: Batch) -> None:
    """--retry-failed retries failed lines within the limit."""
    batch.lines({"prompt": "lamp 1"}, {"prompt": "lamp 2 [transient]"}, {"prompt": "lamp 3"})
    batch.service.scenario(rules=[{"prompt": "lamp 3", "switches": ["canceled"]}])
    for _ in range(2):
        ran = batch()
        assert ran.status == 1 and "Failed lines are not retried automatically." in ran.err
    assert len(batch.service.operations()) == 3
    batch.service.scenario(rules=[])
    ran = batch("--retry-failed", "--max-credits", "495")
    assert ran.status == 4 and "2 lines to start: about 496 Credits" in ran.err
    for _ in range(2):
        assert batch("--retry-failed").status == 0
    assert len(batch.service.requests("POST", "/v1/models:generate")) == 4
    assert len(batch.service.requests("POST", "/v1/models/*:retry")) == 1


def test_a_price_that_mint_cannot_be_asked_for_stops_one_line(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a batch runs for hours, prices are asked for again; the other lines continue."""
    start = JobService.start

    def start_or_fail(job_service: JobService, request: Any, *values: Any, **more: Any) -> Any:
        if request.prompt == "lamp 1":
            raise Unreachable("no route")
        return start(job_service, request, *values, **more)

    monkeypatch.setattr(JobService, "start", start_or_fail)
    batch.lines(*LAMPS[:3])
    ran = batch()
    assert ran.status == 5
    assert "line 1: Mint cannot be reached: no route." in ran.error_text
    assert "2 of 3 lines are done" in ran.error_text
