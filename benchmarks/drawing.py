# SPDX-License-Identifier: GPL-3.0-or-later
"""What drawing costs: processor time inside our drawing functions at each redraw, in a window.

The functions are wrapped for the measurement only. All sections are open.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.window.sections import open_section

from .measure import Row, milliseconds
from .window import Studio, studio

GOAL = 0.001
REDRAWS = 40
TYPICAL = {"working": 4, "review": 2, "paused": 2, "failed": 2, "placed": 90}
ALL_CARDS = {"working": 22, "waiting": 10, "paused": 12, "review": 12, "failed": 14, "placed": 30}
"""A hundred jobs, so that each group has as many cards as it can have."""

METER = Path(__file__).parent / "inside" / "drawing_meter.py"


def measure() -> Iterator[Row]:
    """Yield the table's rows."""
    with studio() as place:
        place.blender.fresh()
        place.blender.call("mint.refresh_account")  # opens the journal
        for name in ("mint_options", "mint_references"):
            open_section(place.blender, name)
        place.blender.ask(f"import sys; sys.path.insert(0, {str(METER.parent)!r})")
        place.blender.ask("import drawing_meter; drawing_meter.start()")
        yield from _rows(place)


def _rows(place: Studio) -> Iterator[Row]:
    _fill(place, TYPICAL, 5000)
    typical = _cost(place, "ours")
    bar = _cost(place, "bar")
    place.blender.open_sidebar("View")
    others = _cost(place, "Blender's")
    place.blender.open_sidebar("Mint")
    _fill(place, ALL_CARDS, 5000)
    most = _cost(place, "ours")
    what = "Drawing the sidebar with 100 jobs (of which 90 are placed) and a library of 5,000"
    beside = f"Blender's own tab “View” {milliseconds(others)}"
    yield Row(what, "≤ 1 ms", milliseconds(typical), typical <= GOAL, beside)
    what = "The same with as many cards as there can be"
    yield Row(what, "≤ 1 ms", milliseconds(most), most <= GOAL)
    yield Row("Drawing the status bar", "≤ 1 ms", milliseconds(bar), bar <= GOAL)


def _fill(place: Studio, phases: dict[str, int], entries: int) -> None:
    code = "import drawing_meter as meter; meter.fill_jobs(phases); meter.fill_library(entries)"
    place.blender.ask(code, phases=phases, entries=entries)
    place.blender.settle()


def _cost(place: Studio, name: str) -> float:
    """Return the median of the processor seconds that these functions take in a redraw."""
    code = "__import__('drawing_meter').redraw(times)"
    redraws = place.blender.ask(code, times=REDRAWS)
    return float(median(sums[name] for sums in redraws[5:] if name in sums))
