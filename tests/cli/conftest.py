# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the command-line tests: the stand-in service, a home, fast polling."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from mint_blender.application import session
from mint_blender.delivery import blender_runtime
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.workflow import context, look
from mint_blender.mint.retry import PollIntervals, RetryPolicy

from ..conftest import DOES_NOT_APPLY
from ..jobs.fast_config import shorten_waits
from ..mint_service.runner import ThreadService, running_service
from .batch_helpers import Batch
from .command_runner import RunMint

Home = Callable[[str], None]
SetLimits = Callable[[Limits], None]

FARMS = ("test_dask", "test_flamenco", "test_openjd")


class _OfFarms(pytest.Module):
    """A file about render farms, on Windows: their packages are not in its environment."""

    def collect(self) -> NoReturn:
        reason = "the packages of render farms are not in the environment for Windows"
        pytest.skip(DOES_NOT_APPLY + reason, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> _OfFarms | None:
    """Leave out what cannot be imported."""
    if sys.platform == "win32" and module_path.name.startswith(FARMS):
        return _OfFarms.from_parent(parent, path=module_path)  # type: ignore[no-any-return]
    return None


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Run a stand-in service that is 2,000 times as fast as Mint."""
    with running_service(speed=2000, switches=("poll-hint",), retry_after=0.05) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the folder of the journal, downloads and log."""
    return tmp_path / "home"


@pytest.fixture
def fast_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll and retry every 20 ms, about as often. The real intervals have tests of their own."""
    quick = {"first": 0.02, "factor": 1.0, "min_retry_after": 0.02}
    monkeypatch.setattr(session, "POLL_INTERVALS", PollIntervals(**quick, longest=0.02))
    retries = RetryPolicy(**quick, give_up_after=1.0, max_retry_after=0.02)
    monkeypatch.setattr(session, "RETRIES", retries)
    monkeypatch.setattr(context, "SHOWN_WITHIN", 0.16)
    shorten_waits(monkeypatch)


@pytest.fixture(autouse=True)
def _without_blender(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide Blender from tests that are not marked `blender`, wherever they run."""
    if not request.node.get_closest_marker("blender"):
        monkeypatch.setattr(blender_runtime, "can_import", lambda: False)


@pytest.fixture
def signed_in(
    service: ThreadService, home: Path, fast_polling: None, monkeypatch: pytest.MonkeyPatch
) -> ThreadService:
    """Point this process's environment at the stand-in service."""
    monkeypatch.setenv("MINT_API_KEY", service.key)
    monkeypatch.setenv("MINT_API_BASE_URL", service.api)
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "100")
    return service


@pytest.fixture
def at_home(tmp_path: Path, signed_in: ThreadService, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Use another journal, as after a change to pip, another machine or another user."""
    return lambda name: monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / name))


@pytest.fixture
def _fast_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look into Mint's list at once, not ten minutes later."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)


@pytest.fixture
def set_limits(monkeypatch: pytest.MonkeyPatch) -> SetLimits:
    """Return a function that sets limits as the preferences do."""
    return lambda limits: monkeypatch.setattr(session, "limits", lambda: limits)


@pytest.fixture
def mint(signed_in: ThreadService, capfd: pytest.CaptureFixture[str]) -> RunMint:
    """Return a function that runs a command here, with the account of `signed_in`."""
    return RunMint(signed_in, capfd)


@pytest.fixture
def batch(mint: RunMint, tmp_path: Path) -> Batch:
    """Return a batch whose file is not written yet."""
    return Batch(mint, tmp_path / "a.jsonl", tmp_path / "out")
