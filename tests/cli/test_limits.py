# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits and spent Credits on the command line, and how long it waits for Mint at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

import mint_blender
from mint_blender.application import session
from mint_blender.jobs.budget.spending import Limits
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.retry import RetryPolicy, call_with_retries

from .batch_helpers import Batch
from .command_runner import LAMP, RunMint
from .conftest import Home, SetLimits
from .test_batch_limit import cheap


def test_a_generation_above_the_limit(mint: RunMint, set_limits: SetLimits) -> None:
    """The sentence has price and limit; --max-credits does not lift it; an equal price is allowed."""
    set_limits(Limits(each=247))
    ran = mint(*LAMP, "--max-credits", "100000")
    assert ran.status == 4
    says = "about 248 Credits in total, more than your limit of 247 Credits per generation."
    assert says in ran.error_text and "Nothing was started." in ran.error_text
    assert not mint.service.operations()
    set_limits(Limits(each=248))
    assert mint(*LAMP).status == 0
    assert len(mint.service.requests("POST", "/v1/pricing:estimate")) == 2


def test_a_batch_above_a_limit(batch: Batch, set_limits: SetLimits) -> None:
    """The sum of a batch is checked against the day, each line against the limit for one."""
    batch.lines(*({"prompt": f"lamp {number}"} for number in range(3)))
    for limits, sentence in (
        (Limits(day=743), "daily limit of 743 Credits"),
        (Limits(each=200), "limit of 200 Credits per"),
    ):
        set_limits(limits)
        ran = batch()
        assert (ran.status, sentence in ran.error_text) == (4, True), ran.err
    assert not batch.service.operations()
    set_limits(Limits(each=248, day=744))
    assert batch().status == 0
    assert len(batch.service.operations()) == 3


def test_usage_includes_the_last_month(mint: RunMint) -> None:
    """`usage` shows this computer's generations, Credits and failures, also with --json."""
    assert "Last 30 days on this computer: 0 generations, 0 Credits\n" in mint("usage").out
    mint(*LAMP)
    mint("generate", "--prompt", "a lamp [moderation]", "--preset", "fast")
    mint("dismiss", mint.job)
    lines = mint("usage").out.splitlines()
    assert "Last 30 days on this computer: 2 generations, 248 Credits, 50% failed" in lines
    assert lines[-1].endswith("########################  2 generations, 1 failed")
    (record,) = mint("usage", "--json").records
    told = record["journal"]
    (day,) = told.pop("by_day")
    assert told == {"days": 30, "generations": 2, "credits": 248, "failed": 1, "failed_share": 0.5}
    assert (day["generations"], day["credits"], day["failed"]) == (2, 248, 1)


def test_jobs_show_their_cost(mint: RunMint) -> None:
    """`jobs` shows the cost of finished jobs, nothing for failed ones, and reserved Credits."""
    mint(*LAMP)
    mint("generate", "--prompt", "a vase [moderation]", "--preset", "fast")
    mint("generate", "--prompt", "a mug", "--preset", "fast", "--mode", "review")
    told = mint("jobs").out
    assert "a lamp: Ready (248 Credits)" in told
    assert "a mug: Preview ready (248 Credits reserved)" in told
    (vase,) = [line for line in told.splitlines() if "a vase" in line]
    assert vase.endswith("(No Credits charged)")


@pytest.mark.covers("R-limit")
def test_max_credits_belongs_to_the_job(mint: RunMint, set_limits: SetLimits) -> None:
    """The limit of a job holds for later commands, until one sets another limit."""
    assert mint(*LAMP, "--mode", "review", "--max-credits", "300").status == 6
    job = mint.job
    mint.service.scenario(answers=[cheap(700, times=3)])
    ran = mint("approve", job)
    assert ran.status == 4
    assert "about 700 Credits in total, more than the limit of 300 Credits" in ran.error_text
    assert mint("revise", job, "in green").status == 4
    assert not mint.service.requests("POST", "*:approve")
    assert not mint.service.requests("POST", "*:revise")
    mint.service.mint.scripted.clear()
    set_limits(Limits(each=700))
    outage = {"method": "POST", "path": "/v1/pricing:estimate", "times": 1}
    mint.service.scenario(answers=[{**outage, "answer": {"word": "503"}}, cheap(700)])
    ran = mint("approve", job, "--max-credits", "700")
    assert ran.status == 0 and "Retrying in" in ran.err


@dataclass
class Waits:
    """The waits of retried calls, which take no time here; `act` is called once it is that late."""

    now: float = 0.0
    act_at: float = float("inf")
    act: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += seconds
        if self.now >= self.act_at:
            self.act_at = float("inf")
            self.act()


@pytest.fixture
def waits(mint: RunMint, monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Use the real intervals, and a clock that only they move."""
    waits = Waits()
    monkeypatch.setattr(session, "RETRIES", RetryPolicy())
    defaults = call_with_retries.__kwdefaults__
    monkeypatch.setitem(defaults, "sleep", waits.sleep)
    monkeypatch.setitem(defaults, "clock", lambda: waits.now)
    return waits


@pytest.mark.covers("R-three-minutes")
@pytest.mark.parametrize("command", ["batch", "generate"])
def test_a_command_waits_for_three_minutes(
    command: str, mint: RunMint, waits: Waits, batch: Batch
) -> None:
    """It ends then, not before, with a status of its own, and nothing was started.

    Where nobody listens at the address, it ends in seconds.
    """
    batch.lines({"prompt": "a lamp"}, {"prompt": "a mug"})
    words = batch.words if command == "batch" else (*LAMP, "--max-credits", "1000")
    outage = {"path": "/v1/*", "times": 10_000, "answer": {"close": True}}
    mint.service.scenario(answers=[outage])
    for more, seconds in (((), 180.0), (("--timeout", "20"), 20.0)):
        waits.now = 0.0
        assert mint(*words, *more).status == 5
        assert waits.now == pytest.approx(seconds)
    waits.act_at, waits.act = waits.now + 150.0, mint.service.mint.scripted.clear
    ran = mint(*words)
    assert ran.status == 0, ran.error_text
    mint.service.stop()
    for ask, seconds in (
        (lambda: mint("usage"), 5.0),
        (lambda: mint("usage", "--timeout", "30"), 30.0),
        (partial(pytest.raises, Unreachable, mint_blender.usage, timeout=7), 7.0),
    ):
        waits.now = 0.0
        ask()
        assert waits.now == pytest.approx(seconds)
    assert len(mint.service.operations()) == (2 if command == "batch" else 1)


def test_another_journal_waits_until_it_knows_whose_key_it_is(
    mint: RunMint, waits: Waits, batch: Batch, at_home: Home
) -> None:
    """A line of the same account is not taken for one of another account."""
    batch.lines({"prompt": "a lamp"}, {"prompt": "a mug"})
    assert batch().status == 0
    at_home("elsewhere")
    mint.service.stop()
    ran = batch()
    assert ran.status == 5 and "Mint cannot be reached" in ran.error_text
    assert "another Mint account" not in ran.error_text
    assert waits.now == pytest.approx(180.0)
    for options in ((), ("--rewrite",)):
        at_home(f"elsewhere {options}")
        mint.service.stop()
        waits.act_at, waits.act = waits.now + 150.0, mint.service.start
        ran = batch(*options)
        assert ran.status == 0, ran.error_text
        assert "another Mint account" not in ran.error_text
    assert len(mint.service.operations()) == 2
