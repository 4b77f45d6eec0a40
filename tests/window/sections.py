# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the sections of the panel with the mouse, and scroll the sidebar.

Blender does not tell where the title of a section is. So it is drawn in red for a moment, and looked
for on the screen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .blender_window import BlenderWindow, NotTrue

_WHEEL = 40  # pixels that one step of the wheel scrolls
_RED = 60  # how much redder a pixel of the title becomes
_PAGES = 6


def open_section(blender: BlenderWindow, name: str) -> None:
    """Open a section by a click on its title, and scroll until it is on top."""
    blender.ask("mark_section()")
    try:
        blender.wait("is_open(name) is not None", name=name)
        if not blender.ask("is_open(name)", name=name):
            click_title(blender, name)
            blender.wait("is_open(name)", name=name)
        _scroll_to(blender, name)
    finally:
        blender.ask("unmark_sections()")
        blender.settle()
        blender._known.clear()


def switch_section(blender: BlenderWindow, name: str) -> None:
    """Open a section that is in sight, or close it, and scroll nowhere."""
    blender.ask("mark_section()")
    try:
        blender.wait("is_open(name) is not None", name=name)
        was_open = blender.ask("is_open(name)", name=name)
        click_title(blender, name)
        blender.wait("is_open(name) is not was_open", name=name, was_open=was_open)
    finally:
        blender.ask("unmark_sections()")
        blender.settle()
        blender._known.clear()


def scroll(blender: BlenderWindow, steps: int = 12, *, up: bool = False) -> None:
    """Turn the wheel over the sidebar, by default by about a screen."""
    blender.over("VIEW_3D", "UI")
    for _ in range(steps):
        blender.display.tool("click", 4 if up else 5)
    blender.settle()
    blender._known.clear()


def click_title(blender: BlenderWindow, name: str) -> None:
    blender.rest_at(*_title_of(blender, name))
    blender.display.press()
    blender.settle()


def _scroll_to(blender: BlenderWindow, name: str) -> None:
    """Scroll down until a section is on top, or the end of the sidebar is in sight."""
    top = blender.ask("box('VIEW_3D', 'UI')")[1]
    while (row := _title_of(blender, name)[1]) > top + 2 * _WHEEL:
        scroll(blender, (row - top) // _WHEEL - 1)
        if _title_of(blender, name)[1] == row:
            return


def _title_of(blender: BlenderWindow, name: str) -> tuple[int, int]:
    """Return the point of the title of a section; scroll until it is in sight."""
    blender.ask("mark_section()")
    for page in range(_PAGES):
        before = _redness(blender)
        blender.ask("mark_section(name)", name=name)
        marked = _redness(blender)
        blender.ask("mark_section()")
        # pictures may arrive meanwhile, and stay
        plain = np.maximum(before, _redness(blender))
        rows, columns = np.nonzero(marked - plain > _RED)
        if len(rows):
            return round(columns.mean()), round(rows.mean())
        if page == 0:  # it may be above what is in sight
            scroll(blender, 8 * _PAGES, up=True)
        else:
            scroll(blender, 8)
    raise NotTrue(f"no section {name!r} in the sidebar")


def _redness(blender: BlenderWindow) -> NDArray[np.int16]:
    """Return how much more red than green each pixel of the sidebar is; elsewhere 0."""
    blender.settle()
    left, top, right, bottom = blender.ask("box('VIEW_3D', 'UI')")
    shown = blender.display.picture((left, top, right, bottom))
    width, height = blender.display.size
    red = np.zeros((height, width), np.int16)
    red[top:bottom, left:right] = shown[..., 0].astype(np.int16) - shown[..., 1]
    return red
