# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the parts of the asset bar are, and which one is under the pointer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

bar_layout = pytest.importorskip("mint_blender.ui.asset_bar.bar")

FRAME = bar_layout.FRAME
OUTSIDE = bar_layout.OUTSIDE
Words = bar_layout.Words
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


@pytest.mark.parametrize(("used", "is_alone"), [(0, True), (COUNT, True), (COUNT, False)])
@pytest.mark.parametrize("width", [480.0, 1200.0])
def test_each_part_is_found_under_the_pointer(width: float, used: int, is_alone: bool) -> None:
    """The buttons, the frame between the pictures, and nothing outside."""
    words = Words(90.0, 2, is_alone)
    layout = bar_layout.arrange(0.0, width, 700.0, COUNT, 112.0, 1.0, used, words)
    assert len(layout.buttons) == (5 if is_alone else 7), "an empty bar has no pages to turn"
    for part, box in layout.buttons.items():
        assert bar_layout.part_at(layout, box.x + 1, box.y + 1) == part
        right, top = box.x + box.width, box.y + box.height
        assert layout.frame.x <= box.x and right <= layout.frame.x + layout.frame.width
        assert layout.frame.y <= box.y and top <= layout.frame.y + layout.frame.height
    assert bar_layout.part_at(layout, layout.status.x, layout.status.y + 1) == FRAME
    assert bar_layout.part_at(layout, layout.frame.x - 1, layout.frame.y) == OUTSIDE


def test_longer_words_make_the_bar_taller_and_cover_nothing() -> None:
    """An error of three lines stands below the pictures, left of its button and the pages."""
    one, three = (
        bar_layout.arrange(0.0, 1000.0, 700.0, COUNT, 112.0, 1.0, COUNT, Words(90.0, lines))
        for lines in (1, 3)
    )
    assert three.status.height == 3 * one.status.height
    assert three.frame.height - one.frame.height == three.status.height - one.status.height
    assert three.status.y + three.status.height <= min(each.y for each in three.cells)
    action = three.buttons[bar_layout.ACTION]
    assert three.status.x + three.status.width <= action.x
    assert action.x + action.width <= three.range.x


def test_pictures_are_as_large_as_wanted_where_there_is_room() -> None:
    """A larger size gives larger pictures in fewer columns."""
    small, large = (
        bar_layout.arrange(0.0, 1800.0, 1400.0, COUNT, wanted, 1.0) for wanted in (96.0, 200.0)
    )
    assert (small.picture, large.picture) == (96.0, 200.0)
    assert len({each.x for each in small.cells}) > len({each.x for each in large.cells})


@pytest.mark.parametrize("used", range(1, COUNT + 1))
def test_a_small_library_has_no_empty_rows(used: int) -> None:
    """There is a row for what there is, and the pictures keep their size."""
    full = bar_layout.arrange(0.0, 1000.0, 700.0, COUNT, 112.0, 1.0)
    columns = len({each.x for each in full.cells})
    assert columns < COUNT, "several rows"
    layout = bar_layout.arrange(0.0, 1000.0, 700.0, COUNT, 112.0, 1.0, used)
    rows = len({each.y for each in layout.cells})
    assert rows == -(-used // columns) and len(layout.cells) == rows * columns
    assert layout.picture == full.picture
    assert layout.frame.y == full.frame.y and layout.frame.width == full.frame.width
    assert (layout.frame.height == full.frame.height) == (rows == COUNT // columns)


def test_a_search_without_matches_keeps_the_bar_where_it_is() -> None:
    """Words stand in place of the pictures; the field above them does not move."""
    found, nothing = (
        bar_layout.arrange(
            0.0, 1000.0, 700.0, COUNT, 112.0, 1.0, COUNT, Words(90.0, is_alone=is_alone)
        )
        for is_alone in (False, True)
    )
    assert nothing.frame == found.frame and not nothing.cells
    assert nothing.buttons[bar_layout.SEARCH] == found.buttons[bar_layout.SEARCH]


def test_nothing_shows_through_the_card_of_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chip may be below the card; its words are not mixed with those of the card."""
    colors: list[tuple[float, ...]] = []
    monkeypatch.setattr(bar_layout, "draw_box", lambda box, color: colors.append(color))
    monkeypatch.setattr(bar_layout, "_draw_picture", lambda *_: None)
    monkeypatch.setattr(bar_layout, "_lines_of", lambda *_: [])
    monkeypatch.setattr(bar_layout, "_height_of_picture", lambda *_: 256.0)
    context: Any = SimpleNamespace(region=SimpleNamespace(height=900.0))
    theme: Any = SimpleNamespace(scale=1.0, points=11.0, back=(0.1, 0.1, 0.1, 0.94))
    layout = bar_layout.arrange(40.0, 1240.0, 900.0, COUNT, 112.0, 1.0)
    bar_layout._draw_card(context, layout, SimpleNamespace(), theme)
    assert [color[3] for color in colors] == [1.0]
