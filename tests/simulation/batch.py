# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch that is run again and again on two machines: the real runner, ledger and lease.

The machines share the folder of results, but each has its own journal, and no lock of the one is
seen by the other. Its lines are models that are only copied, so that Blender is not needed.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from mint_blender.application import session
from mint_blender.application.batch import line_jobs
from mint_blender.application.batch.options import Options
from mint_blender.cli.batch.result_writer import ResultWriter
from mint_blender.cli.batch.runner import BatchRun
from mint_blender.cli.terminal import Display, Terminal
from mint_blender.delivery.background import BlenderPool
from mint_blender.files.file_lock import FileInUse, file_lock
from mint_blender.jobs.batch_folder import batch_lease
from mint_blender.jobs.batch_lines import Line
from mint_blender.jobs.engine.task import StillUnreachable
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.mint.errors import MintError
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.retry import call_with_retries
from mint_blender.mint.schema import Kind, Mode, Preset

from .clicks import PaidClick
from .disk import Killed

if TYPE_CHECKING:
    from .process import Process
    from .world import World

LINES = 6
_create, _utime = batch_lease.Lease.create, os.utime


class _Quiet(Terminal):
    """A terminal that writes the notes into the trace."""

    is_interactive = False

    def __init__(self, world: World) -> None:
        self._program, self.as_json, self._world = "mint", False, world

    def result(self, record: dict[str, Any], *lines: str) -> None:
        """Print nothing."""

    def note(self, line: str) -> None:
        """Add a line to the trace."""
        self._world.note(line)

    def progress(self) -> AbstractContextManager[Display]:
        """Return a display that shows nothing."""
        return nullcontext(_NoDisplay())


class _NoDisplay(Display):
    def show(self, *_shown: Any, **_more: Any) -> None:
        """Show nothing."""


def run_batch(process: Process, service: JobService) -> None:
    """Run the batch as the command does, until its lines stop, and quit."""
    world, rng = process.world, process.world.rng
    service.ask_price = lambda query: service.queries.cache_answer(query, session.ask_price(query))
    if rng.random() < 0.7:
        service.unreachable_timeout = 180.0
    retries = rng.random() < 0.3
    options = Options(file=Path(), output=world.folder, jobs=2, retry_failed=retries)
    _count_attempts(process, service)
    world.note("the batch runs")
    try:
        with (
            suppress(FileInUse, StillUnreachable, OSError, MintError, NotPossible),
            line_jobs.lock_folder(world.folder) as lease,
        ):
            writer = ResultWriter(BlenderPool(1), service.notify)
            run = BatchRun(service, options, _Quiet(world), _lines(), writer)
            run.is_lost = lambda: not lease.is_held()
            lease.on_lost = service.notify
            run.run(_lines())
    finally:
        process.quit()
        world.note("the batch ends")


def _lines() -> list[Line]:
    return [_line(number) for number in range(1, LINES + 1)]


def _line(number: int) -> Line:
    request = GenerationRequest(
        Kind.MODEL,
        f"batch line {number}.",
        preset=Preset.FAST,
        mode=Mode.AUTO if number % 3 else Mode.REVIEW,
    )
    return Line(number, f"tag-{number}", request, Delivery(), None, ".glb", None)


def _count_attempts(process: Process, service: JobService) -> None:
    """Count what a run may start: each line once, and what `--retry-failed` pays for again."""
    clicks, machine = process.world.clicks, process.machine.name
    start, retry = _counting_kills(process, service.start), service.retry
    for line in _lines():
        for counts in (clicks.starts, clicks.previews):
            counts.setdefault(line.request.prompt, 1)

    def note(job: Job, key: str) -> None:
        clicks.paid[key] = PaidClick(job.id, machine, process.world.clock.wall(), False)

    def counted_start(request: GenerationRequest, *arguments: Any, **more: Any) -> Job:
        job = start(request, *arguments, **more)
        if (paid := job.start_request) is not None:
            if paid.number > 1 and paid.key not in clicks.paid:
                _add_attempt(process, request.prompt)
            note(job, paid.key)
            # the run has said what it costs now, also for a line that was ordered before
            clicks.accepted[paid.key] = paid.credits, process.world.clock.true
        return job

    def counted_retry(job_id: str) -> None:
        job = service.job(job_id)
        _add_attempt(process, job.request.prompt)
        try:
            retry(job_id)
        except NotPossible:
            _add_attempt(process, job.request.prompt, -1)
            raise
        request = service.job(job_id).start_request
        if request is not None:
            note(job, request.key)

    service.start, service.retry = counted_start, counted_retry  # type: ignore[method-assign]


