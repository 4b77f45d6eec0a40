# SPDX-License-Identifier: GPL-3.0-or-later
"""What a long waiting line costs: ten jobs run, all others wait for their slots.

The scheduler is the real one, with its journal. Mint and the clock are made up, so that an hour of
waiting takes as long as the work in it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from tests.jobs.engine_harness import EngineHarness
from tests.jobs.workflow_harness import operation

from .measure import Row, milliseconds

LENGTHS = (10, 100, 5000)
MINUTES = 30


def measure() -> Iterator[Row]:
    """Compare lines of several lengths."""
    waiting, joining = [], []
    for length in LENGTHS:
        with tempfile.TemporaryDirectory(prefix="mint-benchmark-") as folder:
            engine = EngineHarness(Path(folder))
            seconds = _fill(engine, length)
            joining.append((length, seconds / length))
            waiting.append((length, _processor_time(engine)))
            engine.close()
    cost = dict(waiting)
    ratio = cost[LENGTHS[-1]] / cost[LENGTHS[0]]
    each = f"{milliseconds(cost[LENGTHS[-1]])} of processor time a minute, {ratio:.1f} times"
    yield Row(
        f"waiting line of {LENGTHS[-1]:,}, one minute of waiting",
        f"≤ 1.5 times a line of {LENGTHS[0]}",
        f"{each} a line of {LENGTHS[0]}",
        ratio <= 1.5,
    )
    growth = joining[-1][1] / joining[1][1]
    yield Row(
        f"joining a line of {LENGTHS[-1]:,}, each job",
        f"≤ 1.5 times a line of {LENGTHS[1]}",
        f"{milliseconds(joining[-1][1])}, {growth:.1f} times a line of {LENGTHS[1]}",
        growth <= 1.5,
    )


def _fill(engine: EngineHarness, length: int) -> float:
    """Let ten jobs run and the others wait; return the seconds of processor time."""
    begun = time.process_time()
    engine.mint.says = lambda what, which: operation("running", id=which.replace(" ", "_"))
    requests = [GenerationRequest(Kind.MODEL, f"lamp {number}") for number in range(length + 10)]
    jobs = [new_job(each, Delivery(), now=1000.0) for each in requests]
    jobs = [replace(job, created_at=1000.0 + number) for number, job in enumerate(jobs)]
    engine.journal.add(*jobs)
    for job in jobs:
        engine.scheduler.receive(Wake(job.id))
    engine.run(60.0)
    return time.process_time() - begun


def _processor_time(engine: EngineHarness) -> float:
    """Return the seconds of processor time that a minute of waiting takes."""
    engine.run(60.0)
    begun = time.process_time()
    engine.run(MINUTES * 60.0)
    return (time.process_time() - begun) / MINUTES
