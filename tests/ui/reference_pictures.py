# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in several formats, and the list of reference images in Blender."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from ..mint_service import pictures

RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)


def listed() -> Any:
    """Return the list beside the form."""
    import bpy

    return bpy.context.window_manager.mint_references


def linear_light(path: Path, width: int = 16, height: int = 8) -> Path:
    """Write an .exr or .hdr whose pixels are 0.5, 0.2 and 0 of linear light.

    It is written by hand: what Blender writes does not prove what Blender reads.
    """
    if path.suffix == ".hdr":
        head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n".encode()
        path.write_bytes(head + bytes((128, 51, 0, 128)) * (width * height))
        return path

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value

    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    channels = (
        b"".join(name + b"\0" + struct.pack("<iB3xii", 2, 0, 1, 1) for name in (b"B", b"G", b"R"))
        + b"\0"
    )
    head = (
        b"\x76\x2f\x31\x01\x02\0\0\0"
        + attribute("channels", "chlist", channels)
        + attribute("compression", "compression", b"\0")
    )
    head += (
        attribute("dataWindow", "box2i", window)
        + attribute("displayWindow", "box2i", window)
        + attribute("lineOrder", "lineOrder", b"\0")
    )
    head += attribute("pixelAspectRatio", "float", struct.pack("<f", 1)) + attribute(
        "screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)
    )
    head += attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"
    row = b"".join(struct.pack("<f", value) * width for value in (0.0, 0.2, 0.5))
    rows = [struct.pack("<ii", y, len(row)) + row for y in range(height)]
    first = len(head) + 8 * height
    path.write_bytes(
        head
        + b"".join(struct.pack("<Q", first + y * len(rows[0])) for y in range(height))
        + b"".join(rows)
    )
    return path


def colorful(
    path: Path, file_format: str, side: int = 16, *, noisy: bool = False, alpha: float = 1.0
) -> Path:
    """Write a picture with Blender: of one color, or so noisy that it hardly compresses."""
    import bpy

    image = bpy.data.images.new("made for a test", side, side // 2, alpha=True)
    pixels = np.tile(np.array([0.5, 0.2, 0.0, alpha], np.float32), (side * side // 2, 1))
    if noisy:
        pixels[:, :3] = np.random.default_rng(1).random((len(pixels), 3), np.float32)
    image.pixels.foreach_set(pixels.ravel())
    image.file_format = file_format
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    return path


def corner(path: str) -> list[float]:
    """Return the first pixel of a picture, as Blender reads it."""
    import bpy

    image = bpy.data.images.load(path)
    found = [float(value) for value in image.pixels[:4]]
    bpy.data.images.remove(image)
    return found


def red(folder: Path, name: str = "red.webp", color: tuple[float, float, float] = RED) -> Path:
    """Write a small picture that Mint accepts."""
    path = folder / name
    path.write_bytes(pictures.webp(color))
    return path