def _counting_kills(process: Process, start: Callable[..., Job]) -> Callable[..., Job]:
    """Return a start that is also counted if a kill interrupts it: it may have been committed."""

    def counted(request: GenerationRequest, *arguments: Any, **more: Any) -> Job:
        try:
            return start(request, *arguments, **more)
        except Killed:
            _add_attempt(process, request.prompt)
            raise

    return counted


def _add_attempt(process: Process, prompt: str, number: int = 1) -> None:
    clicks = process.world.clicks
    clicks.add(clicks.starts, prompt, number)
    clicks.add(clicks.previews, prompt, number)


# -- what the command finds on its machine


@contextmanager
def simulated_batches(world: World) -> Iterator[None]:
    """Let commands use the simulated account and clock, and leases the simulated machines."""

    def current() -> Process:
        assert world.current is not None
        return world.current

    def sleep(seconds: float) -> None:
        current().let_the_world_go_on(seconds, lambda: False)

    def call_mint(call: Callable[[], Any], on_wait: Any = None, **more: Any) -> Any:
        clock, chance = world.clock.monotonic, world.rng.random
        return call_with_retries(
            call, retries=session.RETRIES, clock=clock, sleep=sleep, chance=chance, on_wait=on_wait
        )

    def is_alive(pid: object) -> bool:
        found = [each for each in world.processes.values() if each.id == pid]
        return any(not each.is_dead for each in found) and pid != current().id

    def lock(file: Path) -> AbstractContextManager[None]:
        return file_lock(file.with_name(f"{file.name}-{current().machine.name}"))

    with ExitStack() as stack:
        for place, name, value in (
            (session, "account", lambda: current().account),
            (session, "check_online", lambda: None),
            (session, "call_mint", call_mint),
            (line_jobs, "file_lock", lock),
            (batch_lease.Lease.acquire, "__defaults__", (sleep,)),
            (batch_lease, "_is_alive", is_alive),
            (batch_lease, "renewing", lambda renew, name: _renewing(current(), renew)),
            (platform, "node", lambda: world.current.machine.name if world.current else "-"),
            (os, "getpid", lambda: world.current.id if world.current else 0),
        ):
            stack.enter_context(patch.object(place, name, value))
        stack.enter_context(_simulated_ages(world))
        yield


@contextmanager
def _simulated_ages(world: World) -> Iterator[None]:
    """Measure the age of a lease with the simulated clock."""
    renewed: dict[str, float] = {}

    def create(lease: batch_lease.Lease) -> bool:
        was_there = lease.path.exists()
        try:
            return _create(lease)
        finally:  # the process may be killed as soon as the file is there
            if not was_there and lease.path.exists():
                renewed[str(lease.path)] = world.clock.now

    def utime(path: Any, *more: Any, **most: Any) -> None:
        renewed[str(path)] = world.clock.now
        _utime(path, *more, **most)

    def age(lease: batch_lease.Lease) -> float:
        if not lease.path.exists():
            raise FileNotFoundError(lease.path)
        return world.clock.now - renewed[str(lease.path)]

    with (
        patch.object(batch_lease.Lease, "create", create),
        patch.object(batch_lease.Lease, "_age", age),
        patch.object(os, "utime", utime),
    ):
        yield


@contextmanager
def _renewing(process: Process, renew: Callable[[], None]) -> Iterator[None]:
    """Renew a lease as its thread does: while the process lives and its machine is awake."""
    is_over = False

    def again() -> None:
        if not is_over:
            renew()
            process.later(batch_lease.RENEW_INTERVAL, again)

    process.later(batch_lease.RENEW_INTERVAL, again)
    try:
        yield
    finally:
        is_over = True
