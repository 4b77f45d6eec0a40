# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the pictures of the manual; run by `scripts/dev.py images`.

They show results, a contact sheet, and the window as the window tests see it; with `--window` only
the last.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image

from mint_blender.application.session import open_job_service
from mint_blender.cli import main as mint
from mint_blender.delivery import blender_runtime
from mint_blender.jobs.job import Job
from scripts.demo import ROOT, stand_in_service
from scripts.sample_assets import evening

FOLDER = ROOT / "docs" / "images"


@dataclass(frozen=True)
class Rendering:
    """A result to generate and render."""

    name: str
    kind: str
    prompt: str
    splats: str = ""  # their tier


COURTYARD = "a walled courtyard in orange evening light"
RESULTS = (
    Rendering("lamp", "model", "a small ceramic lamp with an orange shade"),
    Rendering("courtyard", "world", COURTYARD),
    Rendering("splats", "world", COURTYARD, splats="500k"),
)
CHEST = Rendering("chest", "model", "a blue treasure chest")
PROPS = [
    *(
        {"prompt": f"a small {what}", "preset": "fast"}
        for what in ("ceramic lamp, orange", "blue treasure chest", "green mug")
    ),
    {"prompt": "a sword for the villain [moderation]", "preset": "fast"},
    *(
        {"prompt": f"a small {what}", "preset": "fast"}
        for what in ("yellow tree", "purple rock", "white ceramic lamp")
    ),
    {
        "prompt": "a low stool with a red leather seat",
        "name": "Stool of the smithy",
        "preset": "fast",
        "mode": "review",
    },
    *({"prompt": f"a small {what}", "preset": "fast"} for what in ("orange mug", "green tree")),
]


def main() -> int:
    """Write the pictures; return the exit status."""
    parser = argparse.ArgumentParser(prog="dev.py images", description="Render the pictures.")
    parser.add_argument("--window", action="store_true", help="only those of Blender's window")
    if not parser.parse_args().window:
        _render_results()
    return _screenshot_window()


def _render_results() -> None:
    """Generate results with the stand-in service and render them."""
    blender_runtime.reserve_standard_output()  # discards what Blender prints while it renders
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _mint():
        for result in RESULTS:
            _render(result)
    with _mint():  # one account does not have enough Credits for all
        _screenshot_contact_sheet()
    with _mint():
        _render_in_world()


@contextmanager
def _mint() -> Iterator[None]:
    """Use a new stand-in service with an empty journal."""
    journal = ROOT / "build" / "images"
    shutil.rmtree(journal, ignore_errors=True)
    with stand_in_service() as service:
        os.environ.update(
            MINT_API_KEY=service["key"],
            MINT_API_BASE_URL=service["api"],
            MINT_BLENDER_HOME=str(journal),
        )
        yield


def _render(result: Rendering) -> None:
    """Generate a result and render it."""
    job = _generated(result)
    from mint_blender.delivery import import_job
    from mint_blender.scene.export import output
    from mint_blender.scene.export.output import render_image

    output.start_empty()
    placed = import_job.place(job)
    picture = FOLDER / f"{result.name}.png"
    render_image(picture, placed, width=800, height=450, samples=64)
    print(picture.relative_to(ROOT), flush=True)


def _generated(result: Rendering) -> Job:
    """Generate a result; return its job."""
    words = [
        "generate",
        "--kind",
        result.kind,
        "--prompt",
        result.prompt,
        "--preset",
        "fast",
        "--name",
        result.name.capitalize(),
    ]
    if mint([*words, *(["--splats", result.splats] if result.splats else [])]) != 0:
        sys.exit(f"{result.name} could not be generated.")
    with open_job_service() as job_service:
        return job_service.jobs()[0]


def _render_in_world() -> None:
    """Put models on the floor of a World, with their shadows; render them at dusk and at night."""
    jobs = [_generated(result) for result in (RESULTS[2], CHEST, RESULTS[0])]
    import bpy
    from mathutils import Vector

    from mint_blender import drop_to_floor, ground_shadow, mix_with_scene_light
    from mint_blender.delivery import import_job
    from mint_blender.scene import cycles
    from mint_blender.scene.export import output

    output.start_empty()
    world, chest, lamp = (import_job.place(job).root for job in jobs)
    scene: Any = bpy.context.scene
    sun: Any = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    camera: Any = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    for obj in (sun, camera):
        scene.collection.objects.link(obj)
    chest.location = (-0.3, 1.6, 1.0)
    chest.rotation_euler.z = math.radians(-35)
    lamp.scale *= 0.45
    lamp.location = (0.75, 0.85, 1.0)
    camera.location = (-0.25, -1.9, 0.85)
    camera.data.lens = 32
    camera.rotation_euler = Vector((0.5, 3.2, -0.25)).to_track_quat("-Z", "Y").to_euler()
    sun.rotation_euler = Vector(evening.SUN.tolist()).to_track_quat("-Z", "Y").to_euler()
    sun.data.angle = math.radians(1.5)
    for model in (chest, lamp):
        drop_to_floor([model])
    cycles.choose(scene)
    scene.camera = camera
    scene.cycles.samples = 24
    scene.cycles.max_bounces = 2
    scene.view_scene.view_transform = "Standard"
    scene.render.resolution_x, scene.render.resolution_y = 1120, 630
    for name, color, energy, amount in (
        ("in-world", (1.0, 0.55, 0.25), 6.0, 0.0),
        ("at-night", (0.35, 0.5, 1.0), 2.0, 0.8),
    ):
        sun.data.color = color
        sun.data.energy = energy
        mix_with_scene_light(world, amount)
        for model in (chest, lamp):
            ground_shadow(model)
        scene.render.filepath = str(ROOT / "build" / f"{name}.png")
        bpy.ops.render.render(write_still=True)
        with Image.open(scene.render.filepath) as picture:
            picture.convert("RGB").save(FOLDER / f"{name}.webp", quality=82, method=6)
        print(f"docs/images/{name}.webp", flush=True)
        sun.rotation_euler = Vector((-0.5, 0.5, -0.6)).to_track_quat("-Z", "Y").to_euler()
        scene.world = None


def _screenshot_contact_sheet() -> None:
    """Take a picture of a batch's index.html; needs Debian's Chromium and ImageMagick."""
    folder = ROOT / "build" / "props"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = "".join(json.dumps({"format": "glb", **line}) + "\n" for line in PROPS)
    (folder / "props.jsonl").write_text(lines, encoding="utf-8")
    mint(["batch", str(folder / "props.jsonl"), "-o", str(folder), "--jobs", "5"])
    shot, target = folder / "shot.png", FOLDER / "contact-sheet.png"
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
             "--no-first-run", "--hide-scrollbars", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}",
             "--window-size=1280,1110", f"--screenshot={shot}", (folder / "index.html").as_uri()],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    subprocess.run(
        ["convert", str(shot), "-colors", "160", "-define", "png:compression-level=9", str(target)],
        check=True,
    )
    print(target.relative_to(ROOT), flush=True)


def _screenshot_window() -> int:
    """Have the window tests write their pictures; needs what all window tests need."""
    begun = time.time()
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/window/test_pictures.py"],
        cwd=ROOT,
        env={**os.environ, "MINT_RENEW_PICTURES": "1"},
        check=False,
    )
    for picture in sorted(FOLDER.glob("*.png")):
        if picture.stat().st_mtime >= begun:
            print(picture.relative_to(ROOT), flush=True)
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main())
