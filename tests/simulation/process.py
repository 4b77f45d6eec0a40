# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated process: a real job service whose worker takes its steps without threads."""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from mint_blender.files.download import Downloader
from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.engine import job_runner
from mint_blender.jobs.engine.config import EngineConfig, Pool
from mint_blender.jobs.engine.job_runner import Worker
from mint_blender.jobs.engine.scheduler import Scheduler
from mint_blender.jobs.engine.thread_messages import Command, Crashed, Event
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import job_cache
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import JournalError
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.mint.account import Account

from .disk import Connection, Killed

if TYPE_CHECKING:
    from .world import World


LONG_WAIT = 60.0
"""Seconds for which a main thread waits for an event."""


class _Events(queue.SimpleQueue[Event]):
    """The worker's events. Waiting for one lets the world go on."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process

    def put(self, item: Event, block: bool = True, timeout: float | None = None) -> None:
        self._process.world.events += 1
        super().put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Event:
        if self.empty() and timeout:  # who waits in vain only waits again: once is enough
            self._process.let_the_world_go_on(LONG_WAIT, lambda: not self.empty())
        return super().get(block=False)


class _Inbox(queue.SimpleQueue[Command]):
    """The worker's commands. What comes from a call is there when its answer has arrived."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process
        self.waited: float | None = 0.0

    def put(self, item: Command, block: bool = True, timeout: float | None = None) -> None:
        process = self._process
        if process.call_takes is None:
            super().put(item)
            process.step_soon()
            return
        process.later(process.call_takes, lambda: self._arrive(item))

    def _arrive(self, item: Command) -> None:
        super().put(item)
        self._process.step_soon()

    def get(self, block: bool = True, timeout: float | None = None) -> Command:
        if self.empty():
            self.waited = timeout
        return super().get(block=False)


