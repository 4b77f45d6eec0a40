# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the animations of the manual in Blender's window; run by `scripts/dev.py animation`.

They show the way from a prompt to the result, and to a walking character, against the stand-in
service; a name as argument records only that one. The frames are taken where something has
happened, and each is shown for a fixed time, so an animation looks the same on a slow machine.
Needs what all window tests need.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scripts.demo import ROOT
from tests.mint_service.runner import Service, running_service
from tests.window.blender_window import BlenderWindow, make_profile
from tests.window.display import HEIGHT, Display
from tests.window.sections import switch_section
from tests.window.test_clips import PLAYING
from tests.window.test_pictures import KNIGHT, STEP, TOTAL, generate

FOLDER = ROOT / "docs" / "images"
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
STOP = "bpy.ops.screen.animation_cancel(restore_frame=False) and None"
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
    """Record and write the animations; return the exit status."""
    parser = argparse.ArgumentParser(prog="dev.py animation", description="Record animations.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    for name in parser.parse_args().names or STORIES:
        _write(name, STORIES[name])
    return 0


def _write(name: str, tell: Callable[[Recorder], None]) -> None:
    """Record an animation with a Mint and a Blender of its own, and write it."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        running_service(
            assets="real", switches=("poll-hint",), retry_after=0.3, durations=DURATIONS
        ) as service,
    ):
        folder = Path(temporary)
        display = Display(folder)
        try:
            recorder = _record(display, folder, service, tell)
        finally:
            display.close()
    target = FOLDER / f"{name}.webp"
    recorder.save(target)
    seconds = sum(recorder.milliseconds) / 1000
    size = target.stat().st_size / 1e6
    print(
        f"{target.relative_to(ROOT)}: {len(recorder.frames)} frames, {seconds:.1f} s, {size:.2f} MB"
    )


def _record(
    display: Display, folder: Path, service: Service, tell: Callable[[Recorder], None]
) -> Recorder:
    generate(service, folder / "elsewhere", {"a blue mug": "MODEL"})  # a motion has a price then
    blender = BlenderWindow(
        display, make_profile(folder), folder / "home", api=service.api, key=service.key
    )
    try:
        blender.open_sidebar()
        blender.ask(LOOK)
        left, top, right, _ = blender.ask("box('VIEW_3D', 'WINDOW')")
        recorder = Recorder(blender, (left, top + HEADER, right, HEIGHT - FOOTER))
        tell(recorder)
    finally:
        blender.close()
    return recorder


def _results(recorder: Recorder) -> None:
    """Show a model and a World."""
    blender = recorder.blender
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


def _character(recorder: Recorder) -> None:
    """Show a knight that is animated afterwards: it walks, and runs."""
    blender = recorder.blender
    blender.set_sidebar_width(370)
    blender.fill(kind="MODEL", preset="FAST", review=True, pose="T_POSE")
    blender.fill(use_height=True, height=1.8)
    recorder.take(700)
    _type(recorder, KNIGHT)
    switch_section(blender, "mint_options")
    recorder.take(900)
    recorder.click("mint.animate")
    recorder.take(500)
    recorder.click("mint.run")
    blender.wait(f"{TOTAL} == 748")
    recorder.take(900)
    recorder.click("mint.generate_from_form")
    switch_section(blender, "mint_options")
    recorder.follow("any(each['phase'] == 'review' and not each['active'] for each in jobs())", 140)
    blender.over()
    blender.call("mint.review", "INVOKE_DEFAULT")
    _approve(recorder)
    recorder.follow("[each['phase'] for each in jobs()] == ['placed'] * 3", 140)
    recorder.click("ops.mint.select_result(")
    recorder.take(900)
    for clip, last, times in (("Walk in Place", 29, 2), ("Run in Place", 17, 3)):
        recorder.click(f'mint.play_clip(clip="{clip}"')
        blender.wait(PLAYING)
        blender.ask(STOP)
        _play(recorder, [*range(1, last, 2)] * times)
    recorder.take(1200)


def _play(recorder: Recorder, frames: Iterable[int]) -> None:
    """Show frames of the scene at their speed, which Mesa does not reach."""
    for number, frame in enumerate(frames):
        recorder.blender.ask(STEP, frame=frame)
        if number % 2:
            recorder.blender.ask(TURN, angle=-0.03, is_inside=False)
        recorder.take(83)


STORIES = {"prompt-to-result": _results, "walking-character": _character}


def _type(recorder: Recorder, prompt: str) -> None:
    """Type a prompt into the form."""
    blender = recorder.blender
    blender.click("mint.prompt")
    for begin in range(0, len(prompt), 6):
        blender.type(prompt[begin : begin + 6])
        recorder.take(100)
    blender.key("Return")


def _approve(recorder: Recorder) -> None:
    """Show the card, and approve the Preview on it."""
    recorder.blender.in_popup("mint.approve")
    recorder.take(1800)
    recorder.click("mint.approve", "POPUP")
    recorder.take(500)
    recorder.blender.key("Escape")
    recorder.blender.over()


def _generate(recorder: Recorder, prompt: str) -> None:
    """Generate something: from its prompt to the result in the view."""
    blender = recorder.blender
    recorder.take(700)
    _type(recorder, prompt)
    blender.wait(PRICED, seconds=PATIENCE)
    recorder.take(500)
    recorder.click("mint.generate_from_form")
    recorder.follow(
        "jobs() and jobs()[0]['phase'] == 'review' and jobs()[0]['previews'] == 1"
        " and not jobs()[0]['active']",
        140,
    )
    blender.review()
    _approve(recorder)
    recorder.follow("jobs()[0]['phase'] == 'placed' and not jobs()[0]['active']", 140)
    recorder.take(1200)


def _turn(recorder: Recorder, angles: Sequence[float], *, is_inside: bool = False) -> None:
    """Turn the view around what it shows, or around the viewer."""
    for angle in angles:
        recorder.blender.ask(TURN, angle=angle, is_inside=is_inside)
        recorder.take(110)


if __name__ == "__main__":
    sys.exit(main())
