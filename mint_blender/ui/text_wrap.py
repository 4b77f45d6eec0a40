# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit text into a sidebar: wrapped, shortened, or as buttons below each other.

Blender cuts off what is too long for a label or a button.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import blf
import bpy

from ..message import Message
from .translations import spoken, translated
from .typed_context import ui_scale

NARROW = 300
"""Pixels, at scale 1, below which a sidebar has no room for words on the buttons of a line."""
PANEL, BOX = 56.0, 68.0
"""Pixels of a sidebar, at scale 1, that the content of a panel, or of a box in it, cannot have."""
_BUTTON = 27.0  # pixels of a button that its text cannot have: icon and margins
_PLAIN_BUTTON = 9.0  # without an icon
_FONT = 0
_MARGINS = 74.0  # tabs or scroll bar, a panel's and a box's margins, and those of the text itself
_ICON = 20.0
# Japanese has no spaces between words: a line may end after each of its letters, but not begin with
# a full stop or a small one.
_UNBROKEN = (
    "[「『（]*[\u3005-\u30ff\u4e00-\u9fff][。、"
    "」』）…:.)ーっゃゅょッャュョ]*|[^\u3005-\u30ff\u4e00-\u9fff]+"
)


def wrapped(
    layout: bpy.types.UILayout,
    text: str,
    *,
    width: int | None = None,
    icon: Any = "NONE",
    max_lines: int = 8,
    scale: float = 0.75,
    translate: bool = True,
) -> None:
    """Draw a text as labels of at most `width` pixels (default: the region's), `max_lines` in all.

    With `translate` it is shown in the user's language; the user's own words are not translated.
    """
    room = (width or bpy.context.region.width) - (
        _MARGINS + (_ICON if icon != "NONE" else 0.0)
    ) * ui_scale()
    lines = lines_of(translated(text) if translate else text, room)
    column = layout.column(align=True)
    column.scale_y = scale
    for number, line in enumerate(lines[:max_lines]):
        last = number == max_lines - 1 and len(lines) > max_lines
        beside: Any = icon if number == 0 else ("BLANK1" if icon != "NONE" else "NONE")
        column.label(text=f"{line} …" if last else line, icon=beside, translate=False)


def interface_font() -> tuple[float, str]:
    """Return the size and the path of the font of Blender's interface."""
    preferences = bpy.context.preferences
    size = preferences.ui_styles[0].widget.points * ui_scale()
    return size, preferences.view.font_path_ui


def width_of(text: str, font: tuple[float, str] | None = None) -> float:
    """Return how many pixels wide a text is, in the font of the interface.

    Who measures several texts reads that font only once.
    """
    return _measured(text, *(font or interface_font()))


@lru_cache(maxsize=512)
def _measured(text: str, size: float, font: str) -> float:
    """Return the width, measured once for each text and font."""
    blf.size(_FONT, size)
    return _width(text)


def scaled(pixels: float) -> float:
    """Return a length at scale 1 as pixels of the screen; without a window the scale is 0."""
    return pixels * ui_scale()


def is_narrow(width: int) -> bool:
    """Return whether a sidebar of `width` pixels has no room for words on the buttons of a line."""
    return width < scaled(NARROW)


def button_row(
    layout: bpy.types.UILayout,
    labels: tuple[Message, ...],
    *,
    width: int,
    has_icons: bool = True,
) -> bpy.types.UILayout:
    """Return a row for buttons of equal width; a column if a label would be cut off in a row.

    `width` is that of the sidebar in pixels.
    """
    beside = PANEL + len(labels) * (_BUTTON if has_icons else _PLAIN_BUTTON)
    scale = ui_scale()
    if _widest(labels, scale, spoken()) * len(labels) > width - beside * scale:
        return layout.column(align=True)
    return layout.row(align=True)


@lru_cache(maxsize=64)
def _widest(labels: tuple[Message, ...], scale: float, language: str) -> float:
    """Return the width of the widest label, measured once for each scale and language."""
    return max(width_of(translated(label)) for label in labels)


def shortened(text: str, room: float) -> str:
    """Return the text, with its end cut off if it is wider than `room` pixels."""
    if width_of(text) <= room:
        return text
    return _shortened(text, room, width_of("…"))


@lru_cache(maxsize=256)
def _shortened(text: str, room: float, end: float) -> str:
    count = next(
        (count for count in range(len(text) - 1, 0, -1) if width_of(text[:count]) + end <= room), 1
    )
    return f"{text[:count].rstrip()}…"


def lines_of(text: str, room: float) -> tuple[str, ...]:
    """Return the text in lines of at most `room` pixels, in the font of Blender's interface."""
    return _lines(text, max(room, 80.0), *interface_font())


@lru_cache(maxsize=512)
def _lines(text: str, room: float, size: float, font: str) -> tuple[str, ...]:
    """Return the lines, measured once for each text, width and font."""
    blf.size(_FONT, size)
    return tuple(line for paragraph in text.splitlines() for line in _wrap(paragraph.split(), room))


def _wrap(words: list[str], room: float) -> Iterator[str]:
    line = ""
    for word in words:
        for number, part in enumerate(_parts(word, room)):
            longer = f"{line} {part}" if line and number == 0 else f"{line}{part}"
            if line and _width(longer) > room:
                yield line
                longer = part
            line = longer
    yield line


def _parts(word: str, room: float) -> Iterator[str]:
    """Yield a word, in pieces where it does not fit into a line.

    This is needed for URLs, and for languages without spaces.
    """
    for part in re.findall(_UNBROKEN, word):
        while len(part) > 1 and _width(part) > room:
            fitting = next(
                count
                for count in range(len(part) - 1, 0, -1)
                if count == 1 or _width(part[:count]) <= room
            )
            yield part[:fitting]
            part = part[fitting:]
        yield part


def _width(text: str) -> float:
    return float(blf.dimensions(_FONT, text)[0])
