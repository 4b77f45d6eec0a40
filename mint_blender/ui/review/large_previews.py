# SPDX-License-Identifier: GPL-3.0-or-later
"""The Previews on the review card as large icons, and a window with one of them in full size.

Blender makes small icons of picture files, and draws any icon as a square: a wide picture would
have a band above and below. These icons are larger, and a wide picture has two of them, squares of
its left and of its right end, which overlap.

They are made when the card is turned to a job. Only an image data-block gives the pixels of a file,
so there is one for a moment. A thread makes a large picture smaller; until then the small icon is
drawn.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import bpy
from bpy.app.handlers import persistent

from ...jobs.preload import Ahead
from .. import icons, session
from ..pricing.price_dialog import redraw_popups
from . import card_state

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...jobs.job import Job
    from ...jobs.service import JobService

NAME = "review"
"""The owner of the icons."""

SIDE = 1024
"""Fewest pixels of the longer side that are kept of a large picture."""

SOON = 0.02
"""Seconds between two looks whether a picture is smaller by now."""

_MOST_PIXELS = 4096 * 4096
_MOST_OTHERS = 8
_RIGHT = " right"  # in the name of the icon of the right end


class _State:
    def __init__(self) -> None:
        self.heights: dict[str, float | None] = {}
        """By file: the height of the picture as a share of its width; None: it cannot be read."""

    def close(self) -> None:
        """Forget the files, so that nothing is painted any more."""
        self.heights.clear()


def _heights() -> dict[str, float | None]:
    return session.state(_State).heights


def height(path: str) -> float:
    """Return how high a picture is drawn, as a share of its width: at most 1."""
    return _heights().get(path) or 1.0


def icons_of(path: str) -> tuple[int, ...]:
    """Return the icon number of a Preview, or those of the left and right end of a wide one."""
    found = (icons.cache().icon(NAME, path), icons.cache().icon(NAME, path + _RIGHT))
    return tuple(filter(None, found)) or (icons.of_file(path),)


def keep(job: Job) -> None:
    """Make the icons of the Previews of a job, and free those that were shown long ago.

    An open card may still draw those that were shown last, also while it is being closed.
    """
    heights, wanted = _heights(), [each.path for each in job.previews]
    for path in wanted:
        heights[path] = heights.pop(path) if path in heights else _make(path)
    for path in list(heights)[: -len(wanted) - _MOST_OTHERS]:
        del heights[path]
        icons.cache().erase(NAME, path)
        icons.cache().erase(NAME, path + _RIGHT)


def follow(service: JobService) -> None:
    """Make the icon of a Preview that arrives while the card shows its job."""
    if _heights():
        job = next((each for each in service.jobs() if each.id == card_state.shown_id()), None)
        if job is not None:
            keep(job)


def _make(path: str) -> float | None:
    """Make the icons of a picture; return the height of both as a share of their width."""
    pixels = _read(path)
    if pixels is None:
        return None
    rows, columns = pixels.shape[:2]
    if max(rows, columns) < 2 * SIDE:
        _paint(path, pixels)
    else:
        scaling = Ahead(partial(smaller, pixels))
        bpy.app.timers.register(partial(_paint_later, path, scaling, _heights()))
    return rows / columns if _is_wide(pixels) else 1.0


def _paint_later(
    path: str, scaling: Ahead[NDArray[np.float32]], heights: dict[str, float | None]
) -> float | None:
    """Paint a picture when it is small enough, if the card still shows it."""
    if not scaling.is_done():
        return SOON
    if path in heights:
        _paint(path, scaling.result)
        redraw_popups()
    return None


def _paint(path: str, pixels: NDArray[np.float32]) -> None:
    if _is_wide(pixels):
        rows = len(pixels)
        icons.cache().paint(NAME, path, pixels[:, :rows])
        icons.cache().paint(NAME, path + _RIGHT, pixels[:, -rows:])
    else:
        icons.cache().paint(NAME, path, in_square(pixels))


def _is_wide(pixels: NDArray[np.float32]) -> bool:
    """Return whether two squares are drawn."""
    rows, columns = pixels.shape[:2]
    return rows < columns <= 2 * rows


def _read(path: str) -> NDArray[np.float32] | None:
    """Return the pixels of a picture: rows from below, RGBA from 0 to 1; None: not readable."""
    import numpy as np

    try:
        image = bpy.data.images.load(path)
    except RuntimeError:  # it was deleted
        return None
    try:
        width, height = image.size
        if not 0 < width * height <= _MOST_PIXELS or image.is_float or image.channels != 4:
            return None
        stored: Any = image.pixels
        pixels = np.empty(width * height * 4, np.float32)
        stored.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)


def smaller(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture with the mean of each block of pixels; `SIDE` or more remain."""
    rows, columns = pixels.shape[:2]
    step = max(1, max(rows, columns) // SIDE)
    rows, columns = max(1, rows // step), max(1, columns // step)
    if step == 1 or min(rows, columns) == 1:
        return pixels
    whole = pixels[: rows * step, : columns * step]
    return whole.reshape(rows, step, columns, step, 4).mean(axis=(1, 3))


def in_square(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture in the middle of a transparent square."""
    import numpy as np

    rows, columns = pixels.shape[:2]
    side = max(rows, columns)
    square = np.zeros((side, side, 4), np.float32)
    below, left = (side - rows) // 2, (side - columns) // 2
    square[below : below + rows, left : left + columns] = pixels
    return square


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


HANDLERS = (
    (bpy.app.handlers.undo_post, _after_undo),
    (bpy.app.handlers.redo_post, _after_undo),
)


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
