# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of the benchmarks: a table on the terminal, and `docs/performance.md` with plots."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

from .measure import Plot, Row

matplotlib.use("svg")
from matplotlib import pyplot

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "images" / "performance"
BEGIN, END = "<!-- begin: figures -->", "<!-- end: figures -->"


def write(results: Mapping[str, tuple[Sequence[Row], Sequence[Plot]]]) -> None:
    """Write the tables and plots of these benchmarks to the page, between its two marks."""
    parts = [f"Measured on {_machine()}.\n"]
    for name, (rows, plots) in results.items():
        parts.append(f"### {name.replace('_', ' ').capitalize()}\n")
        parts += [f"{_table(rows)}\n"] if rows else []
        parts += [f"{_draw(plot)}\n" for plot in plots]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    figures = "\n".join(parts)
    PAGE.write_text(f"{before}{BEGIN}\n{figures}{END}{after}", encoding="utf-8")


def mark(row: Row) -> str:
    """Return whether the goal was reached, for a table."""
    return {True: "yes", False: "**no**", None: ""}[row.is_reached]


def _table(rows: Sequence[Row]) -> str:
    lines = ["| What | Goal | Measured | Reached |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.what} | {row.goal} | {row.measured} | {mark(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _draw(plot: Plot) -> str:
    """Draw a plot; return its line for the page."""
    matplotlib.rcParams.update({"svg.hashsalt": plot.name, "svg.fonttype": "none"})
    figure, axes = pyplot.subplots(figsize=(6.4, 3.6), layout="constrained")
    for label, points in plot.lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=label)
    axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
    axes.set(xscale="log", yscale="log")
    axes.grid(which="major", alpha=0.3)
    axes.legend()
    PLOTS.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOTS / f"{plot.name}.svg", metadata={"Date": None})
    pyplot.close(figure)
    return f"![{plot.title}](images/performance/{plot.name}.svg)"


def _machine() -> str:
    return f"{platform.system()}, {os.cpu_count()} processor cores, software OpenGL"
