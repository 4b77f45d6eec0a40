# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of the benchmarks: a table on the terminal, and `docs/performance.md` with plots."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from .measure import Plot, Row

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "images" / "performance"
BEGIN, END = "<!-- begin: figures -->", "<!-- end: figures -->"


def write(results: Mapping[str, tuple[Sequence[Row], Sequence[Plot]]]) -> None:
    """Write the tables and plots of these benchmarks to the page; those of others stay."""
    made = {name: _section(name, *found) for name, found in results.items()}
    text = updated(PAGE.read_text(encoding="utf-8"), made, _machine())
    PAGE.write_text(text, encoding="utf-8")


def updated(page: str, sections: Mapping[str, str], machine: str) -> str:
    """Return the page with these sections replaced or added, in the order of their names."""
    before, _, rest = page.partition(BEGIN)
    figures, _, after = rest.partition(END)
    known = {part.partition("\n")[0]: part for part in figures.split("\n### ")[1:]}
    known |= {_title(name): f"{_title(name)}\n\n{text}" for name, text in sections.items()}
    parts = [f"### {known[title].strip()}\n" for title in sorted(known)]
    return "\n".join([f"{before}{BEGIN}", f"Measured on {machine}.\n", *parts]) + END + after


def mark(row: Row) -> str:
    """Return whether the goal was reached, for a table."""
    return {True: "yes", False: "**no**", None: ""}[row.is_reached]


def _section(name: str, rows: Sequence[Row], plots: Sequence[Plot]) -> str:
    return "\n".join([_table(rows)] * bool(rows) + [f"{_draw(plot)}\n" for plot in plots])


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _table(rows: Sequence[Row]) -> str:
    lines = ["| What | Goal | Measured | Reached |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.what} | {row.goal} | {row.measured} | {mark(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _draw(plot: Plot) -> str:
    """Draw a plot; return its line for the page."""
    import matplotlib  # which only the environment of the benchmarks has

    matplotlib.use("svg")
    from matplotlib import pyplot

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
