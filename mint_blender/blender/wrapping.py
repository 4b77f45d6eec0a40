# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that is longer than a sidebar is wide: Blender's labels do not wrap by themselves."""

from __future__ import annotations

import textwrap
from typing import Any

import blf
import bpy

_FONT = 0


def wrapped(layout: bpy.types.UILayout, text: str, *, width: int | None = None, icon: Any = "NONE", most: int = 8) -> None:
    """Labels that together say `text`, in lines of at most `width` pixels (the region's if not given), `most` lines at the most."""
    lines = lines_of(text, width or bpy.context.region.width)
    column = layout.column(align=True)
    column.scale_y = 0.75
    for number, line in enumerate(lines[:most]):
        last = number == most - 1 and len(lines) > most
        column.label(text=f"{line} …" if last else line, icon=icon if number == 0 else ("BLANK1" if icon != "NONE" else "NONE"))


def lines_of(text: str, width: int) -> list[str]:
    """The text in lines that fit into `width` pixels of interface."""
    scale = bpy.context.preferences.system.ui_scale
    blf.size(_FONT, 11.0 * scale)
    sample = "the quick brown fox jumps over the lazy dog"
    wide = max(1.0, blf.dimensions(_FONT, sample)[0] / len(sample))
    # Scroll bar, tabs and margins take some of the region.
    columns = max(16, int((width - 58 * scale) / wide))
    return [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, columns, break_long_words=True) or [""]]
