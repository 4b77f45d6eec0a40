# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the pictures of the manual; run by `scripts/dev.py images`.

They show results, a contact sheet, and the window as the window tests see it; with `--window` only
the last.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mint_blender.application.session import open_job_service
from mint_blender.cli import main as mint
from mint_blender.delivery import blender_runtime
from scripts.demo import ROOT, stand_in_service

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
    from mint_blender.delivery import import_job
    from mint_blender.scene.export import output
    from mint_blender.scene.export.output import render_image

    with open_job_service() as job_service:
        job = job_service.jobs()[0]
    output.start_empty()
    placed = import_job.place(job)
    picture = FOLDER / f"{result.name}.png"
    render_image(picture, placed, width=800, height=450, samples=64)
    print(picture.relative_to(ROOT), flush=True)


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
