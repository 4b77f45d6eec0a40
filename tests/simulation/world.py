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
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.engine import scheduler
from mint_blender.jobs.storage import serialization
from mint_blender.mint.account import Account

from ..mint_model.messages import Request, Response
from ..mint_model.records import Project
from ..specification.recorder import recorded
from .books import Books
from .clicks import Clicks
from .clock import SimulatedClock, simulated_time
from .disk import Disk, Killed, simulated_disk
from .mint_files import HOST, FileHost
from .mint_service import Habits, SimulatedMint
from .network import Network, simulated_network
from .options import LONGEST_CLOCK_JUMP, SMALL_CLOCK_JUMP, Options, Surprises
from .pictures import Pictures
from .process import Machine, Process
from .recording import observed, record, recorder_of

API = "https://api.mint.gg/v1"
OTHER_API = "https://api.dev.mint.gg/v1"
MEMORY_DISK = Path("/dev/shm")


class Violation(AssertionError):
    """A rule was broken. `about` are words that lines of the trace have in common with it."""

    def __init__(self, text: str, *about: str) -> None:
        super().__init__(text)
        self.about = about


MOST_SKIPPED_BEATS = 20
"""Beats in a row that are left out while nothing has happened."""


@dataclass(eq=False)
class Beat:
    """A regular look of a process at the world.

    `look` returns the seconds until the next one; None: the process is dead. A beat without any
    news has nothing to do, and is mostly left out.
    """

    due: float
    look: Callable[[], float | None]
    interval: float = 10.0
    seen: int = -1
    skipped: int = 0


