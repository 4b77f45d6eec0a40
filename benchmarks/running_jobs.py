# SPDX-License-Identifier: GPL-3.0-or-later
"""The processor time of running jobs: the worker, its connections, and the heartbeat.

Mint is the stand-in service, in a process of its own. The jobs are polled at the real intervals:
every 15 s in the first half hour, and then once a minute.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

import mint_blender
from mint_blender.jobs.engine.config import EngineConfig
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from mint_blender.ui import heartbeat, session
from tests.mint_service.runner import Service, subprocess_service

from .measure import Row, milliseconds

RUNNING = 100
WATCH = 45.0  # seconds
SLOTS = {Kind.MODEL: 100_000, Kind.WORLD: 100_000}
FAST_POLLS, SLOW_POLLS = RUNNING / 15.0, RUNNING / 60.0
"""Polls a second in the first half of the hour, and in the second."""


def measure() -> Iterator[Row]:
    """Measure 100 running jobs, and compare their polls with plain requests."""
    with (
        subprocess_service(
            credits=1e9,
            limits={"model": 100_000},
            durations={"final": 1e7, "preview": 1, "shown": 1},
        ) as mint,
        _enabled(mint) as service,
    ):
        for number in range(RUNNING):
            service.start(_request(number))
        _beat_for(45.0)  # until all are polled every 15 s
        assert all(job.phase is Phase.WORKING for job in service.jobs())
        polls = _polls(mint)
        beats, worker = _shares_of_core(WATCH)
        rate = (_polls(mint) - polls) / WATCH
        plain = _plain_request(mint)
    each = worker / rate
    hour = beats + each * (FAST_POLLS + SLOW_POLLS) / 2
    yield Row(
        f"processor time with {RUNNING} jobs running for an hour",
        "≤ 1 % of a core",
        f"{hour:.2%} (first half hour {beats + each * FAST_POLLS:.2%}, of that the main thread"
        f" {beats:.2%}), from a time with {rate:.1f} polls a second",
        hour <= 0.01,
    )
    compared = f"{milliseconds(each)}, {each / plain:.2f} times"
    yield Row("each poll of a job", "", f"{compared} a plain request with `requests`", None)


def _request(number: int) -> GenerationRequest:
    return GenerationRequest(Kind.MODEL, f"lamp {number}")


@contextmanager
def _enabled(mint: Service) -> Iterator[JobService]:
    """Enable the add-on, with as many slots as there are jobs."""
    with tempfile.TemporaryDirectory(prefix="mint-benchmark-") as folder:
        os.environ["MINT_BLENDER_HOME"] = folder
        os.environ["MINT_API_KEY"], os.environ["MINT_API_BASE_URL"] = mint.key, mint.api
        mint_blender.register()
        session.service().close()
        service = JobService(EngineConfig(session.home(), slots=SLOTS), session.account())
        session.current().service = service
        yield service
        mint_blender.unregister()


def _beat_for(seconds: float) -> None:
    """Do what the modal timer of a window does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        heartbeat.beat()
        time.sleep(heartbeat.SECONDS)


def _polls(mint: Service) -> int:
    return len(mint.requests("GET", "/v1/operations/*"))


def _shares_of_core(seconds: float) -> tuple[float, float]:
    """Beat; return the shares of a core that this thread has used, and all others."""
    begun, main, process = time.monotonic(), time.thread_time(), time.process_time()
    _beat_for(seconds)
    took = time.monotonic() - begun
    main = time.thread_time() - main
    return main / took, (time.process_time() - process - main) / took


def _plain_request(mint: Service, times: int = 100) -> float:
    """Return the processor time of a request for an operation, without the add-on.

    Between two requests is a pause, as between two polls: a processor forgets.
    """
    url = f"{mint.api}/operations/{mint.operations()[0].id}"
    with requests.Session() as connection:
        connection.headers["Authorization"] = f"Bearer {mint.key}"
        connection.get(url, timeout=10).json()
        begun = time.process_time()
        for _ in range(times):
            connection.get(url, timeout=10).json()
            time.sleep(1 / FAST_POLLS)
    return (time.process_time() - begun) / times
