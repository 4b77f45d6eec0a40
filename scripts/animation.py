# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the animation of the README in Blender's window; run by `scripts/dev.py animation`.

It shows the way from a prompt to the result, against the stand-in service. The frames are taken
where something has happened, and each is shown for a fixed time, so the animation looks the same
on a slow machine. Needs what all window tests need.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scripts.demo import ROOT
from tests.mint_service.runner import Service, running_service
from tests.window.blender_window import BlenderWindow, make_profile
from tests.window.display import HEIGHT, Display

TARGET = ROOT / "docs" / "images" / "prompt-to-result.webp"
LAMP = "a small ceramic lamp with an orange shade"
COURTYARD = "a walled courtyard in orange evening light"
DURATIONS = {"queued": 3.0, "preview": 20.0, "final": 20.0}
"""Seconds that the stand-in takes: slow enough for a slow machine to draw the progress."""
PATIENCE = 300.0
MOST_OF_A_PHASE = 9
"""The number of frames of a phase with progress."""
WIDTH = 1100
"""Of the animation: large enough to read the sidebar."""
HEADER, FOOTER = 30, 24
"""Rows of the 3D View at its top and of the window at its bottom that are left out."""
QUALITY = 78

LOOK = """
[bpy.data.objects.remove(each) for each in list(bpy.data.objects)]
bpy.context.preferences.system.viewport_aa = 'FXAA'
view = area('VIEW_3D').spaces.active
view.show_region_toolbar = False
view.overlay.show_text = False
result = None
"""
TURN = """
import mathutils
view = area('VIEW_3D').spaces.active.region_3d
turned = mathutils.Quaternion((0, 0, 1), angle)
if is_inside:
    eye = view.view_matrix.inverted().translation
    view.view_location = eye + turned @ (view.view_location - eye)
view.view_rotation = turned @ view.view_rotation
result = None
"""
PRICED = (
    "any(getattr(each.answer, 'estimated_total', None)"
    " for each in job_service().queries.answers.values()) if job_service() else False"
)


@dataclass
class Recorder:
    """Takes frames of a part of the window."""

    blender: BlenderWindow
    box: tuple[int, int, int, int]
    frames: list[Image.Image] = field(default_factory=list)
    milliseconds: list[int] = field(default_factory=list)

    def take(self, milliseconds: int) -> None:
        """Take a frame that is shown for this time."""
        self.blender.settle()
        self.blender.display.still()
        self.add(self.blender.display.picture(self.box), milliseconds)

    def add(self, pixels: NDArray[np.uint8], milliseconds: int) -> None:
        """Add a frame; one that equals the last one makes that longer."""
        rows, columns, _ = pixels.shape
        frame = Image.fromarray(pixels).resize((WIDTH, round(rows * WIDTH / columns)))
        if self.frames and frame.tobytes() == self.frames[-1].tobytes():
            self.milliseconds[-1] += milliseconds
        else:
            self.frames.append(frame)
            self.milliseconds.append(milliseconds)

    def follow(self, condition: str, milliseconds: int) -> None:
        """Take frames until a condition holds, and keep a few that are evenly distributed.

        Raises:
            NotTrue: The condition did not come true in time.
        """
        with self.blender.display.watch(self.box) as seen:
            self.blender.wait(condition, seconds=PATIENCE)
        for number in np.unique(np.linspace(0, len(seen) - 1, MOST_OF_A_PHASE).astype(int)):
            self.add(seen[number], milliseconds)

    def click(self, what: str, region: str = "UI") -> None:
        """Show the pointer on a button of the sidebar or of the card, and click it."""
        where = {"kind": "POPUP", "name": ""} if region == "POPUP" else {"name": region}
        self.blender.display.move(*self.blender.find(what, **where))
        self.take(600)
        self.blender.click(what, **where)

    def save(self, target: Path) -> None:
        """Write the animation."""
        first, *others = self.frames
        first.save(
            target,
            save_all=True,
            append_images=others,
            duration=self.milliseconds,
            loop=0,
            quality=QUALITY,
            method=4,
            minimize_size=True,
        )


def main() -> int:
    """Record and write the animation; return the exit status."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_service(
            assets="real", switches=("poll-hint",), retry_after=0.3, durations=DURATIONS
        ) as service,
    ):
        folder = Path(name)
        display = Display(folder)
        try:
            recorder = _record(display, folder, service)
        finally:
            display.close()
    recorder.save(TARGET)
    seconds = sum(recorder.milliseconds) / 1000
    size = TARGET.stat().st_size / 1e6
    print(
        f"{TARGET.relative_to(ROOT)}: {len(recorder.frames)} frames, {seconds:.1f} s, {size:.2f} MB"
    )
    return 0


def _record(display: Display, folder: Path, service: Service) -> Recorder:
    blender = BlenderWindow(
        display, make_profile(folder), folder / "home", api=service.api, key=service.key
    )
    try:
        blender.open_sidebar()
        blender.ask(LOOK)
        left, top, right, _ = blender.ask("box('VIEW_3D', 'WINDOW')")
        recorder = Recorder(blender, (left, top + HEADER, right, HEIGHT - FOOTER))
        blender.fill(kind="MODEL", preset="FAST", review=True)
        _generate(recorder, LAMP)
        _turn(recorder, (-0.15,) * 5)
        recorder.take(1300)
        blender.fresh()  # the first World of a file is shown at once, too
        blender.ask(LOOK)
        blender.fill(kind="WORLD", preset="FAST", review=True)
        _generate(recorder, COURTYARD)
        _turn(recorder, (0.15,) * 3 + (-0.15,) * 6 + (0.15,) * 3, is_inside=True)
        recorder.take(1800)
    finally:
        blender.close()
    return recorder


def _generate(recorder: Recorder, prompt: str) -> None:
    """Generate something: from its prompt to the result in the view."""
    blender = recorder.blender
    recorder.take(700)
    blender.click("mint.prompt")
    for begin in range(0, len(prompt), 6):
        blender.type(prompt[begin : begin + 6])
        recorder.take(100)
    blender.key("Return")
    blender.wait(PRICED, seconds=PATIENCE)
    recorder.take(500)
    recorder.click("mint.generate_from_form")
    recorder.follow(
        "jobs() and jobs()[0]['phase'] == 'review' and jobs()[0]['previews'] == 1"
        " and not jobs()[0]['active']",
        140,
    )
    blender.review()
    blender.in_popup("mint.approve")
    recorder.take(1800)
    recorder.click("mint.approve", "POPUP")
    recorder.take(500)
    blender.key("Escape")
    blender.over()
    recorder.follow("jobs()[0]['phase'] == 'placed' and not jobs()[0]['active']", 140)
    recorder.take(1200)


def _turn(recorder: Recorder, angles: Sequence[float], *, is_inside: bool = False) -> None:
    """Turn the view around what it shows, or around the viewer."""
    for angle in angles:
        recorder.blender.ask(TURN, angle=angle, is_inside=is_inside)
        recorder.take(110)


if __name__ == "__main__":
    sys.exit(main())