class World:
    """Mint, a network, a clock, a disk and the processes of one person's computer."""

    def __init__(self, seed: int, base: Path, options: Options = Options()) -> None:
        self.seed = seed
        self.base = base
        self.options = options
        self.rng = random.Random(seed)
        self.chance = random.Random(f"surprises {seed}")
        """Decides about surprises alone, so that worlds without them stay as they are."""
        chosen = options.surprises or Surprises()
        self.surprises = Surprises.of(self.chance) if chosen is True else chosen
        self.motions = random.Random(f"motions {seed}")
        """Decides about motions alone, likewise."""
        self.has_motions = options.motions and self.motions.random() < 0.4
        self.is_at_rest = False
        self.books = Books()
        self.without_first_keys: set[str] = set()
        """The users of whom Mint does not accept the first API keys any more."""
        self.clock = SimulatedClock()
        self.disk = Disk()
        self.disk.boundary = self.boundary
        self.disk.opened = lambda opened: self.current.opened(opened) if self.current else None
        self.clicks = Clicks()
        self.kills = 0
        self.trace: list[tuple[float, str]] = []
        self.current: Process | None = None
        self.processes: dict[str, Process] = {}
        self.process_ids = itertools.count(1)
        self.files = FileHost(self.rng)
        self.events = 0
        self._make_computers()
        self._make_mint()
        self._make_network()
        self.recorder = recorder_of(self)
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self.beats: list[Beat] = []
        self._numbers = itertools.count()
        self._failure: BaseException | None = None

    def _make_mint(self) -> None:
        self.mint = SimulatedMint(self.rng, Habits.of(self.rng), self.surprises, self.chance)
        self.mint.operations.enforces_limit = self.options.limit_is_enforced
        self.mint.approved = self._check_approval
        self.mint.projects = [
            Project("0xowner", "api.mint.gg", {"key-of-owner-1-secret"}, 30000.0),
            Project("0xother", "api.mint.gg", {"key-of-other-1-secret"}, 30000.0),
            Project("0xowner", "api.dev.mint.gg", {"key-of-dev-1-secret"}, 30000.0),
        ]
        if self.surprises.second_project:
            key = "key-of-owner-second-project-secret"
            self.mint.projects.append(Project("0xowner", "api.mint.gg", {key}, 30000.0))
        self.account = Account("key-of-owner-1-secret", API)

    def _make_computers(self) -> None:
        """Make the computers, their folders, and the limits that their user has set."""
        self.folder = self.base / "batch"
        self.machines = [Machine("desk", self.base / "home")]
        if self.options.second_machine:
            self.machines.append(Machine("farm", self.base / "home-2"))
        self.pictures = Pictures(self.base / "pictures")
        self.limits = Limits()
        """What people have set; lifted at the end, as `limits_before` is not."""
        if self.options.limits and self.rng.random() < 0.4:
            each, day = (
                self.rng.choice([0.0, 400.0, 1700.0]),
                self.rng.choice([0.0, 4000.0, 9000.0]),
            )
            self.limits = Limits(each, day)
        self.limits_before = self.limits

    def _make_network(self) -> None:
        network = self.network = Network(
            self.rng, lambda: self.clock.true, self.surprises, self.chance
        )
        network.rate = self.options.faults
        network.boundary, network.note, network.fail = self.boundary, self.note, self.fail
        network.deliver = self._deliver
        network.later, network.hold = self._deliver_later, self._hold
        network.slow = lambda seconds: self.current.slow(seconds) if self.current else None
        for project in self.mint.projects:
            for key in project.keys:
                network.key_hosts[key] = project.host

    def add_key(self, project: Project, key: str) -> None:
        """Let a project have another key."""
        project.keys.add(key)
        self.network.key_hosts[key] = project.host

    def remove_keys(self, project: Project) -> None:
        """Let Mint accept none of the keys that a project has."""
        project.keys.clear()
        self.without_first_keys.add(project.user)

    def _deliver(self, request: Request, sent_at: float | None = None) -> Response:
        if request.host == HOST:
            return self.files.answer(request, self.clock.true)
        before, paid = len(self.mint.operations.all), len(self.mint.operations.ledger)
        answer = self.mint.respond(request, self.clock.true)
        made = list(itertools.islice(self.mint.operations.all, before, None))
        record(self, made, paid)
        self.books.sent_at |= dict.fromkeys(made, self.clock.now if sent_at is None else sent_at)
        date = format_datetime(datetime.fromtimestamp(self.clock.true, UTC), usegmt=True)
        return replace(answer, headers={**answer.headers, "Date": date})

    def _deliver_later(self, seconds: float, request: Request) -> None:
        sent_at = self.clock.now

        def deliver() -> None:
            answer = self._deliver(request, sent_at)
            self.note(f"{request} arrived late -> {answer.status}")

        self.at(seconds, deliver)

    def _hold(self, seconds: float, request: Request) -> None:
        """Let Mint carry out a request later; until then it says that it is in progress."""
        self.mint.hold(request, self.clock.true + seconds - 0.001)
        self._deliver_later(seconds, request)

    @property
    def most_clock_jump(self) -> float:
        """By how many seconds this computer's clock is off at most."""
        return LONGEST_CLOCK_JUMP if self.surprises.clock_jumps else SMALL_CLOCK_JUMP

    def come_to_rest(self) -> None:
        """Let everything work again. What Mint's documents look like stays as it is."""
        self.is_at_rest = True
        self.options = replace(self.options, boundaries=0, accounts_change=False)
        self.network.rate = 0.0
        self.mint.surprises = self.network.surprises = self.surprises.at_rest()
        self.clock.offset = 0.0
        self.limits = Limits()

    def _check_approval(self, key: str, picture: str) -> None:
        shown = self.clicks.shown.get(key)
        if shown is not None and shown != picture:
            self.fail(f"the approval {key} was for another Preview than the one that was shown")

    @property
    def news(self) -> int:
        """A number that grows with everything that a process may have to look at."""
        return self.events + self.disk.writes

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
            if (beat := self._next_beat(self._queue[0][0])) is not None:
                self._look(beat)
            else:
                at, _, action = heapq.heappop(self._queue)
                self.clock.now = max(self.clock.now, at)
                action()
            if self._failure is not None:
                raise self._failure
        if not until():
            self.clock.now = max(self.clock.now, end)

    def _next_beat(self, before: float) -> Beat | None:
        """Return the first beat that is due before a time and has something to look at."""
        news, found = self.news, None
        for beat in self.beats:
            while beat.due < before and beat.seen == news and beat.skipped < MOST_SKIPPED_BEATS:
                beat.due += beat.interval
                beat.skipped += 1
            if beat.due < before and (found is None or beat.due < found.due):
                found = beat
        return found

    def _look(self, beat: Beat) -> None:
        self.clock.now = max(self.clock.now, beat.due)
        beat.skipped = 0
        interval = beat.look()
        beat.seen = self.news
        if interval is None:
            self.beats.remove(beat)
        else:
            beat.interval = interval
            beat.due = self.clock.now + interval

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

    def start_process(self, name: str, machine: Machine | None = None) -> Process | None:
        """Start a process, unless it dies or finds its journal unusable at once."""
        process = Process(self, name, machine or self.machines[0])
        self.note(f"{name} starts")
        if self.surprises.devices_change and all(each.is_dead for each in self.processes.values()):
            self.disk.device += 1  # the computers were off
        self.processes[name] = process
        opened: list[Any] = []
        with suppress(Exception):
            process.run(lambda: opened.append(process.open()))
        if not opened:
            process.is_dead = True
            process.bury()
        return None if process.is_dead else process


