# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture in a window of its own, which leaves nothing in the user's file.

The window is one of those that Blender opens for a moment, like the preferences: its screen ends
with it. The picture is not saved, and it is removed when the window closes.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import bpy
from bpy.app.handlers import persistent

_OURS = "mint_preview"
_EDITOR = bpy.types.SpaceImageEditor


def open_window(path: str) -> None:
    """Show a picture in a new window."""
    free_unseen()
    image = _image(path)
    # of the windows that Blender opens for a moment, the one that a user is least likely to have
    # open: Blender would take over that one
    bpy.ops.screen.info_log_show()
    window = bpy.context.window_manager.windows[-1]
    area = window.screen.areas[0]
    area.type = "IMAGE_EDITOR"
    space: Any = area.spaces.active
    space.image = image
    space.show_region_header = space.show_region_toolbar = space.show_region_ui = False
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.mint.fit_preview("INVOKE_DEFAULT")  # type: ignore[attr-defined]


def fit(window: bpy.types.Window | None) -> bool:
    """Fit the picture to its window; return False while the window has no size yet."""
    area = window.screen.areas[0] if window is not None else None
    region = next((each for each in area.regions if each.type == "WINDOW"), None) if area else None
    if region is None or region.width <= 1:
        return False
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.image.view_all(fit_view=True)
    return True


def close_soon(window: bpy.types.Window | None) -> None:
    """Close a window, but not while an operator of it runs."""
    if window is not None:
        bpy.app.timers.register(partial(_close, window.as_pointer()), first_interval=0.0)


def _close(pointer: int) -> None:
    for window in bpy.context.window_manager.windows:
        if window.as_pointer() == pointer:
            with bpy.context.temp_override(window=window):
                bpy.ops.wm.window_close()
            return


def free_unseen() -> None:
    """Remove the pictures that no window shows any more."""
    screens = {window.screen for window in bpy.context.window_manager.windows}
    screens |= {screen for screen in bpy.data.screens if not screen.is_temporary}
    shown = {
        space.image
        for screen in screens
        for area in screen.areas
        for space in area.spaces
        if isinstance(space, _EDITOR)
    }
    ours = [each for each in bpy.data.images if each.get(_OURS) and each not in shown]
    if ours:
        bpy.data.batch_remove(ours)


@persistent
def _after_undo(_scene: object, _depsgraph: object = None) -> None:
    """Remove what an undo has brought back."""
    free_unseen()


def add_handlers() -> None:
    """Follow undo and redo."""
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.append(_after_undo)


def remove_handlers() -> None:
    """Follow them no longer."""
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        if _after_undo in handlers:
            handlers.remove(_after_undo)


def _image(path: str) -> bpy.types.Image:
    known = next(
        (each for each in bpy.data.images if each.get(_OURS) and each.filepath == path), None
    )
    if known is not None:
        return known
    image = bpy.data.images.load(path)
    image[_OURS] = True
    image.is_runtime_data = True  # Blender does not save such data
    return image
