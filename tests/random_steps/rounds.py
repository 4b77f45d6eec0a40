# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of random steps: each has its seed, an empty folder and a service of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.mint_service.runner import running_service
from tests.window.display import Display

from . import judge
from .driver import RETRY_AFTER, SPEED, SWITCHES, Broken, Crashed, Driver, Tally, first_steps
from .steps import Step

REPLAYS = 3
"""How often the steps before a crash are tried without the add-on."""


@dataclass
class Outcome:
    """What became of a round."""

    seed: int
    tally: Tally
    failure: str = ""
    crash_without_addon: str = ""
    """The last step of a crash that happens without the add-on as well; no failure."""
    last_steps: Sequence[Step] = field(default=())
    jobs: int = 0
    placed: int = 0


def play(
    display: Display, installed: Path, folder: Path, seed: int, count: int, kill_every: int
) -> Outcome:
    """Play a round in this empty folder, and judge it.

    `installed` is a profile with the add-on, which is copied.
    """
    profile = folder / "profile"
    shutil.copytree(installed, profile, symlinks=True)
    with running_service(
        speed=SPEED,
        switches=SWITCHES,
        retry_after=RETRY_AFTER,
        cancel="everywhere",
        credits=10_000_000.0,
    ) as service:
        driver = Driver(display, profile, folder, service)
        outcome = Outcome(seed, driver.tally)
        try:
            driver.run(first_steps(seed, count), kill_every=kill_every, seed=seed)
            driver.settle()
        except Broken as broken:
            outcome.failure = str(broken)
        except Crashed as crash:
            driver.close()
            _judge_crash(display, driver, outcome, str(crash))
        finally:
            driver.close()
        outcome.last_steps = tuple(driver.done)
        if not (outcome.failure or outcome.crash_without_addon):
            outcome.failure = "\n".join(judge.violations(folder, service))
        facts = judge.read_facts(folder)
    outcome.jobs = sum(each["what"] == "made" for each in facts)
    outcome.placed = sum(each["what"] == "placed" for each in facts)
    return outcome


def _judge_crash(display: Display, driver: Driver, outcome: Outcome, crash: str) -> None:
    """Set a crash aside if it happens without the add-on as well."""
    steps = tuple(driver.done)
    for _ in range(REPLAYS):
        if replay_without_addon(display, driver.folder, steps):
            outcome.crash_without_addon = steps[-1].name
            return
    outcome.failure = crash


def replay_without_addon(display: Display, folder: Path, steps: Sequence[Step]) -> bool:
    """Return whether Blender crashes in these steps if the add-on is not installed."""
    profile = folder / "empty-profile"
    profile.mkdir(exist_ok=True)
    driver = Driver(display, profile, folder, None)
    try:
        driver.run(steps)
    except Crashed:
        return True
    finally:
        driver.close()
    return False