_load = lru_cache(maxsize=20_000)(serialization.load)


@contextmanager
def surroundings(world: World) -> Iterator[None]:
    """Let the product use the clock, the disk and the network of a world, and record what it does."""
    with ExitStack() as stack:
        # what is collected runs code of processes that are dead, at a moment of its own
        gc.disable()
        stack.callback(gc.enable)
        for context in (
            simulated_time(world.clock, world.rng),
            simulated_disk(world.disk),
            simulated_network(world.network),
            observed(world),
            recorded(world.recorder),
            # decisions of other processes are looked for less often: it costs most of the time
            patch.object(scheduler, "DECISION_CHECK_INTERVAL", 20.0),
            # the same rows are read again and again: a sixth of the time
            patch.object(serialization, "load", _load),
        ):
            stack.enter_context(context)
        yield


@dataclass
class Outcome:
    """What a run was like."""

    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    most_active: int = 0
    failure: str = ""
    trace: list[str] = field(default_factory=list)


def simulate(seed: int, options: Options = Options()) -> Outcome:
    """Run one world from its seed to its end, and judge it."""
    from . import recording
    from .batch import simulated_batches
    from .checks import check
    from .people import People

    began = time.process_time()
    folder = MEMORY_DISK if MEMORY_DISK.is_dir() else None
    base = Path(tempfile.mkdtemp(prefix="mint-simulation-", dir=folder))
    world, outcome = World(seed, base, options), Outcome(seed)
    gc.disable()  # a world is small, and looking for cycles all the time takes a tenth of it
    try:
        with ExitStack() as stack:
            for context in (surroundings(world), simulated_batches(world)):
                stack.enter_context(context)
            people = People(world)
            people.live()
            recording.check(world)
            check(world, people)
    except (Exception, Killed) as error:  # any surprise is a failure of the seed
        outcome.failure = f"{type(error).__name__}: {error}\n{_where(error)}"
        if options.surprises:
            outcome.failure = f"{outcome.failure.rstrip()}\nsurprises: {world.surprises}"
        outcome.trace = relevant(world, getattr(error, "about", ()))
    finally:
        for process in world.processes.values():
            process.bury()
        shutil.rmtree(base, ignore_errors=True)
        gc.enable()
    outcome.seconds = time.process_time() - began
    outcome.most_active = world.mint.operations.most_active
    outcome.figures = _figures(world)
    return outcome


def _where(error: BaseException) -> str:
    if isinstance(error, Violation) and error.__cause__ is None:
        return ""
    return "".join(traceback.format_exception(error.__cause__ or error)[-8:])


def _figures(world: World) -> Counter[str]:
    counted = {
        "worlds": 1,
        "jobs": sum(world.clicks.starts.values()),
        "operations at Mint": len(world.mint.operations.all),
        "calls that reached Mint": world.mint.calls,
        "kills": world.kills,
        "simulated hours": round(world.clock.now / 3600.0),
    }
    return Counter(
        {**counted, **{f"faults: {name}": n for name, n in world.network.counts.items()}}
    )


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
