# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the animation of the README in Blender's window; run by `scripts/dev.py animation`.

It shows the way from a prompt to the result, against the stand-in service. The frames are taken
where something has happened, and each is shown for a fixed time, so the animation looks the same
on a slow machine. Needs what all window tests need.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from scripts.demo import ROOT
from tests.mint_service.runner import Service, running_service
from tests.window.blender_window import BlenderWindow, make_profile
from tests.window.display import Display

TARGET = ROOT / "docs" / "images" / "prompt-to-result.webp"
PROMPT = "a small ceramic lamp with an orange shade"
DURATIONS = {"queued": 4.0, "preview": 24.0, "final": 40.0}
"""Seconds that the stand-in takes: slow enough for a slow machine to draw the progress."""
PATIENCE = 300.0
MOST_OF_A_PHASE = 14
"""The number of frames of a phase with progress."""
WIDE = 960
HEADER = 30
"""Rows at the top that are left out."""
QUALITY = 82

LOOK = """
[bpy.data.objects.remove(each) for each in list(bpy.data.objects)]
bpy.context.preferences.system.viewport_aa = 'FXAA'
view = area('VIEW_3D').spaces.active
view.shading.color_type = 'TEXTURE'
view.show_region_toolbar = False
view.overlay.show_text = False
view.region_3d.view_distance = 4
view.region_3d.view_location = (0, 0, 0.5)
result = None
"""
TURN = """
import mathutils
view = area('VIEW_3D').spaces.active.region_3d
view.view_rotation = mathutils.Quaternion((0, 0, 1), angle) @ view.view_rotation
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
        self.add(Image.fromarray(self.blender.display.picture(self.box)), milliseconds)

    def add(self, frame: Image.Image, milliseconds: int) -> None:
        """Add a frame; one that equals the last one makes that longer."""
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
            self.add(Image.fromarray(seen[number]), milliseconds)

    def click(self, what: str) -> None:
        """Show the pointer on a button, and click it."""
        x, y = self.blender.find(what)
        self.blender.display.move(x, y)
        self.take(500)
        self.blender.click(what)

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
            method=6,
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
        blender.fill(preset="STANDARD", review=True)
        _, top, right, bottom = blender.ask("box('VIEW_3D', 'WINDOW')")
        recorder = Recorder(blender, (right - WIDE, top + HEADER, right, bottom))
        _write_prompt(recorder)
        _generate(recorder)
        _approve(recorder)
    finally:
        blender.close()
    return recorder


def _write_prompt(recorder: Recorder) -> None:
    """Type the prompt, and wait for its price."""
    blender = recorder.blender
    recorder.take(700)
    blender.click("mint.prompt")
    for begin in range(0, len(PROMPT), 3):
        blender.type(PROMPT[begin : begin + 3])
        recorder.take(80)
    blender.key("Return")
    blender.wait(PRICED, seconds=PATIENCE)
    recorder.take(600)


def _generate(recorder: Recorder) -> None:
    """Generate, and follow the job to its Preview."""
    recorder.click("mint.generate_from_form")
    recorder.follow(
        "jobs() and jobs()[0]['phase'] == 'review' and jobs()[0]['previews'] == 1"
        " and not jobs()[0]['active']",
        140,
    )
    recorder.take(1400)


def _approve(recorder: Recorder) -> None:
    """Approve the Preview, follow the job, and show the model from several sides."""
    recorder.click("mint.approve")
    recorder.follow("jobs()[0]['phase'] == 'placed' and not jobs()[0]['active']", 140)
    recorder.blender.over()
    recorder.take(900)
    for _ in range(10):
        recorder.blender.ask(TURN, angle=-0.1)
        recorder.take(60)
    recorder.take(1500)


if __name__ == "__main__":
    sys.exit(main())