class _Executor(Pool):
    """Sends each call a moment later; it ends when its answer arrives."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._is_closed = False

    def submit(self, work: Callable[[], None], *, first: bool = False) -> None:
        def run() -> None:
            if not self._is_closed:
                self._process.make_call(work)

        self._process.later(self._process.world.rng.uniform(0.01, 0.3), run)

    def close(self, timeout: float) -> None:
        self._is_closed = True


class SteppedWorker(Worker):
    """The worker without its thread: `step` does what the thread would do now."""

    def __init__(self, config: EngineConfig, account: Account, process: Process) -> None:
        super().__init__(config, account)
        self._process = process
        self.events = _Events(process)
        self._inbox: _Inbox = _Inbox(process)
        self._scheduler: Scheduler | None = None

    def _start(self) -> None:
        pass

    def step(self) -> float | None:
        """Do everything that is due; return the seconds until there is more to do, if known."""
        while self._scheduler is not None or not self._inbox.empty():
            try:
                wait = self._run_until_idle()
            except Exception as error:  # as `Worker._serve`
                self._crash(error)
                return None
            if self._scheduler is not None:
                return wait
        return None

    def _run_until_idle(self) -> float | None:
        """Step the scheduler until it waits or has ended. Returns how long it waits."""
        if self._scheduler is None:
            self._scheduler = Scheduler(
                self._config, self._account, self._inbox, self.events, online=self._online
            )
            # `set_account` and `allow_online` then send their commands to it
            self._thread = self  # type: ignore[assignment]
        self._inbox.waited = 0.0
        while self._step(self._scheduler):
            if self._inbox.waited != 0.0:
                return self._inbox.waited
        self._close_scheduler()
        return None

    def _close_scheduler(self) -> None:
        scheduler, self._scheduler, self._thread = self._scheduler, None, None
        if scheduler is not None:
            scheduler.close(0.0)

    def _crash(self, error: Exception) -> None:
        with suppress(Exception):
            self._close_scheduler()
        self._drain_inbox()
        if not isinstance(error, JournalError):
            self._process.world.fail(f"the worker crashed: {error!r}", error)
        self.events.put(Crashed(str(error)))

    def stop(self, timeout: float) -> bool:
        try:
            self._close_scheduler()
        except Exception as error:  # as `Worker._serve`
            self._crash(error)
        return True


@dataclass
class Machine:
    """A computer, which sleeps until a time of the simulated clock. Its processes share a journal."""

    name: str
    home: Path
    awake_at: float = 0.0


class Process:
    """A Blender, a command line or a batch, on one machine.

    `is_blocked`: its main thread waits, so that no click reaches it.
    """

    def __init__(self, world: World, name: str, machine: Machine) -> None:
        self.world = world
        self.name = name
        self.machine = machine
        self.id = next(world.process_ids)
        self.is_dead = False
        self.is_blocked = False
        self.call_takes: float | None = None
        self.account = world.account
        self._requested: set[str] = set()
        self._opened: list[Connection | ProcessLock] = []
        self._next_step: object = None
        self._boundaries_left = world.boundaries_until_kill()
        self.service: JobService | None = None

    # -- life and death

    def open(self) -> JobService:
        """Open the job service. Raises JournalError, Killed."""

        def worker(config: EngineConfig, account: Account) -> SteppedWorker:
            return SteppedWorker(config, account, self)

        with patch.object(job_runner, "Worker", worker):
            self.service = JobService(self._config(), self.account)
        self.service.budget.limits = self.world.limits
        return self.service

    def _config(self) -> EngineConfig:
        clock, rng = self.world.clock, self.world.rng
        return EngineConfig(
            self.machine.home,
            WorkflowConfig(readable=OPTIMIZED_NEEDS, now=clock.wall),
            clock=clock.monotonic,
            chance=rng.random,
            executor=lambda name, size, idle: _Executor(self),
            downloader=lambda local: Downloader(
                local_files=local, clock=clock.monotonic, sleep=lambda s: None, chance=rng.random
            ),
        )

    def boundary(self) -> None:
        """Die here if it is time; raise Killed ever after."""
        if not self.is_dead:
            self._boundaries_left -= 1
            if self._boundaries_left > 0:
                return
            self.die()
        raise Killed

    def die(self) -> None:
        """End without a trace of it, as after SIGKILL: the system closes what was open."""
        if not self.is_dead:
            self.is_dead = True
            self.world.events += 1
            self.world.note(f"{self.name} was killed")
            self.world.kills += 1

    def bury(self) -> None:
        """Close what a dead process has left open."""
        for opened in self._opened:
            if isinstance(opened, ProcessLock):
                self.world.disk.release(opened)
            else:
                opened.close()
        self._opened.clear()

    def opened(self, opened: Connection | ProcessLock) -> None:
        """Note something that the system would close."""
        self._opened.append(opened)

    def quit(self) -> None:
        """Quit in an orderly way."""
        if self.service is not None and not self.is_dead:
            with suppress(JournalError):
                self.service.close(0.0)
        self.is_dead = True
        self.world.events += 1
        self.bury()

    def stop(self) -> None:
        """Quit, or die if the main thread is waiting."""
        if self.is_blocked:
            self.die()
        else:
            self.quit()

    # -- time

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later, if the process still lives then."""
        self.world.at(seconds, lambda: self._run_awake(action))

    def _run_awake(self, action: Callable[[], None]) -> None:
        """Do something as soon as the machine is awake."""
        asleep = self.machine.awake_at - self.world.clock.now
        if asleep > 0.0:
            self.later(asleep, action)
        else:
            self.run(action)

    def run(self, action: Callable[[], Any]) -> None:
        """Do something in this process; it may die meanwhile."""
        if self.is_dead:
            return
        world, before = self.world, job_cache._requested
        outer, world.current = world.current, self
        job_cache._requested = self._requested
        try:
            action()
        except Killed:
            pass
        finally:  # the process that ran before runs again
            world.current = outer
            job_cache._requested = before
        if self.is_dead:
            self.bury()

    def make_call(self, work: Callable[[], None]) -> None:
        """Make a call on a thread of a pool. What it puts into the inbox arrives later."""
        outer, self.call_takes = self.call_takes, self.world.rng.uniform(0.01, 0.5)
        try:
            work()
        finally:
            self.call_takes = outer

    def slow(self, seconds: float) -> None:
        """Note that the running call takes this long."""
        if self.call_takes is not None:
            self.call_takes += seconds

    def step_soon(self) -> None:
        """Let the worker take its next step now."""
        self._step_in(0.0)

    def _step_in(self, seconds: float) -> None:
        mark = self._next_step = object()
        self.later(seconds, lambda: self._step() if self._next_step is mark else None)

    def _step(self) -> None:
        worker = self.service.worker if self.service is not None else None
        if isinstance(worker, SteppedWorker):
            self._next_step = None
            wait = worker.step()
            if wait is not None and self._next_step is None:
                self._step_in(wait)

    def let_the_world_go_on(self, seconds: float, until: Callable[[], bool]) -> None:
        """Wait on the main thread: everything else goes on. Raises Killed."""
        outer, self.is_blocked = self.is_blocked, True
        self.world.run_nested(seconds, lambda: self.is_dead or until())
        while (asleep := self.machine.awake_at - self.world.clock.now) > 0.0 and not self.is_dead:
            self.world.run_nested(asleep, lambda: self.is_dead)
        self.is_blocked = outer
        if self.is_dead:
            raise Killed

    @property
    def is_usable(self) -> bool:
        """Whether a person can click in it."""
        is_asleep = self.machine.awake_at > self.world.clock.now
        return not (self.is_dead or self.is_blocked or is_asleep or self.service is None)
