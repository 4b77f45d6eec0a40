# SPDX-License-Identifier: GPL-3.0-or-later
"""The status bar shows running jobs, and nothing when there are none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from .blender_window import BlenderWindow
from .display import HEIGHT as HIGH
from .display import WIDTH
from .test_jobs import start

pytestmark = pytest.mark.window

HEIGHT = 20  # pixels at the lower edge of the screen, which the window fills


def bar(picture: Path) -> Image.Image:
    """Return the right half of the status bar.

    The left half explains the mouse buttons for what is under the pointer.
    """
    whole = Image.open(picture).convert("L")
    width, height = whole.size
    return whole.crop((width // 2, height - HEIGHT, width, height)).point(
        lambda level: 255 if level > 100 else 0
    )


def ink(picture: Path) -> int:
    """Return how many pixels of the status bar differ from its background."""
    return bar(picture).histogram()[255]


@pytest.mark.feature("progress in the status bar")
def test_the_status_bar_shows_running_jobs(blender: BlenderWindow) -> None:
    """After the end of a job it is as before, without a move of the mouse."""
    before = blender.screenshot("status_bar_before")
    start(blender, "a statue [stuck]")
    blender.wait("jobs()[0]['active'] and jobs()[0]['phase'] == 'working'")
    assert ink(blender.screenshot("status_bar")) > ink(before), "nothing is said while a job runs"
    job = blender.ask("job_service().jobs()[0].id")
    assert blender.call("mint.cancel", job_id=job) == ["FINISHED"]
    blender.wait_for("canceled")
    blender.wait("not job_service().has_active_work")
    until = time.monotonic() + 15  # a report of Blender's may stand there for some seconds
    while (
        ImageChops.difference(bar(blender.screenshot("status_bar_after")), bar(before)).getbbox()
        and time.monotonic() < until
    ):
        time.sleep(0.5)
    assert not ImageChops.difference(
        bar(blender.screenshot("status_bar_after")), bar(before)
    ).getbbox()


def test_the_cross_in_the_status_bar_asks(blender: BlenderWindow) -> None:
    """A click there opens a question; Esc and Enter keep the job."""
    start(blender, "a statue [stuck]")
    blender.wait("jobs()[0]['active'] and jobs()[0]['phase'] == 'working'")
    time.sleep(1.5)  # the bar is drawn again each second

    def click() -> None:
        blender.display.move(WIDTH - 14, HIGH - HEIGHT // 2)
        blender.settle()
        time.sleep(0.4)
        blender.display.press()

    blender.until_it_shows(click)
    blender.screenshot("status_bar_asks")
    for key in ("Escape", "Return"):
        blender.key(key)
        blender.settle()
        assert blender.jobs()[0]["phase"] == "working"
        blender.until_it_shows(click)
    blender.key("s")  # that of Stop Job
    blender.wait_for("canceled")
