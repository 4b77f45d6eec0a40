# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the jobs' room share: a home of their own, and a scheduler or a job service in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mint_blender.jobs.service import JobService
from mint_blender.mint.account import Account

from ..mint_service.running import ThreadService
from .engine_harness import EngineHarness
from .fast_config import account, fast_config

# A busy machine is no fault of the code under test.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for journal and downloads; not made yet, as on a new user's machine."""
    return tmp_path / "mint"


@pytest.fixture
def job_service(home: Path, service: ThreadService) -> Iterator[JobService]:
    """A job service in an empty home, with an account at that `service` which the file of the test has
    made as it needs it.
    """
    job_service = JobService(fast_config(home), account(service))
    yield job_service
    assert job_service.close(20)


@pytest.fixture
def quiet(home: Path) -> Iterator[JobService]:
    """A job service whose Mint is nowhere, for what needs no Mint.

    Jobs are put into its journal before it opens.
    """
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    job_service.allow_online(False)
    yield job_service
    assert job_service.close(20)


@pytest.fixture
def engine(home: Path) -> Iterator[EngineHarness]:
    """An engine in an empty home."""
    engine = EngineHarness(home)
    yield engine
    engine.close()
