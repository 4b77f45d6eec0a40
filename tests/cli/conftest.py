# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the command line share: a stand-in Mint, a home, and commands that poll in a
hurry.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mint_blender.cli import main, session
from mint_blender.delivery import blender_runtime
from mint_blender.mint.pacing import PollIntervals, RetryPolicy

from ..mint_service.running import ThreadService, running_service
from .runs import Mint, Ran


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """A stand-in Mint for which minutes are milliseconds."""
    with running_service(speed=2000, retry_after=0.05) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of journal, downloads and log."""
    return tmp_path / "home"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll and repeat within hundredths of a second: the rhythm is tested where it is made."""
    monkeypatch.setattr(
        session, "PACE", PollIntervals(first=0.02, factor=1.0, longest=0.02, shortest=0.02)
    )
    monkeypatch.setattr(
        session,
        "RETRIES",
        RetryPolicy(
            first=0.02,
            factor=1.0,
            attempts=3,
            patience=1.0,
            shortest_asked=0.02,
            longest_asked=0.02,
        ),
    )


@pytest.fixture(autouse=True)
def _without_blender(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that is not marked `blender` behaves as on a machine without it, wherever it runs."""
    if not request.node.get_closest_marker("blender"):
        monkeypatch.setattr(blender_runtime, "can_import", lambda: False)


@pytest.fixture
def signed_in(
    service: ThreadService, home: Path, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> ThreadService:
    """The stand-in, and this process's environment that leads to it."""
    monkeypatch.setenv("MINT_API_KEY", service.key)
    monkeypatch.setenv("MINT_API_BASE_URL", service.api)
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "100")
    return service


@pytest.fixture
def mint(signed_in: ThreadService, capfd: pytest.CaptureFixture[str]) -> Mint:
    """Runs a command in this process: `mint("generate", "--prompt", "a lamp")`."""

    def run(*arguments: str) -> Ran:
        capfd.readouterr()
        status = main(list(arguments))
        out, err = capfd.readouterr()
        return Ran(status, out, err).checked(signed_in)

    return run
