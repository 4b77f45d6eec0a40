# SPDX-License-Identifier: GPL-3.0-or-later
"""A large World for benchmarks: a collider, a panorama of 4,096 pixels, and splats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.files import build_spz

from . import large_model

TRIANGLES, SPLATS, WIDTH = 150_000, 500_000, 4096


def write(folder: Path) -> dict[str, Path]:
    """Write the files of a World; return them by their role in the service."""
    collider, panorama, splats = folder / "world.glb", folder / "world.jpg", folder / "world.spz"
    large_model.write(collider, TRIANGLES)
    rows, columns = np.mgrid[0 : WIDTH // 2, 0:WIDTH] / WIDTH
    color = np.stack((rows, columns, np.sin(20 * rows * columns) ** 2), axis=-1) * 255
    Image.fromarray(color.astype(np.uint8)).save(panorama, quality=92)
    splats.write_bytes(build_spz.encode(build_spz.made_up(SPLATS, degree=1)))
    streamed = folder / "world.rad"  # for Mint's own viewer; it is not downloaded
    streamed.write_bytes(b"RAD")
    return {"collider": collider, "pano": panorama, "spz:500k": splats, "rad": streamed}
