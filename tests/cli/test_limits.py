# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits and spent Credits on the command line, and how long it waits for Mint at first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.cli import session
from mint_blender.jobs.budget.spending import Limits
from mint_blender.mint.retry import RetryPolicy, call_with_retries

from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import LAMP, RunMint
from .conftest import SetLimits
from .test_batch_limit import cheap


def test_a_generation_above_the_limit(mint: RunMint, set_limits: SetLimits) -> None:
    """The sentence has price and limit; --max-credits does not lift it; an equal price is allowed."""
    set_limits(Limits(each=247))
    ran = mint(*LAMP, "--max-credits", "100000")
    assert ran.status == 4
    assert (
        "about 248 Credits, more than your limit of 247 Credits per generation. Nothing was started."
        in ran.error_text
    )
    assert not mint.service.operations()
    set_limits(Limits(each=248))
    assert mint(*LAMP).status == 0
    assert len(mint.service.requests("POST", "/v1/pricing:estimate")) == 2


def test_a_batch_above_a_limit(mint: RunMint, set_limits: SetLimits, tmp_path: Path) -> None:
    """The sum of a batch is checked against the day, each line against the limit for one."""
    file = lines_of(tmp_path / "lamps.jsonl", *({"prompt": f"lamp {n}"} for n in range(3)))
    words = ("batch", str(file), "-o", str(tmp_path / "out"))
    for limits, sentence in (
        (Limits(day=743), "daily limit of 743 Credits"),
        (Limits(each=200), "limit of 200 Credits per"),
    ):
        set_limits(limits)
        ran = mint(*words)
        assert ran.status == 4
        assert sentence in ran.error_text
    assert not mint.service.operations()
    set_limits(Limits(each=248, day=744))
    assert mint(*words).status == 0
    assert len(mint.service.operations()) == 3


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


def in_review(mint: RunMint, *more: str) -> str:
    """Return the id of a job whose Preview waits."""
    assert mint(*LAMP, "--mode", "review", *more).status == 6
    return mint.job


def test_a_price_is_asked_for_again(mint: RunMint, set_limits: SetLimits) -> None:
    """A decision waits for Mint as long as any command does, and says so."""
    job = in_review(mint)
    set_limits(Limits(each=248))
    failing = {"method": "POST", "path": "/v1/pricing:estimate", "times": 1}
    mint.service.scenario(answers=[{**failing, "answer": {"word": "503"}}])
    ran = mint("approve", job)
    assert ran.status == 0
    assert "Retrying in" in ran.err


@pytest.mark.covers("R-limit")
def test_max_credits_belongs_to_the_job(mint: RunMint, service: ThreadService) -> None:
    """The limit of a job holds for later commands, until one sets another limit."""
    job = in_review(mint, "--max-credits", "300")
    service.scenario(answers=[cheap(700, times=3)])
    ran = mint("approve", job)
    assert ran.status == 4
    assert "about 700 Credits in total, more than its limit of 300 Credits" in ran.error_text
    assert mint("revise", job, "in green").status == 4
    assert not service.requests("POST", "*:approve") and not service.requests("POST", "*:revise")
    assert mint("approve", job, "--max-credits", "700").status == 0


THREE_MINUTES = 180.0
Arguments = tuple[str, ...]
GENERATE: Arguments = (*LAMP, "--max-credits", "1000")
BOTH = pytest.mark.parametrize("command", ["batch", "generate"])


class Waits:
    """The waits of retried calls, which take no time here. `at` is called once it is that late."""

    def __init__(self) -> None:
        self.now = 0.0
        self._at, self._act = float("inf"), lambda: None

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen during a wait."""
        self._at, self._act = seconds, act

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += seconds
        if self.now >= self._at:
            self._at = float("inf")
            self._act()


@pytest.fixture
def waits(mint: RunMint, monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Use the real intervals, and a clock that only they move."""
    waits = Waits()
    monkeypatch.setattr(session, "RETRIES", RetryPolicy())
    defaults = call_with_retries.__kwdefaults__
    monkeypatch.setitem(defaults, "sleep", waits.sleep)
    monkeypatch.setitem(defaults, "clock", lambda: waits.now)
    return waits


@pytest.fixture
def batch(mint: RunMint, tmp_path: Path) -> Arguments:
    """Return the arguments of a batch of two lines."""
    file = lines_of(tmp_path / "lines.jsonl", {"prompt": "a lamp"}, {"prompt": "a mug"})
    return "batch", str(file), "--output", str(tmp_path / "results")


@pytest.fixture
def elsewhere(
    mint: RunMint, batch: Arguments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Arguments:
    """Return the arguments of a batch that has run, with another journal, while Mint is away."""
    assert mint(*batch).status == 0
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "other home"))
    mint.service.stop()
    return batch


@pytest.mark.covers("R-three-minutes")
@BOTH
def test_refused_connections_are_tried_again(
    command: str, mint: RunMint, service: ThreadService, waits: Waits, batch: Arguments
) -> None:
    """Mint comes back after more than two minutes: nobody has to start the command again."""
    service.stop()
    waits.at(150.0, service.start)
    ran = mint(*(batch if command == "batch" else GENERATE))
    assert ran.status == 0, ran.error_text
    assert waits.now >= 150.0
    assert len(service.operations()) == (2 if command == "batch" else 1)


@pytest.mark.covers("R-three-minutes")
@BOTH
def test_a_command_ends_after_three_minutes(
    command: str, mint: RunMint, service: ThreadService, waits: Waits, batch: Arguments
) -> None:
    """Not before, and with a status of its own; nothing was started."""
    service.stop()
    ran = mint(*(batch if command == "batch" else GENERATE))
    assert ran.status == 5
    assert waits.now == pytest.approx(THREE_MINUTES)
    service.start()
    assert service.operations() == []


@pytest.mark.parametrize("options", [(), ("--again",)])
def test_another_journal_waits_until_it_knows_whose_key_it_is(
    options: tuple[str, ...], mint: RunMint, waits: Waits, elsewhere: Arguments
) -> None:
    """A line of the same account is not taken for one of another account."""
    waits.at(150.0, mint.service.start)
    ran = mint(*elsewhere, *options)
    assert (ran.status, "another Mint account" in ran.error_text) == (0, False), ran.error_text
    assert len(mint.service.operations()) == 2


def test_another_journal_gives_up_after_three_minutes(
    mint: RunMint, waits: Waits, elsewhere: Arguments
) -> None:
    """The sentence says that Mint cannot be reached, and nothing about accounts."""
    ran = mint(*elsewhere)
    assert ran.status == 5
    assert "Mint cannot be reached" in ran.error_text
    assert "another Mint account" not in ran.error_text
    assert waits.now == pytest.approx(THREE_MINUTES)
