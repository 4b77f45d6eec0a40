# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on does on the main thread of a Blender with a window, job or no job.

The time is processor time of the main thread: the wall clock would also count other programs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from tests.window.blender_window import BlenderWindow
from tests.window.wake_ups import COUNT

from .measure import Row, milliseconds, quantile
from .window import Studio, studio

RUNNING, FINISHED = 100, 10_000
WATCH = 20.0  # seconds

# Jobs run until they are told to end, and as many at a time as there are.
PREPARE = """
import time
session, heartbeat = part("ui.session"), part("ui.heartbeat")
Kind = part("mint.schema").Kind
config = part("jobs.engine.config").EngineConfig(
    session.home(), session.workflow_config(), slots={Kind.MODEL: 10_000, Kind.WORLD: 10_000}
)
session.close_service()
plain = part("jobs.engine.config").EngineConfig
part("jobs.engine.config").EngineConfig = lambda *_: config
session.service()
part("jobs.engine.config").EngineConfig = plain
seconds, version = {True: [], False: []}, [-1]
real = heartbeat._beat_once

def timed():
    begun = time.thread_time()
    try:
        return real()
    finally:
        taken, now = time.thread_time() - begun, job_service().version
        seconds[now != version[0]].append(taken)
        version[0] = now

heartbeat._beat_once = timed
sys.mint_seconds = seconds
"""
START = """
request = part("mint.generation_request").GenerationRequest
for number in range(count):
    job_service().start(request(part("mint.schema").Kind.MODEL, f"lamp {number}"))
heartbeat = part("ui.heartbeat")
with within("VIEW_3D"):
    heartbeat.ensure()
"""
CANCEL = "[job_service().cancel(job.id) for job in job_service().jobs() if job.is_busy] and None"
FORGET = "[each.clear() for each in sys.mint_seconds.values()] and None"


def measure() -> Iterator[Row]:
    """Measure beats with running and with finished jobs, and wake-ups without any."""
    with studio() as here:
        here.service.scenario(
            switches=[],
            limits={"model": 100_000},
            durations={"final": 1e7, "preview": 20},
            cancel="everywhere",
        )
        here.blender.open_sidebar()
        here.blender.ask(PREPARE)
        unchanged, changed = _beats(here, RUNNING)
        yield _row(f"a beat with {RUNNING} running jobs", unchanged)
        yield from _changed_row("the same, when jobs have changed in it", changed)
        _end_all(here.blender)
        yield _idle_row(here.blender)
        _add_finished(here.folder / "home")
        unchanged, changed = _beats(here, 1)
        yield _row(f"a beat with 1 running job and {FINISHED:,} finished ones", unchanged)


def _beats(here: Studio, count: int) -> tuple[list[float], list[float]]:
    """Let this many jobs run; return how long beats took, without and with changed jobs."""
    blender = here.blender
    blender.ask(START, count=count)
    question = "sum(job.phase.value == 'working' for job in job_service().jobs()) >= count"
    blender.wait(question, count=count, seconds=120.0)
    time.sleep(12.0)  # until Mint works on the final stage of all of them
    blender.ask(FORGET)
    time.sleep(WATCH)
    seconds = blender.ask("sys.mint_seconds")
    return seconds["false"], seconds["true"]


def _row(what: str, beats: Sequence[float]) -> Row:
    median, worst = quantile(beats, 0.5), quantile(beats, 0.99)
    return Row(
        what,
        "median ≤ 0.2 ms, 99th percentile ≤ 1 ms",
        f"{milliseconds(median)}, {milliseconds(worst)} ({len(beats)} beats)",
        median <= 0.0002 and worst <= 0.001,
    )


def _changed_row(what: str, beats: Sequence[float]) -> Iterator[Row]:
    if beats:
        yield Row(what, "", f"median {milliseconds(quantile(beats, 0.5))}", None)


def _end_all(blender: BlenderWindow) -> None:
    blender.ask(CANCEL)
    blender.wait("not job_service().has_active_work", seconds=120.0)
    blender.call("mint.dismiss_finished")


def _idle_row(blender: BlenderWindow) -> Row:
    """Count the functions that begin in ten seconds in which nothing is in flight or drawn."""
    blender.over("VIEW_3D", "WINDOW")
    blender.wait("not part('ui.heartbeat').is_beating()")
    time.sleep(15.0)  # Blender draws the status bar for a while after a message
    blender.ask(COUNT)
    time.sleep(10.0)
    count = blender.ask("sum(sys.mint_started.values())")
    blender.ask("sys.monitoring.set_events(4, 0)")
    what = "functions that begin in 10 s in which nothing is in flight"
    return Row(what, "0", f"{count}", count == 0)


def _add_finished(home: Path) -> None:
    journal = Journal(home)
    requests = (GenerationRequest(Kind.MODEL, f"lamp {number}") for number in range(FINISHED))
    jobs = [new_job(request, Delivery(), now=time.time() - 3600.0) for request in requests]
    journal.add(*(replace(job, phase=Phase.PLACED) for job in jobs))
    journal.close()
