# SPDX-License-Identifier: GPL-3.0-or-later
"""Panels do not overlap while one of them grows or shrinks, not even for a moment.

Blender moves the panels below slowly. All that is drawn meanwhile is looked at.
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

REALIGN = "(part('ui.panel').MINT_PT_realign, part('ui.panel').MINT_PT_realign_odd)"
GAP = 11
"""Pixels that are always free between the last card and the name of the panel below."""


class Sidebar:
    """Where the last card and the heading of the Library, the panel below, are in a picture."""

    def __init__(self, without_jobs: Frame, with_a_job: Frame) -> None:
        self._name = _last_line(without_jobs)
        assert self.heading(without_jobs) < self.heading(with_a_job) < len(with_a_job)
        cards = with_a_job[self.heading(without_jobs) : self.heading(with_a_job), 24:200]
        colors, counts = np.unique(cards.reshape(-1, 3), axis=0, return_counts=True)
        self._card = colors[counts.argmax()].astype(int)

    def heading(self, frame: Frame) -> int:
        """Return the row at which the name of the Library begins; the last one: out of sight."""
        light, height = _light(frame), len(self._name)
        for row in range(len(light) - height):
            if (light[row : row + height] != self._name).sum() < 0.1 * self._name.sum():
                return row
        return len(frame)

    def overlaps(self, frame: Frame) -> bool:
        """Return whether a card reaches the heading of the Library, or below it, in sight."""
        near = (abs(frame[:, 24:200].astype(int) - self._card) <= 2).all(axis=2)
        rows = np.flatnonzero(near.mean(axis=1) > 0.5)
        heading = self.heading(frame)
        return heading < len(frame) and bool(rows[-1] > heading - GAP)


def _light(frame: Frame) -> NDArray[np.bool_]:
    """Return where text is, at the left of the sidebar."""
    return frame[:, :150].min(axis=2) > 200


def _last_line(frame: Frame) -> NDArray[np.bool_]:
    """Return the text that is lowest, which is the name of the last panel."""
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
        assert len({sidebar.heading(frame) for frame in frames}) > 1, "nothing has moved"
        assert _overlaps(sidebar, frames, act.__name__) == []
        tabs |= {frame[:, -18:].tobytes() for frame in frames}
    assert len(tabs) == 1


def test_without_the_empty_panels_they_would(blender: BlenderWindow, sidebar: Sidebar) -> None:
    """The moment exists, and can be seen."""
    blender.ask(f"[bpy.utils.unregister_class(each) for each in {REALIGN}] and None")
    try:
        assert any(
            _overlaps(
                sidebar,
                _seen(blender, lambda: start(blender, "a vase [stuck]")),
                "without_the_empty_panels",
            )
            for _ in range(3)
        )
    finally:
        blender.ask(f"[bpy.utils.register_class(each) for each in {REALIGN}] and None")
