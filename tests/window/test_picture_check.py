# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as more than a little when a committed picture is compared with the window."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from .picture_check import FOLDER, compare, read

pytestmark = pytest.mark.nightly


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """Return a picture of the manual."""
    return read(FOLDER / "preview.png")


def test_the_same_picture_does_not_differ(picture: NDArray[np.uint8]) -> None:
    """Equal pixels are no difference."""
    difference = compare(picture, picture)
    assert (difference.mean, difference.share) == (0, 0)
    assert difference.is_little()


def test_other_rounding_is_little(picture: NDArray[np.uint8]) -> None:
    """A renderer that rounds differently changes every pixel, but hardly visibly."""
    assert compare(picture, picture ^ np.uint8(1)).is_little()


def test_another_date_is_little(picture: NDArray[np.uint8]) -> None:
    """A date or a number of Credits, 120 by 12 pixels, may differ."""
    changed = picture.copy()
    changed[600:612, 1050:1170] = 255 - changed[600:612, 1050:1170]
    assert compare(picture, changed).is_little()


def test_rows_that_have_moved_are_not_little(picture: NDArray[np.uint8]) -> None:
    """A new row in the panel moves what is below it."""
    changed = picture.copy()
    changed[322:780, 1040:1290] = picture[300:758, 1040:1290]
    assert not compare(picture, changed).is_little()


def test_a_dark_picture_is_not_little(picture: NDArray[np.uint8]) -> None:
    """A theme or a light that has changed is noticed even if no pixel differs clearly."""
    difference = compare(picture, picture // 8 * 7)
    assert difference.share < 0.1
    assert not difference.is_little()
