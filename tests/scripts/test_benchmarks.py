# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks can be found and imported, and their helpers compute what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def subjects() -> list[str]:
    """Return the modules that measure something, found as a reader would find them."""
    paths = sorted((ROOT / "benchmarks").glob("*.py"))
    return [path.stem for path in paths if "\ndef measure(" in path.read_text(encoding="utf-8")]


def test_every_benchmark_can_be_imported() -> None:
    """A renamed function of the add-on or its tests is noticed here, not at the next measurement.

    In a process of their own, since some import `bpy`, which is left without Python's shutdown.
    """
    names = subjects()
    code = (
        "import importlib, os\n"
        f"for name in {names}: importlib.import_module('benchmarks.' + name)\n"
        "os._exit(0)"
    )
    assert len(names) > 8
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
