# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated world: it decides what happens when, from a seed, and stops at the first violation."""

from __future__ import annotations

import gc
import heapq
import itertools
import random
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mint_blender.jobs.engine import scheduler, workflow_runner
from mint_blender.mint.account import Account

from .clock import SimulatedClock, simulated_time
from .disk import Disk, Killed, simulated_disk
from .messages import Request, Response
from .mint_files import HOST, FileHost
from .mint_operations import Project
from .mint_service import SimulatedMint
from .network import Network, simulated_network
from .observer import observed
from .process import Process

API = "https://api.mint.gg/v1"
OTHER_API = "https://api.dev.mint.gg/v1"
MEMORY_DISK = Path("/dev/shm")


@dataclass(frozen=True)
class Options:
    """What happens in a world.

    Attributes:
        jobs: How many jobs people start.
        faults: Scales the probability of each fault of the network; 1.0 is 0.1 for each.
        boundaries: About how many writes a process survives; 0: it is never killed.
        disk_fills: Whether the disk is full at times.
        accounts_change: Whether keys and accounts change.
        most_clock_jump: By how many seconds this computer's clock is off at most.
        limit_is_enforced: Whether Mint refuses more active generations than it allows.
        reviews: Whether some jobs stop at their Preview.
        pause: Mean seconds between two clicks; below one second, nobody ever takes a break.
    """

    jobs: int = 40
    faults: float = 1.0
    boundaries: int = 1500
    disk_fills: bool = True
    accounts_change: bool = True
    most_clock_jump: float = 100.0
    limit_is_enforced: bool = True
    reviews: bool = True
    pause: float = 60.0


CALM = Options(faults=0.0, boundaries=0, disk_fills=False, accounts_change=False)


class Violation(AssertionError):
    """A rule was broken. `about` are words that lines of the trace have in common with it."""

    def __init__(self, text: str, *about: str) -> None:
        super().__init__(text)
        self.about = about


@dataclass
class Clicks:
    """What people have clicked: the upper bound of what may be paid.

    Attributes:
        starts: Starts and retries, by prompt.
        previews: Starts, retries and revisions, by prompt.
        follow_ups: Optimizations and conversions that were asked for, by prompt.
        shown: The hash of the Preview picture that was shown at an approval, by its key.
        own_limit: The most that the job of a prompt may cost.
    """

    starts: dict[str, int] = field(default_factory=dict)
    previews: dict[str, int] = field(default_factory=dict)
    follow_ups: dict[str, int] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    own_limit: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def add(counts: dict[str, int], prompt: str, number: int = 1) -> None:
        """Count clicks for a prompt."""
        counts[prompt] = counts.get(prompt, 0) + number


