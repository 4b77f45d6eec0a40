# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing overlaps while the jobs grow or shrink, not even for a moment.

Blender slides the panels below one that has grown. All that is drawn meanwhile is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.mint_service.runner import Service

from .blender_window import SCREENSHOTS, BlenderWindow
from .test_jobs import start

pytestmark = pytest.mark.window

Frame = NDArray[np.uint8]

GAP = 11
"""Pixels that are always free between the last card and the title below it."""


class Sidebar:
    """Where the last card and the title of the Library, which is below it, are in a picture."""

    def __init__(self, without_jobs: Frame, with_a_job: Frame) -> None:
        self._title = _last_line(without_jobs)
        assert self.title_row(without_jobs) < self.title_row(with_a_job) < len(with_a_job)
        cards = with_a_job[self.title_row(without_jobs) : self.title_row(with_a_job), 24:200]
        colors, counts = np.unique(cards.reshape(-1, 3), axis=0, return_counts=True)
        self._card = colors[counts.argmax()].astype(int)

    def title_row(self, frame: Frame) -> int:
        """Return the row at which the title of the Library begins; the last one: out of sight."""
        light, height = _light(frame), len(self._title)
        for row in range(len(light) - height):
            if (light[row : row + height] != self._title).sum() < 0.1 * self._title.sum():
                return row
        return len(frame)

    def overlaps(self, frame: Frame) -> bool:
        """Return whether a card reaches the title of the Library, or below it, in sight."""
        near = (abs(frame[:, 24:200].astype(int) - self._card) <= 2).all(axis=2)
        rows = np.flatnonzero(near.mean(axis=1) > 0.5)
        title_row = self.title_row(frame)
        return title_row < len(frame) and bool(rows[-1] > title_row - GAP)


def _light(frame: Frame) -> NDArray[np.bool_]:
    """Return where text is, at the left of the sidebar."""
    return frame[:, :150].min(axis=2) > 200


def _last_line(frame: Frame) -> NDArray[np.bool_]:
    """Return the text that is lowest, which is the title of the Library."""
    light = _light(frame)
    bottom = top = int(np.flatnonzero(light.any(axis=1))[-1])
    while light[top - 3 : top].any():
        top -= 1
    return light[top : bottom + 1]


@pytest.fixture
def sidebar(blender: BlenderWindow, service: Service) -> Iterator[Sidebar]:
    """Show one job that is running."""
    service.scenario(credits=100_000, durations={"final": 1000})
    blender.set_sidebar_width(240)  # a small Preview, so that all is in sight
    blender.fill(prompt="a typed prompt")  # without examples, which go when something is sent
    blender.display.move(300, 500)
    blender.wait("job_service() is not None")
    without = _seen(blender, lambda: None)[-1]
    with_job = _seen(blender, lambda: start(blender, "a lamp [stuck]"))[-1]
    yield Sidebar(without, with_job)
    service.scenario(durations={"final": 40})


def _seen(blender: BlenderWindow, act: Callable[[], object]) -> list[Frame]:
    """Return all that was drawn in the sidebar after an action, until nothing changes any more."""
    blender.display.still()
    with blender.display.watch(blender.ask("box('VIEW_3D', 'UI')")) as frames:
        act()
        blender.settle()
        blender.display.still(0.6)
    return frames


def _overlaps(sidebar: Sidebar, frames: list[Frame], name: str) -> list[int]:
    """Return the pictures in which panels overlap; the first one is kept to be looked at."""
    found = [number for number, frame in enumerate(frames) if sidebar.overlaps(frame)]
    if found:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frames[found[0]]).save(SCREENSHOTS / f"overlap_{name}.png")
    return found


@pytest.mark.feature("sections in the sidebar")
def test_panels_never_overlap(blender: BlenderWindow, sidebar: Sidebar) -> None:
    """A job is added, its Preview arrives, and it is canceled: the Library moves at once.

    Nor do the tabs of the sidebar move.
    """

    def start_review() -> None:
        start(blender, "a red hall", mode="REVIEW", kind="WORLD")
        blender.wait_for("review", title="hall")

    def cancel() -> None:
        blender.call("mint.cancel", job_id=blender.jobs()[0]["id"])
        blender.wait_for("canceled", title="hall")

    tabs = set()
    for act in (start_review, cancel):
        frames = _seen(blender, act)
        assert len({sidebar.title_row(frame) for frame in frames}) > 1, "nothing has moved"
        assert _overlaps(sidebar, frames, act.__name__) == []
        tabs |= {frame[:, -18:].tobytes() for frame in frames}
    assert len(tabs) == 1
