# SPDX-License-Identifier: GPL-3.0-or-later
"""What the driver makes of a Blender that answers no more; the window is a double."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.window.blender_window import BlenderError

from .driver import Broken, Crashed, Driver
from .steps import Step


@pytest.fixture
def standing_still() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that does nothing more."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def driver_of(process: subprocess.Popen[bytes], folder: Path, said: str) -> Driver:
    """Return a driver whose Blender is this process, and does not answer."""

    def ask(*_: Any, **__: Any) -> Any:
        raise BlenderError(f"Blender does not answer:\n{said}")

    def kill() -> None:
        process.kill()
        process.wait()

    log = folder / "log"
    log.touch()
    window: Any = SimpleNamespace(process=process, ask=ask, kill=kill, close=kill, log_file=log)
    nothing: Any = None
    driver: Any = Driver(nothing, folder, folder, None)
    driver.window, driver.start = window, lambda: window
    return cast("Driver", driver)


def test_a_stop_in_glx_counts_apart(
    standing_still: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """The round continues with another Blender, and what was in progress is judged as after a kill."""
    driver = driver_of(standing_still, tmp_path, "Minor opcode: 5 (X_GLXMakeCurrent)")
    driver._step(Step("open_file", 1), kill_after=None)
    assert (driver.tally.glx_stops, driver.tally.kills) == (1, 0)
    assert standing_still.poll() is not None
    assert '"kill"' in (tmp_path / "facts.jsonl").read_text("utf-8")


def test_any_other_stop_is_a_failure(
    standing_still: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a deadlock of the add-on."""
    monkeypatch.setattr(standing_still, "wait", lambda timeout: timeout_of(timeout))
    driver = driver_of(standing_still, tmp_path, "Info: Mint: Ready")
    with pytest.raises(Broken, match="open_file: Blender does not answer"):
        driver._step(Step("open_file", 1), kill_after=None)
    monkeypatch.undo()


def timeout_of(seconds: float) -> int:
    """Wait for nothing, in vain."""
    raise subprocess.TimeoutExpired("blender", seconds)


def test_an_end_is_a_crash(standing_still: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Also one with an error of GLX."""
    standing_still.kill()
    standing_still.wait()
    driver = driver_of(standing_still, tmp_path, "X_GLXMakeCurrent")
    with pytest.raises(Crashed, match="Blender ended with status -9 in open_file"):
        driver._step(Step("open_file", 1), kill_after=None)