class World:
    """Mint, a network, a clock, a disk and the processes of one person's computer."""

    def __init__(self, seed: int, options: Options = Options()) -> None:
        self.seed = seed
        self.options = options
        self.rng = random.Random(seed)
        self.clock = SimulatedClock()
        self.disk = Disk()
        self.disk.boundary = self.boundary
        self.disk.opened = lambda opened: self.current.opened(opened) if self.current else None
        self.clicks = Clicks()
        self.kills = 0
        self.trace: list[tuple[float, str]] = []
        self.current: Process | None = None
        self.processes: dict[str, Process] = {}
        self.files = FileHost(self.rng)
        self._make_mint()
        self._make_network()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._failure: BaseException | None = None

    def _make_mint(self) -> None:
        chance = self.rng.random
        self.mint = SimulatedMint(
            self.rng, cancels_everything=chance() < 0.3, asks_402=chance() < 0.5
        )
        self.mint.operations.enforces_limit = self.options.limit_is_enforced
        self.mint.on_approve = self._check_approval
        self.mint.projects = [
            Project("0xowner", "api.mint.gg", {"key-of-owner-1-secret"}, 30000.0),
            Project("0xother", "api.mint.gg", {"key-of-other-1-secret"}, 30000.0),
            Project("0xowner", "api.dev.mint.gg", {"key-of-dev-1-secret"}, 30000.0),
        ]
        self.account = Account("key-of-owner-1-secret", API)
        self.home = self.folder = Path()

    def _make_network(self) -> None:
        network = self.network = Network(self.rng, lambda: self.clock.true)
        network.rate = self.options.faults
        network.boundary, network.note, network.fail = self.boundary, self.note, self.fail
        network.deliver = self._deliver
        network.later = lambda seconds, request: self.at(
            seconds, lambda: self._deliver_late(request)
        )
        network.slow = lambda seconds: self.current.slow(seconds) if self.current else None
        for project in self.mint.projects:
            for key in project.keys:
                network.key_hosts[key] = project.host

    def add_key(self, project: Project, key: str) -> None:
        """Let a project have another key."""
        project.keys.add(key)
        self.network.key_hosts[key] = project.host

    def _deliver(self, request: Request) -> Response:
        if request.host == HOST:
            return self.files.answer(request, self.clock.true)
        return self.mint.answer(request, self.clock.true)

    def _deliver_late(self, request: Request) -> None:
        answer = self._deliver(request)
        self.note(f"{request} arrived late -> {answer.status}")

    def _check_approval(self, key: str, picture: str) -> None:
        shown = self.clicks.shown.get(key)
        if shown is not None and shown != picture:
            self.fail(f"the approval {key} was for another Preview than the one that was shown")

    # -- what happens when

    def boundaries_until_kill(self) -> int:
        """Return how many writes a new process survives."""
        mean = self.options.boundaries
        return int(self.rng.expovariate(1.0 / mean)) + 1 if mean else 10**12

    def boundary(self) -> None:
        """Let the running process die here, if it is time."""
        if self.current is not None:
            self.current.boundary()

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        entry = (self.clock.now + max(0.0, seconds), next(self._numbers), action)
        heapq.heappush(self._queue, entry)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, until something holds."""
        end = self.clock.now + seconds
        while not until() and self._queue and self._queue[0][0] <= end:
            at, _, action = heapq.heappop(self._queue)
            self.clock.now = max(self.clock.now, at)
            action()
            if self._failure is not None:
                raise self._failure
        if not until():
            self.clock.now = max(self.clock.now, end)

    def run_nested(self, seconds: float, until: Callable[[], bool]) -> None:
        """Let time pass for everybody else while the running process waits."""
        outer, self.current = self.current, None
        try:
            self.run(seconds, until)
        finally:
            self.current = outer

    def fail(self, text: str, cause: BaseException | None = None) -> None:
        """Stop the simulation: a rule was broken."""
        if self._failure is None:
            self._failure = Violation(text)
            self._failure.__cause__ = cause

    def note(self, text: str) -> None:
        """Add a line to the trace."""
        who = self.current.name if self.current else "-"
        self.trace.append((self.clock.now, f"{who}: {text}"))

    # -- processes

    def start_process(self, name: str) -> Process | None:
        """Start a process, unless it dies or finds its journal unusable at once."""
        process = Process(self, name)
        self.note(f"{name} starts")
        self.processes[name] = process
        opened: list[Any] = []
        with suppress(Exception):
            process.run(lambda: opened.append(process.open()))
        if not opened:
            process.is_dead = True
            process.bury()
        return None if process.is_dead else process


@dataclass
class Outcome:
    """What a run was like."""

    seed: int
    jobs: int = 0
    operations: int = 0
    calls: int = 0
    kills: int = 0
    days: float = 0.0
    seconds: float = 0.0
    most_active: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    failure: str = ""
    trace: list[str] = field(default_factory=list)


def simulate(seed: int, options: Options = Options()) -> Outcome:
    """Run one world from its seed to its end, and judge it."""
    from .checks import check
    from .people import People

    began = time.process_time()
    folder = MEMORY_DISK if MEMORY_DISK.is_dir() else None
    base = Path(tempfile.mkdtemp(prefix="mint-simulation-", dir=folder))
    world, outcome = World(seed, options), Outcome(seed)
    world.home, world.folder = base / "home", base / "batch"
    try:
        with ExitStack() as stack:
            # what is collected runs code of processes that are dead, at a moment of its own
            gc.disable()
            stack.callback(gc.enable)
            for surroundings in (
                simulated_time(world.clock, world.rng),
                simulated_disk(world.disk),
                simulated_network(world.network),
                observed(world),
                # decisions of other processes are looked for less often: it costs most of the time
                patch.object(workflow_runner, "DECISION_CHECK_INTERVAL", 20.0),
                patch.object(scheduler, "DECISION_CHECK_INTERVAL", 20.0),
            ):
                stack.enter_context(surroundings)
            people = People(world)
            people.live()
            check(world, people)
    except (Exception, Killed) as error:  # any surprise is a failure of the seed
        outcome.failure = f"{type(error).__name__}: {error}\n{_where(error)}"
        outcome.trace = relevant(world, getattr(error, "about", ()))
    finally:
        for process in world.processes.values():
            process.bury()
        shutil.rmtree(base, ignore_errors=True)
    _fill(outcome, world, time.process_time() - began)
    return outcome


def _where(error: BaseException) -> str:
    if isinstance(error, Violation) and error.__cause__ is None:
        return ""
    return "".join(traceback.format_exception(error.__cause__ or error)[-8:])


def _fill(outcome: Outcome, world: World, seconds: float) -> None:
    outcome.jobs = sum(world.clicks.starts.values())
    outcome.operations = len(world.mint.operations.all)
    outcome.most_active = world.mint.operations.most_active
    outcome.calls, outcome.kills = world.mint.calls, world.kills
    outcome.days, outcome.seconds = world.clock.now / 86400.0, seconds
    outcome.faults = dict(world.network.counts)


def relevant(world: World, about: tuple[str, ...], most: int = 80) -> list[str]:
    """Return the lines of the trace that have one of these words, or else the last ones.

    A line that repeats an earlier one says so once.
    """
    lines: list[str] = []
    seen = dict[str, int]()
    for at, text in world.trace:
        if about and not any(word in text for word in about):
            continue
        seen[text] = seen.get(text, 0) + 1
        if seen[text] <= 2:
            lines.append(f"{at:12.1f}  {text}" + (" (and again)" if seen[text] == 2 else ""))
    return lines[-most:]
