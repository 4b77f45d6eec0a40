# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the samples of the last run, one panel for each quantity: `python3 -m tests.endurance.plot`.

It needs matplotlib, which is in the environment `bench`.
"""

from __future__ import annotations

from pathlib import Path

from .sample import ROOT, Sample, kept

TARGET = ROOT / "docs" / "images" / "reliability" / "endurance.svg"
PANELS = (
    ("megabytes", "memory (MB)"),
    ("threads", "threads"),
    ("files", "open files"),
    ("sockets", "open sockets"),
    ("beat_milliseconds", "heartbeat (ms)"),
)


def draw(samples: list[Sample], target: Path = TARGET) -> Path:
    """Draw the samples to a file, and return its path."""
    import matplotlib  # which only the environment of the benchmarks has

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.hashsalt": "endurance", "svg.fonttype": "none"})
    figure, rows = pyplot.subplots(
        len(PANELS), 1, sharex=True, figsize=(6.4, 8.0), layout="constrained"
    )
    for axes, (name, label) in zip(rows, PANELS, strict=True):
        values = [getattr(each, name) for each in samples]
        axes.plot([each.jobs for each in samples], values, marker=".")
        axes.set(ylabel=label, ylim=(0, max([*values, 1]) * 1.2))
        axes.grid(alpha=0.3)
    rows[-1].set(xlabel="finished jobs in one Blender")
    figure.suptitle("What Blender holds while nothing is in flight")
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None})
    pyplot.close(figure)
    return target


if __name__ == "__main__":
    print(draw(kept()))
