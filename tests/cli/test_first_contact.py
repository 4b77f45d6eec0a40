# SPDX-License-Identifier: GPL-3.0-or-later
"""A command whose first contact with Mint is refused waits as long as the manual says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.cli import session
from mint_blender.mint.retry import RetryPolicy, call_with_retries

from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import LAMP, RunMint

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
    mint: RunMint,
    service: ThreadService,
    batch: Arguments,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Arguments:
    """Return the arguments of a batch that has run, with another journal, while Mint is away."""
    assert mint(*batch).status == 0
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "other home"))
    service.stop()
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
    options: tuple[str, ...],
    mint: RunMint,
    service: ThreadService,
    waits: Waits,
    elsewhere: Arguments,
) -> None:
    """A line of the same account is not taken for one of another account."""
    waits.at(150.0, service.start)
    ran = mint(*elsewhere, *options)
    assert (ran.status, "another Mint account" in ran.error_text) == (0, False), ran.error_text
    assert len(service.operations()) == 2


def test_another_journal_gives_up_after_three_minutes(
    mint: RunMint, waits: Waits, elsewhere: Arguments
) -> None:
    """The sentence says that Mint cannot be reached, and nothing about accounts."""
    ran = mint(*elsewhere)
    assert ran.status == 5
    assert "Mint cannot be reached" in ran.error_text
    assert "another Mint account" not in ran.error_text
    assert waits.now == pytest.approx(THREE_MINUTES)
