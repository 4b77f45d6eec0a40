# SPDX-License-Identifier: GPL-3.0-or-later
"""The status bar shows running jobs, and nothing when there are none."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from .blender_window import PATIENCE, BlenderWindow
from .test_jobs import start

pytestmark = pytest.mark.window

HEIGHT = 20  # pixels at the lower edge of the screen, which the window fills


def bar(blender: BlenderWindow) -> NDArray[np.bool_]:
    """Return where something is in the right half of the status bar."""
    blender.settle()
    width, height = blender.display.size
    shown = blender.display.picture((width // 2, height - HEIGHT, width, height))
    is_ink: NDArray[np.bool_] = shown.max(axis=2) > 100
    return is_ink


@pytest.mark.feature("progress in the status bar")
def test_the_status_bar_shows_running_jobs(blender: BlenderWindow) -> None:
    """After the end of a job it is as before, without a move of the mouse."""
    before = bar(blender)
    start(blender, "a statue [stuck]")
    blender.wait("jobs()[0]['active'] and jobs()[0]['phase'] == 'working'")
    assert bar(blender).sum() > before.sum(), "nothing is said while a job runs"
    job = blender.ask("job_service().jobs()[0].id")
    assert blender.call("mint.cancel", job_id=job) == ["FINISHED"]
    blender.wait_for("canceled")
    blender.wait("not job_service().has_active_work")
    until = time.monotonic() + PATIENCE  # a report of Blender's stands there for some seconds
    while not np.array_equal(bar(blender), before):
        assert time.monotonic() < until, "the status bar is another one than before"
        time.sleep(0.2)
