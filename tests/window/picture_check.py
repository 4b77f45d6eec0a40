# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the window with a picture that is committed in docs/images.

One call for each picture: `check_picture(blender, "preview")`. It fails when the picture no longer
shows what users see. `python3 scripts/dev.py images --window` renews all of them: it sets `RENEW`,
and then the same calls write the pictures.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .blender_window import ROOT, BlenderWindow

FOLDER = ROOT / "docs" / "images"
RENEW = "MINT_RENEW_PICTURES"
"""The environment variable with which the pictures are written instead of compared."""

CLEARLY = 40
"""How much a color (0 to 255) of a pixel has to differ to be seen."""
MAX_MEAN = 1.0
"""How much the colors may differ on average: other rounding, or a World that is drawn in a slightly
different place."""
MAX_SHARE = 0.003
"""The share of pixels that may clearly differ: a date or a number, but not a row of the panel."""
STATUS_BAR = 22
"""Rows at the bottom that are not compared: messages appear and fade there."""


@dataclass(frozen=True)
class Difference:
    """How two pictures differ; `share` is that of the clearly different pixels, from 0 to 1."""

    mean: float
    share: float

    @property
    def is_little(self) -> bool:
        """Whether somebody who follows the manual would hardly notice."""
        return self.mean <= MAX_MEAN and self.share <= MAX_SHARE


def check_picture(blender: BlenderWindow, name: str, box: Sequence[int] | None = None) -> None:
    """Take a picture of the window and compare it with docs/images/<name>.png.

    `box` is the part of the window to show: left, top, right, bottom, in pixels.

    Raises:
        AssertionError: There is no such picture, or it differs by more than a little.
    """
    blender.display.still()
    taken = blender.screenshot(f"picture_{name}")
    if box is not None:
        crop(taken, box)
    committed = FOLDER / f"{name}.png"
    if os.environ.get(RENEW):
        write(read(taken), committed)
        return
    advice = "Look at both; then renew it with: python3 scripts/dev.py images --window"
    assert committed.exists(), f"There is no {committed}, only {taken}. {advice}"
    before, now = read(committed), read(taken)
    assert before.shape == now.shape, f"{taken} has another size than {committed}. {advice}"
    end = -STATUS_BAR if box is None else None
    difference = compare(before[:end], now[:end])
    print(f"{name}: mean {difference.mean:.4f}, share {difference.share:.6f}")
    assert difference.is_little, f"{taken} differs from {committed}: {difference}. {advice}"


def read(file: Path) -> NDArray[np.uint8]:
    """Return a picture as rows from above, of red, green and blue."""
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))


def write(pixels: NDArray[np.uint8], file: Path) -> None:
    """Write a picture with as few bytes as possible."""
    Image.fromarray(pixels).save(file, optimize=True)


def crop(file: Path, box: Sequence[int]) -> None:
    """Keep only a part of a picture."""
    left, top, right, bottom = box
    write(read(file)[top:bottom, left:right], file)


def compare(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> Difference:
    """Return how two pictures of the same size differ."""
    by_color = np.abs(before.astype(np.int16) - now)
    return Difference(float(by_color.mean()), float((by_color.max(axis=2) > CLEARLY).mean()))
