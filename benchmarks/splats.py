# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaussian splats of degree 3: decoding, compared with inflating alone, and the way to the window.

Decoding leaves all attributes in memory as float32, as the C++ reference does. The factors of the
reference were measured once, on another machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from tests.files.read_spz import read_splats

from . import many_splats
from .measure import Row, in_turn, milliseconds, ratio
from .window import Studio, studio

POINTS = 2_000_000
REFERENCE = {3: 1.9, 4: 3.7}  # times inflating alone, by the version of the file
SECONDS = 3.0
INSIDE = Path(__file__).parent / "inside"


def measure() -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory(prefix="mint-benchmark-") as folder:
        for version in REFERENCE:
            path = Path(folder) / f"{POINTS}-{version}.spz"
            many_splats.write(path, POINTS, version)
            yield _row(version, *in_turn(_decode(path), _inflate(path)))
        with studio() as place:
            yield from _arrival(place, Path(folder) / f"{POINTS}-3.spz")


def _row(version: int, decoding: list[float], inflating: list[float]) -> Row:
    factor, goal = ratio(decoding, inflating), REFERENCE[version]
    return Row(
        f"Decoding 2 million splats of degree 3, SPZ {version}",
        f"≤ {goal} × inflating alone (the C++ reference)",
        f"{factor:.2f} × ({milliseconds(median(decoding))}; inflating alone: "
        f"{milliseconds(median(inflating))})",
        factor <= goal,
    )


def _decode(path: Path) -> Callable[[], object]:
    return lambda: read_splats(path)


def _inflate(path: Path) -> Callable[[], object]:
    return lambda: many_splats.inflate(path)


def _arrival(place: Studio, path: Path) -> Iterator[Row]:
    place.blender.ask(f"import sys; sys.path.insert(0, {str(INSIDE)!r})")
    values = {"path": str(path), "folder": str(place.folder / "prepared")}
    place.blender.ask("import splat_arrival; splat_arrival.start(path, folder)", **values)
    question = "__import__('splat_arrival').times"
    times = place.blender.wait(question, seconds=180)
    visible, main = times["visible"] - times["drawing"], times["gap"] - times["drawing"]
    drawing = f"; software OpenGL takes {times['drawing']:.1f} s more to draw them once"
    yield Row(
        "From a file of 2 million splats (SPZ 3) to the drawn point cloud",
        "≤ 3 s, drawing itself aside",
        f"{visible:.1f} s: {times['prepared']:.1f} s in the background Blender, "
        f"{times['appended'] - times['prepared']:.1f} s to append{drawing}",
        visible <= SECONDS,
    )
    yield Row(
        "Share of that on the main thread",
        "< half",
        f"{main / visible:.0%}",
        main < visible / 2,
    )
