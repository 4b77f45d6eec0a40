# SPDX-License-Identifier: GPL-3.0-or-later
"""Click parts of the library's bar in the 3D View."""

from __future__ import annotations

from .blender_window import BlenderWindow

VIEW = "part('ui.library_browser.entries')"
FIELDS = "bpy.context.window_manager.mint_library"
NO_PICTURE = f"({VIEW}.picture_url(each) is None or part('ui.library_browser.properties').library_state().pictures.get({VIEW}.picture_url(each), 0) is None)"
"""Whether the entry `each` certainly has no picture."""


def at(blender: BlenderWindow, part: str) -> tuple[float, float]:
    """Return the middle of a part of the bar, in pixels from the window's upper left."""
    found: list[float] = blender.ask(_POINT, name=part)
    return found[0], found[1]


def press(blender: BlenderWindow, part: str, times: int = 1) -> None:
    """Click a part of the bar with the mouse."""
    blender.rest_at(*at(blender, part))
    for _ in range(times):
        blender.display.press()
    blender.settle()


_POINT = """
with within('VIEW_3D'):
    bar = part('ui.asset_bar.bar')
    box = eval('layout.' + name, {**vars(bar), 'layout': bar.layout_in(bpy.context)})
here = region('VIEW_3D', 'WINDOW')
result = [here.x + box.x + box.width / 2, window().height - (here.y + box.y + box.height / 2)]
"""
