# SPDX-License-Identifier: GPL-3.0-or-later
"""The icons of Previews are large, and wide pictures are at the top of a square."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.ui import icons
from mint_blender.ui.icons import IconCache
from mint_blender.ui.review import review_card

from ..mint_service import pictures

BLUE = (0.0, 0.2, 0.8)


def test_a_picture_is_read_without_leaving_an_image(tmp_path: Path) -> None:
    """Its pixels are as in the file; without any, the card shows what Blender makes of the file."""
    path, before = tmp_path / "preview.webp", set(bpy.data.images)
    assert review_card._read(str(path)) is None
    for content in (b"", b"not a picture"):
        path.write_bytes(content)
        assert review_card._read(str(path)) is None
    path.write_bytes(pictures.webp(BLUE, 96, 54))
    pixels = review_card._read(str(path))
    assert pixels is not None and pixels.shape == (54, 96, 4)
    assert pixels[0, 0] == pytest.approx((0.0, 0.2, 0.8, 1.0), abs=0.01)
    assert set(bpy.data.images) == before


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    """Its shape stays."""
    path = tmp_path / "preview.webp"
    path.write_bytes(pictures.webp(BLUE, 2048, 1152))
    pixels = review_card._read(str(path))
    assert pixels is not None and pixels.shape == (576, 1024, 4)
    assert pixels[0, 0] == pytest.approx((0.0, 0.2, 0.8, 1.0), abs=0.01)


@pytest.mark.parametrize(("width", "height"), [(6, 2), (2, 6), (4, 4)])
def test_a_picture_is_in_the_middle_of_a_square(width: int, height: int) -> None:
    """A narrow one has nothing beside it, a panorama nothing above and below."""
    square = review_card.in_square(np.ones((height, width, 4), np.float32))
    side = max(width, height)
    assert square.shape == (side, side, 4)
    assert square.sum() == width * height * 4
    below, left = (side - height) // 2, (side - width) // 2
    assert square[below : below + height, left : left + width].all()


def test_a_wide_picture_is_two_squares(tmp_path: Path) -> None:
    """They are its left and right end; together they have all its pixels."""
    path = tmp_path / "preview.webp"
    path.write_bytes(pictures.webp(BLUE, 96, 54))
    assert review_card._make(str(path)) == 54 / 96
    kept = icons.cache()._collection()
    assert f"review:{path} right" in kept
    path = tmp_path / "square.webp"
    path.write_bytes(pictures.webp(BLUE, 64, 64))
    assert review_card._make(str(path)) == 1.0
    assert f"review:{path} right" not in kept


def test_an_icon_is_painted_and_erased() -> None:
    """Its pixels arrive, and erasing frees it; erasing twice does no harm."""
    cache, pixels = IconCache(), np.zeros((3, 5, 4), np.float32)
    pixels[0, 1] = (1.0, 0.2, 0.0, 1.0)
    cache.paint("test", "a", pixels)
    icon = cache._collection()["test:a"]
    assert tuple(icon.image_size) == (5, 3)
    assert list(icon.image_pixels_float[4:8]) == pytest.approx([1.0, 0.2, 0.0, 1.0], abs=0.01)
    width, height, values = cache.pixels("test", "a") or (0, 0, None)
    assert (width, height) == (5, 3)
    assert isinstance(values, np.ndarray), "a list takes a tenth of a second for a large picture"
    assert values.reshape(3, 5, 4) == pytest.approx(pixels, abs=0.01)
    cache.erase("test", "a")
    cache.erase("test", "a")
    assert "test:a" not in cache._collection()
    cache.close()
