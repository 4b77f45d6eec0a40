# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images made with Blender.

The source is a view. A picture that Mint would refuse is scaled or converted.
Everything is written to a path that the caller names. Nothing in the user's
file is changed, and no data-block stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...message import Message, UserError
from ...mint.limits import MAX_IMAGE_BYTES
from ..typed_context import scene_of

# pixels: no generation shows more detail than this, and saving more takes seconds
LONGEST_SIDE = 4096
VIEW_SIDE = 2048  # pixels, at most, of a captured view
_LOSSLESS = 100  # WebP's quality at which Blender writes without loss
_GOOD = 90


_CANNOT_OPEN = Message("This Blender cannot open it. Convert it with another program.")


class ImageSourceError(UserError):
    """No picture could be made; the message says why."""


def fit(source: Path, target: Path) -> str:
    """Write the picture as a WebP that Mint accepts, and return a sentence about what was done.

    Raises:
        ImageSourceError: The picture cannot be read or written.
    """
    with _opened(source) as image:
        was = tuple(image.size)
        old = source.stat().st_size
        _scale(image, min(1.0, LONGEST_SIDE / max(was)))
        # Without loss if the picture is small: a large lossless photo would take many seconds.
        quality = _LOSSLESS if was[0] * was[1] <= 2048 * 2048 and old <= MAX_IMAGE_BYTES else _GOOD
        _save(image, target, "WEBP", quality)
        while target.stat().st_size > MAX_IMAGE_BYTES:
            # A file's size is about proportional to its pixels: scale by that, and a little more.
            share = min(0.9, 0.95 * (MAX_IMAGE_BYTES / target.stat().st_size) ** 0.5)
            _scale(image, 1.0 if quality == _LOSSLESS else share)
            quality = _GOOD
            _save(image, target, "WEBP", quality)
        return _what_was_done(was, tuple(image.size), target.stat().st_size)


def _what_was_done(was: tuple[int, ...], now: tuple[int, ...], bytes_now: int) -> str:
    """Return a sentence about a picture, given its sizes in pixels before and after."""
    size = Message("{size} KB", size=max(1, round(bytes_now / 1024)))
    if bytes_now > 200 * 1024:
        size = Message("{size:.1f} MB", size=bytes_now / 1024 / 1024)
    if now != was:
        return Message(
            "Scaled down from {old_width} × {old_height} to {width} × {height} pixels and"
            " saved as WebP, {size}.",
            old_width=was[0],
            old_height=was[1],
            width=now[0],
            height=now[1],
            size=size,
        )
    return Message(
        "Converted to WebP, {size}, still {width} × {height} pixels.",
        size=size,
        width=now[0],
        height=now[1],
    )


def capture(context: bpy.types.Context, target: Path) -> None:
    """Save what a 3D View shows as a PNG, without grid and handles.

    It is drawn offscreen, so that neither the last render nor the output settings change.

    Raises:
        ImageSourceError: The view could not be drawn.
    """
    # the click may have come from the sidebar
    region = next(region for region in context.area.regions if region.type == "WINDOW")
    share = min(1.0, VIEW_SIDE / max(region.width, region.height))
    width = max(1, round(region.width * share))
    height = max(1, round(region.height * share))
    pixels = _render_offscreen(context, region, width, height)
    image = bpy.data.images.new("Mint reference", width, height, alpha=True)
    try:
        stored: Any = image.pixels
        stored.foreach_set(pixels.ravel())
        _save(image, target, "PNG", _LOSSLESS)
    finally:
        bpy.data.images.remove(image)


def _render_offscreen(
    context: bpy.types.Context, region: bpy.types.Region, width: int, height: int
) -> np.ndarray[Any, Any]:
    """Return the pixels of the 3D View without overlays.

    Shape (width * height, 4), RGBA from 0 to 1, opaque.
    """
    import gpu

    space = context.space_data
    overlays = space.overlay.show_overlays
    make_offscreen: Any = gpu.types.GPUOffScreen  # the stubs know it without arguments
    offscreen = make_offscreen(width, height, format="RGBA8")
    try:
        space.overlay.show_overlays = False
        offscreen.draw_view3d(
            scene_of(context),
            context.view_layer,
            space,
            region,
            space.region_3d.view_matrix,
            space.region_3d.window_matrix,
            do_color_management=True,
        )
        buffer = offscreen.texture_color.read()
        # in more than one dimension NumPy gets its strides wrong (seen in 4.3)
        buffer.dimensions = width * height * 4
        pixels = np.frombuffer(buffer, dtype=np.uint8).reshape(-1, 4).astype(np.float32) / 255.0
    finally:
        space.overlay.show_overlays = overlays
        offscreen.free()
    pixels[:, 3] = 1.0
    return pixels


@contextmanager
def _opened(path: Path) -> Iterator[bpy.types.Image]:
    """Open a file as an image of our own."""
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError:
        raise ImageSourceError(_CANNOT_OPEN) from None
    try:
        pixels: Any = image.pixels
        has_pixels = image.size[0] and image.size[1] and len(pixels)  # this loads it
        if image.source != "FILE" or not has_pixels:  # an animated GIF is a film
            raise ImageSourceError(_CANNOT_OPEN)
        yield image
    finally:
        bpy.data.images.remove(image)


def _scale(image: bpy.types.Image, share: float) -> None:
    if share < 1.0:
        image.scale(max(1, round(image.size[0] * share)), max(1, round(image.size[1] * share)))


def _save(image: bpy.types.Image, target: Path, format: Any, quality: int) -> None:
    image.file_format = format
    try:
        image.save(filepath=str(target), quality=quality)
    except RuntimeError as error:
        raise ImageSourceError(
            Message("The picture could not be saved: {reason}", reason=str(error).strip())
        ) from None
