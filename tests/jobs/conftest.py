# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests of jobs: an empty home, and an engine or a job service in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from mint_blender.jobs.service import JobService
from mint_blender.mint.account import Account

from ..mint_service.runner import ThreadService, running_service
from .engine_harness import EngineHarness, Engines, Held
from .fast_config import account, fast_config, shorten_waits

# A busy machine is no fault of the code under test.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder for journal and downloads that does not exist yet, as for a new user."""
    return tmp_path / "mint"


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[ThreadService]:
    """Yield a fast service, with the options that the module has as `SERVICE`."""
    options = {"speed": 1000, "credits": 1e9, "cancel": "everywhere"}
    with running_service(**options | getattr(request.module, "SERVICE", {})) as running:
        yield running
        assert not running.leaks()


@pytest.fixture
def job_service(
    home: Path, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> Iterator[JobService]:
    """Yield a job service in an empty home, with an account at `service`."""
    shorten_waits(monkeypatch)
    job_service = JobService(fast_config(home), account(service))
    yield job_service
    assert job_service.close(20)


@pytest.fixture
def offline(home: Path) -> Iterator[JobService]:
    """Yield a job service whose Mint cannot be reached."""
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    job_service.allow_online(False)
    yield job_service
    assert job_service.close(20)


@pytest.fixture
def held() -> Held:
    """Return calls of the engines below that hang until the end of the test at the latest."""
    return Held()


@pytest.fixture
def engines(home: Path, held: Held) -> Iterator[Engines]:
    """Yield a function that makes engine harnesses of one home."""
    with ExitStack() as stack:

        def make(home: Path = home, **more: Any) -> EngineHarness:
            engine = EngineHarness(home, **more)
            stack.callback(engine.close)
            return engine

        yield make
        held.gate.set()


@pytest.fixture
def engine(engines: Engines) -> EngineHarness:
    """Return an engine harness in an empty home."""
    return engines()
