# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests with Blender: an account, a folder, a file to import.

Each test has an empty scene; see `tests/conftest.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import mint_blender
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.mint.polling import PollIntervals

from .mint_service.runner import ThreadService
from .scene import glb_fixtures


@pytest.fixture(autouse=True)
def _fast_polling(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs poll within hundredths of a second; the intervals have tests of their own."""
    if request.node.get_closest_marker("blender"):
        monkeypatch.setattr(
            "mint_blender.ui.session.WorkflowConfig",
            partial(WorkflowConfig, PollIntervals(first=0.05, factor=1.0, longest=0.05)),
        )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of this test's journal and downloads."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def signed_in(service: ThreadService, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use an account at the stand-in that the `service` fixture of the test module runs."""
    monkeypatch.setenv("MINT_API_KEY", service.key)
    monkeypatch.setenv("MINT_API_BASE_URL", service.api)


@pytest.fixture
def enabled(signed_in: None) -> Iterator[None]:
    """Register the add-on, with that account."""
    mint_blender.register()
    yield
    mint_blender.unregister()


@pytest.fixture
def job_service(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobService]:
    """Return the job service of the registered add-on, which is offline."""
    from mint_blender.ui import session  # needs Blender, which not all who read this file have

    monkeypatch.setenv("MINT_API_KEY", "key")
    monkeypatch.setenv("MINT_API_BASE_URL", "http://127.0.0.1:9/v1")
    mint_blender.register()
    session.service().allow_online(False)
    yield session.service()
    mint_blender.unregister()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Write a GLB as Mint delivers it: one textured mesh under a bare node, a unit cube."""
    return glb_fixtures.simple(tmp_path / "model.glb")


@pytest.fixture
def hide_dracopy(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function after whose call the optional package DracoPy is not installed."""
    return lambda: monkeypatch.setitem(sys.modules, "DracoPy", None)
