# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands are killed with TerminateProcess and run again: nothing is paid twice, nothing is lost.

The scenarios, and what is checked after each, are those of `tests.process_kills`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..harness.methods import seed_of_commit
from ..mint_service.runner import ThreadService, running_service
from ..process_kills.kills import REVIEWED, CommandProcess, Killer

pytestmark = [pytest.mark.windows, pytest.mark.covers("R-pay-once", "C7-restart")]

STEPS = {"generate": 130, REVIEWED: 190, "batch": 530}
"""Of each scenario, how many steps it has at least."""
REQUESTS = {"generate": 6, REVIEWED: 9, "batch": 15}
"""Of each scenario, how many requests it sends at least."""
TAIL = 0.03
"""Within how many seconds after a request a command is killed from outside."""
MANY = pytest.mark.nightly
LIMIT = pytest.mark.timeout(800)


@dataclass
class Killing:
    """Commands that are killed, and the stand-in that they reach."""

    service: ThreadService
    process: CommandProcess
    killer: Killer

    def at_steps(self, count: int) -> int:
        """Kill each scenario at `count` of its steps; return how many processes were killed."""
        choice = random.Random(seed_of_commit())
        for name, steps in STEPS.items():
            for step in choice.sample(range(1, steps), count):
                self.killer.run(name, step, choice)
        return self.killer.kills

    def from_outside(self, count: int) -> int:
        """Kill each scenario `count` times, soon after one of its requests; return as `at_steps`."""
        choice = random.Random(seed_of_commit())
        for name, requests in REQUESTS.items():
            for number in range(1, count + 1):
                after = choice.randrange(requests)
                title = f"kill {number}, after request {after}"
                self.killer.run_command = self._once(after, TAIL * choice.random())
                self.killer.run(name, None, choice, title)
        return self.killer.kills

    def _once(self, requests: int, delay: float) -> Any:
        """Return a way to run commands that kills the first one."""
        is_first = [True]

        def run(home: Path, *arguments: str, **more: Any) -> dict[str, Any]:
            if not is_first:
                return self.process.run(home, *arguments, **more)
            is_first.clear()
            is_over = threading.Event()
            expected = len(self.service.log()) + requests

            def wait_and_kill() -> None:
                while len(self.service.log()) < expected:
                    if is_over.wait(0.002):
                        return
                if not is_over.wait(delay):
                    self.process.kill()

            killing = threading.Thread(target=wait_and_kill)
            killing.start()
            try:
                return self.process.run(home, *arguments, **more)
            finally:
                is_over.set()
                killing.join()

        return run


@pytest.fixture
def killing(tmp_path: Path) -> Iterator[Killing]:
    """Yield commands to kill."""
    limits = {"model": 10000, "world": 10000}
    with (
        running_service(speed=1000, credits=1e9, limits=limits) as service,
        closing(CommandProcess(service)) as process,
    ):
        yield Killing(service, process, Killer(service, process.run, tmp_path))


@LIMIT
@pytest.mark.parametrize("count", [2, pytest.param(9, marks=MANY)])
def test_killed_at_a_step(killing: Killing, count: int) -> None:
    """It ends itself between two effects, such as a commit and a request."""
    assert killing.at_steps(count) >= count * len(STEPS)


@LIMIT
@pytest.mark.parametrize("count", [1, pytest.param(9, marks=MANY)])
def test_killed_from_outside(killing: Killing, count: int) -> None:
    """Another process kills it at any moment, also in the middle of an effect."""
    kills = killing.from_outside(count)
    assert kills >= count * len(REQUESTS) * 2 // 3  # others had ended just before
