# SPDX-License-Identifier: GPL-3.0-or-later
"""A scheduler with a manual clock and a fake Mint, for tests of timing to the second."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from mint_blender.files.download import Downloader
from mint_blender.files.errors import DownloadFailed
from mint_blender.jobs.engine.config import EngineConfig, Pool
from mint_blender.jobs.engine.scheduler import Scheduler
from mint_blender.jobs.engine.thread_messages import Command, Event, Wake
from mint_blender.jobs.engine.threads import DOWNLOADS
from mint_blender.jobs.job import Job
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.mint.account import Account
from mint_blender.mint.retry import RetryPolicy
from mint_blender.mint.schema import Asset, Kind, Me, Operation, Page, PollResult

from .workflow_harness import operation

KEY = "the-key-that-nobody-may-see"
PICTURE = bytes.fromhex("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700")
"""A picture of one pixel."""


Engines = Callable[..., "EngineHarness"]
"""Makes harnesses of one home, which are closed at the end of the test."""


class Clock:
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeMint:
    """Answers the scheduler's calls from memory.

    `says` decides the answer; every call is recorded with its time.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.time: Callable[[], float] = time.time
        self.clock_offset: float | None = None
        self.asked: list[tuple[float, str, str]] = []
        self.paid: list[tuple[str, str]] = []
        """The key and the body of each paid request."""
        self.says: Callable[[str, str], Any] = lambda what, which: operation("running", id=which)

    def _return_file(self, what: str, which: str) -> Any:
        self.asked.append((self.clock.now, what, which))
        said = self.says(what, which)
        if isinstance(said, Exception):
            raise said
        return said

    def mint_time(self, *, is_fresh: bool = False) -> float:
        return self.time()

    def on_this_connection(self) -> AbstractContextManager[None]:
        return nullcontext()

    def operation(self, id: str) -> Operation:
        return self._return_file("poll", id)  # type: ignore[no-any-return]

    def pay(self, verb: str, kind: Kind, target: str, body: Any, *, key: str) -> Operation:
        self.paid.append((key, json.dumps(body)))
        return self._return_file(str(verb), target or body["prompt"])  # type: ignore[no-any-return]

    def me(self) -> Me:
        return Me("user-1", None, None, ())

    def poll(self, id: str) -> PollResult:
        return PollResult(self._return_file("poll", id))

    def asset(self, kind: Kind, id: str) -> Asset:
        return self._return_file("asset", id)  # type: ignore[no-any-return]

    def page(self, kind: Kind, *, cursor: str | None = None, limit: int | None = None) -> Page:
        return self._return_file("page", str(kind))  # type: ignore[no-any-return]

    def cancel(self, id: str, *, key: str) -> Operation:
        return self._return_file("cancel", id)  # type: ignore[no-any-return]

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass

    def times(self, what: str, which: str | None = None) -> list[float]:
        """Return when something was called."""
        return [at for at, asked, of in self.asked if asked == what and which in (None, of)]


class InlineExecutor(Pool):
    """Runs work before `submit` returns: calls to a fake Mint take no time."""

    def submit(self, work: Callable[[], None], *, first: bool = False) -> None:
        work()

    def close(self, timeout: float) -> None:
        pass


def executor(name: str, size: int, idle_timeout: float) -> Pool:
    """Run calls inline, and downloads on threads."""
    return (Pool if name in DOWNLOADS else InlineExecutor)(name, size, idle_timeout)


class EngineHarness:
    """A scheduler with its queues, a manual clock and a fake Mint."""

    def __init__(self, home: Path, **more: Any) -> None:
        self.clock = Clock()
        self.mint = FakeMint(self.clock)
        self.journal = Journal(home)
        self.inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self.outbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.said: list[Event] = []
        # The client is a fake on purpose: what is tested here is when it is called, to the
        # second.
        self.setup = EngineConfig(
            home,
            **{
                "workflow_config": WorkflowConfig(),
                "retries": RetryPolicy(),
                "clock": self.clock,
                "chance": lambda: 1.0,
                "connect": lambda account: self.mint,
                "executor": executor,
                **more,
            },
        )
        self.scheduler = Scheduler(self.setup, Account(KEY), self.inbox, self.outbox)

    def add(self, *jobs: Job) -> None:
        """Add new jobs to the journal and wake them."""
        for job in jobs:
            self.journal.add(job)
            self.scheduler.receive(Wake(job.id))

    def run(self, seconds: float = 0.0) -> None:
        """Let this much time pass, running each turn when it is due."""
        end = self.clock.now + seconds
        while True:
            while not self.inbox.empty():
                self.scheduler.receive(self.inbox.get())
            wait = self.scheduler.run_once()
            while not self.outbox.empty():
                self.said.append(self.outbox.get())
            if not self.inbox.empty():
                continue
            if wait is None or (wait > 0 and self.clock.now + wait > end):
                self.clock.now = end
                return
            self.clock.now += wait

    def job(self, job: Job) -> Job:
        """Return a job as the journal has it."""
        found = self.journal.job(job.id)
        assert found is not None
        return found

    def close(self) -> None:
        self.scheduler.close()
        self.journal.close()


def until(engine: EngineHarness, condition: Callable[[], object]) -> None:
    """Run the engine, without moving its clock, until a condition holds."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        engine.run()
        try:
            engine.scheduler.receive(engine.inbox.get(timeout=0.02))
        except queue.Empty:
            pass


class NoDownloader(Downloader):
    """A downloader without a network."""

    def fetch(self, url: str, target: Path, **more: object) -> Path:
        raise DownloadFailed("There is no network.")


class PictureDownloader(Downloader):
    """Saves a small picture, or other bytes, from nowhere.

    Before that, `before` is called with the arguments: it may wait, or raise an error.
    """

    def __init__(
        self, content: bytes = PICTURE, before: Callable[..., object] = lambda *_, **more: None
    ) -> None:
        super().__init__()
        self._content, self._before = content, before

    def fetch(self, url: str, target: Path, **more: Any) -> Path:
        self._before(url, target, **more)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._content)
        return target


class Held:
    """Calls and downloads that hang until the gate is opened."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.hanging: list[str] = []

    def wait(self, what: str) -> None:
        """Hang."""
        self.hanging.append(what)
        assert self.gate.wait(60)
