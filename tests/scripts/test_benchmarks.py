# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks can be found and imported, and their helpers compute what they say."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

from benchmarks import measure

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


def test_results_survive_the_way_through_a_file(tmp_path: Path) -> None:
    """What `run_one` writes is what the report reads."""
    row = measure.Row("what", "≤ 1 ms", "2 ms", is_reached=False)
    run_one = importlib.import_module("benchmarks.run_one")
    subject: Any = types.ModuleType("benchmarks.made_up")
    subject.measure = lambda: iter([row])
    sys.modules["benchmarks.made_up"] = subject
    try:
        run_one.main("made_up", tmp_path / "results.json")
    finally:
        del sys.modules["benchmarks.made_up"]
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [measure.Row(**each) for each in found] == [row]


def test_medians_and_quantiles() -> None:
    """Ratios are taken pair by pair, so that a slow moment of the machine counts once."""
    assert measure.ratio([1, 2, 30], [1, 1, 10]) == 2
    assert measure.quantile([5, 1, 4, 2, 3], 0.99) == 5
    assert measure.quantile([5, 1, 4, 2, 3], 0.0) == 1
    assert measure.milliseconds(0.2) == "200 ms" and measure.milliseconds(0.0123) == "12.3 ms"


def test_calls_are_made_in_turn() -> None:
    """A B A B, so that both meet the same noise."""
    calls: list[str] = []
    measure.in_turn(lambda: calls.append("a"), lambda: calls.append("b"), times=2)
    assert calls == ["a", "b", "a", "b"]
