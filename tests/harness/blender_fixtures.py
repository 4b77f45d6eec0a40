# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests in Blender: an account, the add-on, and a file to import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import mint_blender
from mint_blender.jobs.service import JobService
from mint_blender.mint.retry import PollIntervals

from ..jobs.fast_config import shorten_waits
from ..mint_service.runner import ThreadService, running_service
from ..scene import glb_fixtures


@pytest.fixture(autouse=True)
def _fast_polling(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll within hundredths of a second; other tests cover the polling intervals."""
    if request.node.get_closest_marker("blender"):
        from mint_blender.ui import session  # needs Blender, which not every test run has

        config, pace = session.workflow_config, PollIntervals(first=0.05, factor=1.0, longest=0.05)
        monkeypatch.setattr(session, "workflow_config", lambda: replace(config(), pace=pace))
        shorten_waits(monkeypatch)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[ThreadService]:
    """Run a quick stand-in for Mint, with the options in `MINT` of the test module."""
    with running_service(**{"speed": 2000, **getattr(request.module, "MINT", {})}) as running:
        yield running
        assert not running.leaks(), "the key went to the file host"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of this test's journal and downloads."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def signed_in(service: ThreadService, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set an account of the stand-in service in the environment."""
    monkeypatch.setenv("MINT_API_KEY", service.key)
    monkeypatch.setenv("MINT_API_BASE_URL", service.api)


@pytest.fixture
def enabled(signed_in: None) -> Iterator[None]:
    """Enable the add-on with that account."""
    mint_blender.register()
    yield
    mint_blender.unregister()


@pytest.fixture
def job_service(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobService]:
    """Return the job service of the registered add-on, which starts offline."""
    from mint_blender.ui import session  # needs Blender, which not every test run has

    monkeypatch.setenv("MINT_API_KEY", "key")
    monkeypatch.setenv("MINT_API_BASE_URL", "http://127.0.0.1:9/v1")
    mint_blender.register()
    session.service().allow_online(False)
    yield session.service()
    mint_blender.unregister()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a GLB as Mint delivers it: one textured mesh under an empty node, 1 m in size."""
    return glb_fixtures.simple(tmp_path / "model.glb")
