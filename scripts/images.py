# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the README, made anew: results rendered from two viewpoints, and the window as the window tests see it.

python3 scripts/dev.py images
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from mint_blender.cli import main as mint
from mint_blender.cli import streams
from mint_blender.cli.session import open_board
from scripts.demo import ROOT, stand_in_service

FOLDER = ROOT / "docs" / "images"
SCREENSHOTS = ROOT / "build" / "screenshots"

RESULTS = {
    "lamp": ("model", "a small ceramic lamp with an orange shade"),
    "courtyard": ("world", "a walled courtyard in orange evening light"),
}
WINDOW = ("preview", "placed", "library", "references")


def main() -> int:
    """Make them all; returns the exit status."""
    streams.keep_for_results()  # what Blender prints while it renders goes nowhere
    FOLDER.mkdir(parents=True, exist_ok=True)
    journal = ROOT / "build" / "images"
    shutil.rmtree(journal, ignore_errors=True)
    with stand_in_service() as service:
        os.environ.update(MINT_API_KEY=service["key"], MINT_API_BASE_URL=service["api"], MINT_BLENDER_HOME=str(journal))
        for name, (kind, prompt) in RESULTS.items():
            _render(name, kind, prompt)
    return _photograph_the_window()


def _render(name: str, kind: str, prompt: str) -> None:
    """A result from in front, and from beside."""
    if mint(["generate", "--kind", kind, "--prompt", prompt, "--preset", "fast", "--name", name.capitalize()]) != 0:
        sys.exit(f"{name} could not be generated.")
    from mint_blender.blender import arrival
    from mint_blender.blender.scene import output
    from mint_blender.blender.scene.still import render_still

    with open_board() as board:
        job = board.jobs()[0]
    output.start_empty()
    placed = arrival.place(job)
    for suffix, aside in (("", False), ("-aside", True)):
        print(render_still(FOLDER / f"{name}{suffix}.png", placed, samples=64, aside=aside).relative_to(ROOT), flush=True)


def _photograph_the_window() -> int:
    """A window test leaves the pictures; it needs Debian's Blender and a virtual display, as all window tests do."""
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", "tests/window/test_pictures.py"], cwd=ROOT, check=False)
    for name in WINDOW:
        print(Path(shutil.copyfile(SCREENSHOTS / f"picture_{name}.png", FOLDER / f"{name}.png")).relative_to(ROOT), flush=True)
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main())
