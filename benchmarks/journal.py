# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal costs with many finished jobs: opening it, a change in it, a start with limits.

Processor time. A change is on disk before anything else happens: how long that takes depends on
the disk, so it is compared with a bare commit of SQLite.
"""

from __future__ import annotations

import gc
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.engine.config import EngineConfig
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import Price
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Estimate, Kind, Operation
from tests.jobs.workflow_harness import accepted, with_operation

from .measure import Row, in_turn, milliseconds

FEW, MANY = 1000, 10_000
REPEATS = 15
SPAN = 35 * 24 * 3600.0  # seconds over which the jobs are spread: more than the chart shows
GOALS = {
    "opening": 0.050,
    "a change": 0.001,
    "the window reads a change": None,
    "a start with a daily limit": 0.002,
    "the chart of the month": None,
    "finding a job by its id, and by its asset": None,
}
"""Seconds of processor time; None: only for comparison."""
MOST_GROWTH = 1.5
"""How much more 10,000 jobs may take than 1,000."""
ACCOUNT = Account("key", "http://127.0.0.1:9/v1")  # offline: nothing is sent
LAMP = GenerationRequest(Kind.MODEL, "a small lamp")


def measure() -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory() as folder:
        homes = {count: _filled(Path(folder, str(count)), count) for count in (FEW, MANY)}
        costs = {count: _costs(home, count) for count, home in homes.items()}
        memory = {count: _memory(home) for count, home in homes.items()}
        for name, goal in GOALS.items():
            few, many = costs[FEW][name], costs[MANY][name]
            yield Row(
                f"Journal of 10,000 jobs: {name}",
                f"≤ {milliseconds(goal)}" if goal else "none",
                f"{milliseconds(many)}; {many / few:.1f} × that with 1,000",
                many <= goal if goal else None,
            )
        yield _memory_row(memory)
        yield _commit_row(homes[MANY])


def _filled(home: Path, count: int) -> Path:
    """Return a home with this many jobs, which have all been placed."""
    with closing(Journal(home)) as journal:
        journal.set_account(ACCOUNT)
        journal.add(*(_placed(number, SPAN / count * number) for number in range(count)))
    return home


def _placed(number: int, ago: float) -> Job:
    result = {"status": "succeeded", "assets": {"glbUrl": f"https://files.example/{number}.glb"}}
    operation = {
        "id": f"op_{number}",
        "status": "succeeded",
        "resource": {"type": "model", "id": f"id_{number}"},
        "credits": {"reserved": 0, "finalized": 248},
    }
    created_at = time.time() - ago
    job = new_job(LAMP, Delivery(), now=created_at, estimate=248.0)
    return with_operation(
        replace(
            accepted(job, f"op_{number}", at=created_at),
            phase=Phase.PLACED,
            asset=Asset.from_json(Kind.MODEL, {"id": f"id_{number}", **result}),
        ),
        Operation.from_json(operation),
    )


def _offline(home: Path) -> JobService:
    job_service = JobService(EngineConfig(home), ACCOUNT)
    job_service.allow_online(False)
    job_service.queries.cache_answer(Price.of(LAMP), Estimate(None, 248.0, 248.0))
    job_service.budget.limits = Limits(day=1e9)
    return job_service


def _costs(home: Path, count: int) -> dict[str, float]:
    """Return the median processor time of each step, in seconds."""
    opened: list[JobService] = []
    opening = [_processor_time(lambda: opened.append(_offline(home))) for _ in range(REPEATS)]
    while len(opened) > 1:
        opened.pop().close()
    (job_service,) = opened
    with closing(Journal(home)) as worker:
        worker.set_account(ACCOUNT)
        steps = _steps(job_service, worker, count)
        rounds = [[_processor_time(step) for step in steps] for _ in range(REPEATS)]
    job_service.close()
    medians = [median(opening), *map(median, zip(*rounds, strict=True))]
    return dict(zip(GOALS, medians, strict=True))


def _steps(job_service: JobService, worker: Journal, count: int) -> list[Callable[[], object]]:
    """Return the steps after the opening, in the order of GOALS."""
    changing, oldest = job_service.jobs()[0], f"id_{count - 1}"
    (old_job,) = job_service.journal.jobs_of_asset(oldest)
    revisions = iter(range(1, 10_000))

    return [
        lambda: worker.save(replace(changing, revision=next(revisions))),
        job_service.catch_up,
        lambda: job_service.start(LAMP),
        job_service.spending.month,
        lambda: (job_service.job(old_job.id), job_service.journal.jobs_of_asset(oldest)),
    ]


def _processor_time(call: Callable[[], object]) -> float:
    gc.collect()
    begun = time.thread_time()
    call()
    return time.thread_time() - begun


def _memory(home: Path) -> float:
    """Return the bytes that Python allocates for an open journal."""
    tracemalloc.start()
    job_service = _offline(home)
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    job_service.close()
    return float(allocated)


def _memory_row(memory: dict[int, float]) -> Row:
    few, many = memory[FEW], memory[MANY]
    return Row(
        "Journal of 10,000 jobs: memory",
        f"≤ {MOST_GROWTH} × that with 1,000",
        f"{many / 1e6:.1f} MB; {many / few:.1f} × that with 1,000",
        many <= MOST_GROWTH * few,
    )


def _commit_row(home: Path) -> Row:
    """Compare a change until it is on disk with a commit of one row in a table without an index."""
    with (
        closing(Journal(home)) as worker,
        closing(sqlite3.connect(home / "bare.sqlite3", isolation_level=None)) as bare,
    ):
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE numbers (number INTEGER)")
        job, revisions = next(iter(worker.records())), iter(range(1, 1000))
        assert isinstance(job, Job)
        changes, commits = in_turn(
            lambda: worker.save(replace(job, revision=next(revisions))),
            lambda: bare.execute("INSERT INTO numbers VALUES (1)"),
            times=REPEATS,
        )
    return Row(
        "Journal of 10,000 jobs: a change until it is on disk",
        "none: it depends on the disk",
        f"{milliseconds(median(changes))} beside {milliseconds(median(commits))} of a bare commit",
        None,
    )
