# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the parts of the asset bar are, and which one is under the pointer."""

from __future__ import annotations

import pytest

bar_layout = pytest.importorskip("mint_blender.ui.asset_bar.bar")

BACK = bar_layout.BACK
CLOSE = bar_layout.CLOSE
FORWARD = bar_layout.FORWARD
FRAME = bar_layout.FRAME
OUTSIDE = bar_layout.OUTSIDE
COUNT = 12


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("wanted", [64.0, 112.0, 256.0])
@pytest.mark.parametrize("height", [400.0, 900.0, 1800.0])
@pytest.mark.parametrize("width", [480.0, 1200.0, 3000.0])
def test_a_whole_page_fits_into_any_region(
    width: float, height: float, wanted: float, scale: float
) -> None:
    """Between the edges, without overlaps, no larger than wanted, and below most of the scene."""
    layout = bar_layout.arrange(40.0, 40.0 + width, height, COUNT, wanted * scale, scale)
    assert len(layout.cells) == COUNT
    assert layout.picture <= wanted * scale
    assert layout.frame.x >= 40.0
    assert layout.frame.x + layout.frame.width <= 40.0 + width
    if layout.picture > 32 * scale:
        assert layout.frame.height <= 0.56 * height
    middles = [(each.x + each.width / 2, each.y + each.height / 2) for each in layout.cells]
    assert [bar_layout.part_at(layout, *middle) for middle in middles] == list(range(COUNT))
    assert middles == sorted(middles, key=lambda point: (-point[1], point[0])), "as one reads"


def test_each_part_is_found_under_the_pointer() -> None:
    """The buttons, the frame between the pictures, and nothing outside."""
    layout = bar_layout.arrange(0.0, 1000.0, 700.0, COUNT, 112.0, 1.0)
    for part, box in ((BACK, layout.back), (FORWARD, layout.forward), (CLOSE, layout.close)):
        assert bar_layout.part_at(layout, box.x + 1, box.y + 1) == part
    assert bar_layout.part_at(layout, layout.header.x, layout.header.y + 1) == FRAME
    assert bar_layout.part_at(layout, layout.frame.x - 1, layout.frame.y) == OUTSIDE


def test_pictures_are_as_large_as_wanted_where_there_is_room() -> None:
    """A larger size gives larger pictures in fewer columns."""
    small, large = (
        bar_layout.arrange(0.0, 1800.0, 1400.0, COUNT, wanted, 1.0) for wanted in (96.0, 200.0)
    )
    assert (small.picture, large.picture) == (96.0, 200.0)
    assert len({each.x for each in small.cells}) > len({each.x for each in large.cells})


@pytest.mark.parametrize("used", range(COUNT + 1))
def test_a_small_library_has_no_empty_rows(used: int) -> None:
    """There is a row for what there is, at least one, and the pictures keep their size."""
    full = bar_layout.arrange(0.0, 1000.0, 700.0, COUNT, 112.0, 1.0)
    columns = len({each.x for each in full.cells})
    assert columns < COUNT, "several rows"
    layout = bar_layout.arrange(0.0, 1000.0, 700.0, COUNT, 112.0, 1.0, used)
    rows = len({each.y for each in layout.cells})
    assert rows == max(1, -(-used // columns)) and len(layout.cells) == rows * columns
    assert layout.picture == full.picture
    assert layout.frame.y == full.frame.y and layout.frame.width == full.frame.width
    assert (layout.frame.height == full.frame.height) == (rows == COUNT // columns)
