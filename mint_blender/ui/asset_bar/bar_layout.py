# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the parts of the asset bar are, in pixels of its region. Needs no `bpy`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

BACK, FORWARD, CLOSE, FRAME = 100, 101, 102, 103
"""Parts that are not pictures; a picture's part is its place on the page, from 0."""
OUTSIDE = -1

_GAP = 6.0
_HEADER = 26.0
_TITLE = 18.0
_ARROW = 28.0
_MOST_OF_HEIGHT = 0.55  # the scene stays visible above the bar
_SMALLEST = 32.0


@dataclass(frozen=True)
class Box:
    """A rectangle from its lower left corner, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def contains(self, x: float, y: float) -> bool:
        """Return whether a point is inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True)
class BarLayout:
    """The boxes of all parts. A cell has the picture at its top and the title below."""

    frame: Box
    header: Box
    cells: tuple[Box, ...]
    picture: float
    back: Box
    forward: Box
    close: Box


@lru_cache(maxsize=8)
def arrange(
    left: float,
    right: float,
    height: float,
    count: int,
    wanted: float,
    scale: float,
    used: int | None = None,
) -> BarLayout:
    """Return the layout of a page of `count` cells between two edges of a region.

    All cells of the page fit: pictures get smaller than the `wanted` pixels where they would
    cover too much of the region. `scale` is that of the interface. Where only the first cells are
    `used`, the rows below them are left out, and pictures are as large as on a full page.
    """
    wide = right - left - 2 * (_ARROW + _GAP) * scale
    picture, columns = wanted, _columns(wide, count, wanted, scale)
    while picture > _SMALLEST * scale and (
        _tall(picture, count, columns, scale) > _MOST_OF_HEIGHT * height
        or columns * (picture + _GAP * scale) > wide
    ):
        picture *= 0.9
        columns = _columns(wide, count, picture, scale)
    rows = ceil((count if used is None else max(1, used)) / columns)
    return _boxes((left + right) / 2, rows * columns, columns, picture, scale)


def _columns(wide: float, count: int, picture: float, scale: float) -> int:
    """Return how many pictures fit side by side; only numbers that fill whole rows count."""
    cell = picture + _GAP * scale
    return max(
        (each for each in range(1, count + 1) if count % each == 0 and each * cell <= wide),
        default=1,
    )


def _tall(picture: float, count: int, columns: int, scale: float) -> float:
    return (_HEADER + 3 * _GAP) * scale + count / columns * (picture + (_TITLE + _GAP) * scale)


def _boxes(middle: float, count: int, columns: int, picture: float, scale: float) -> BarLayout:
    gap, arrow = _GAP * scale, _ARROW * scale
    cell_width, cell_height = picture + gap, picture + (_TITLE + _GAP) * scale
    grid = Box(
        middle - columns * cell_width / 2,
        2 * gap,
        columns * cell_width,
        count / columns * cell_height,
    )
    header = Box(grid.x, grid.y + grid.height, grid.width, _HEADER * scale)
    frame = Box(grid.x - arrow, gap, grid.width + 2 * arrow, grid.height + header.height + 2 * gap)
    cells = tuple(
        Box(
            grid.x + place % columns * cell_width + gap / 2,
            grid.y + grid.height - (place // columns + 1) * cell_height,
            picture,
            cell_height - gap,
        )
        for place in range(count)
    )
    return BarLayout(
        frame,
        header,
        cells,
        picture,
        back=Box(frame.x, grid.y, arrow, grid.height),
        forward=Box(grid.x + grid.width, grid.y, arrow, grid.height),
        close=Box(frame.x + frame.width - arrow, header.y, arrow, header.height),
    )


def part_at(layout: BarLayout, x: float, y: float) -> int:
    """Return the part at a point of the region: a picture's place, or one of the constants."""
    if not layout.frame.contains(x, y):
        return OUTSIDE
    for place, cell in enumerate(layout.cells):
        if cell.contains(x, y):
            return place
    for part, box in ((BACK, layout.back), (FORWARD, layout.forward), (CLOSE, layout.close)):
        if box.contains(x, y):
            return part
    return FRAME
