# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a script in a Blender with a window, on a display of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from ..harness.processes import captured

GEOMETRY = ("--window-geometry", "0", "0", "400", "300")


def said(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return what a script has printed: the JSON of the lines that begin with "MINT "."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("MINT ")]
    return [json.loads(line.removeprefix("MINT ")) for line in lines]


def run_in_window(script: str, folder: Path, timeout: float) -> list[dict[str, Any]]:
    """Run a script of this folder, which is given `folder`, and return what it printed.

    The script prints a line "MINT " with JSON for each result. A result "error" fails the test.
    """
    (folder / "profile").mkdir()
    environment = os.environ | {
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "BLENDER_USER_RESOURCES": str(folder / "profile"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = ["xvfb-run", "-a", "-s", "-screen 0 640x480x24", "blender", "--factory-startup"]
    command += [*GEOMETRY, "--python", str(Path(__file__).with_name(script)), "--", str(folder)]
    done = captured(command, env=environment, timeout=timeout)
    results = said(done)
    errors = [each["error"] for each in results if "error" in each]
    assert not errors, errors[0]
    assert results and results[-1] == {"done": True}, (
        f"Blender ended early ({done.returncode}):\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    )
    return results[:-1]
