# SPDX-License-Identifier: GPL-3.0-or-later
"""The courtyard in the evening: its sky, its textures, and the light that the sun does not give.

Everything is computed with NumPy and is the same every time. Blender only adds the direct light of
the sun, whose shadows have to be sharp. Colors are sRGB values where a picture holds them, and
linear where light is added.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from . import courtyard

Floats = NDArray[np.float64]

SUN = np.array((0.80, 0.42, -0.36))  # where its light goes: from the low wall to the right
SUN_COLOR, SUN_STRENGTH = (1.0, 0.45, 0.15), 7.5
SKY, GROUND = np.array((0.17, 0.17, 0.29)), np.array((0.24, 0.12, 0.08))  # what they shed
LAMP, REACH = np.array((1.0, 0.52, 0.18)) * 0.13, 1.7  # a lamp's light at a distance of 1; its end
GLASS = np.array((1.8, 0.85, 0.28))
SIZE = 512  # of a texture, which covers one unit
SKY_SIZE = (1024, 512)
WALL, DOOR = (0.7925, 0.6725, 0.58), (0.6696, 0.324, 0.0576)


def glow(
    points: Floats,
    normals: Floats,
    paints: NDArray[np.str_],
    is_free: Callable[[Floats, Floats], bool],
) -> Floats:
    """Return the light (n, 3) that points receive from sky, ground and lamps.

    `is_free` says whether nothing stands between two points. What is made of glass shines itself.
    """
    up = normals[:, 2:] / 2 + 0.5
    light = (SKY * up + GROUND * (1 - up)) * _openness(points, normals)[:, None]
    for lamp in np.array(courtyard.LAMPS):
        way = lamp - points
        distance = np.linalg.norm(way, axis=1)
        facing = (way * normals).sum(axis=1) / distance
        for index in np.flatnonzero((facing > 0) & (distance < REACH)):
            start = points[index] + normals[index] * 0.004
            # not as far as the lamp, which is inside of its lantern
            short = max(0.0, 1 - 0.14 / distance[index])
            if is_free(start, start + way[index] * short):
                share = facing[index] / (distance[index] ** 2 + 0.03)
                light[index] += LAMP * share * (1 - distance[index] / REACH)
    light[paints == "glass"] = GLASS
    return light


def _openness(points: Floats, normals: Floats) -> Floats:
    """Return how much of the sky reaches points (n,): less in corners, and beside the columns."""
    walls = np.array([courtyard.HALF_X, courtyard.HALF_Y])
    away = np.column_stack([walls - np.abs(points[:, :2]), points[:, 2] - courtyard.FLOOR])
    away[np.abs(normals) > 0.5] = np.inf  # the wall that a point is on does not shade it
    for x, y in courtyard.PILLARS:
        foot = np.linalg.norm(points[:, :2] - (x, y), axis=1) - 0.2
        away = np.column_stack([away, np.where(foot > -0.01, np.maximum(foot, 0), np.inf)])
    return np.asarray(np.prod(1 - 0.5 * np.exp(-np.maximum(away, 0) / 0.16), axis=1))


def noise(seed: int, *, steep: float = 1.3, stretch: float = 1.0) -> Floats:
    """Return values around 0 (SIZE, SIZE), most within -1 to 1, that repeat without a seam."""
    down, right = np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE), indexing="ij")
    frequency = np.hypot(down, right / stretch) * SIZE
    white = np.fft.fft2(np.random.default_rng(seed).normal(size=(SIZE, SIZE)))
    smooth = np.fft.ifft2(white / np.maximum(frequency, 1) ** steep).real
    return np.asarray((smooth - smooth.mean()) / smooth.std() / 2)


def courses(rows: int, columns: int, joint: float, seed: int) -> tuple[Floats, Floats]:
    """Return the brightness of each block of a bond (SIZE, SIZE), and 0 in joints, 1 elsewhere."""
    v, u = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    row = np.floor(v * rows).astype(int)
    along = (u * columns + row % 2 * 0.5) % columns
    tint = np.random.default_rng(seed).normal(0, 1, (rows, columns))
    edge = [np.abs((x + 0.5) % 1 - 0.5) / n for x, n in ((v * rows, rows), (along, columns))]
    return tint[row, along.astype(int)], np.clip(np.minimum(*edge) / joint, 0, 1)


def textures() -> dict[str, Floats]:
    """Return the picture of each paint (SIZE, SIZE, 3)."""
    rough = noise(1)
    slabs, slab_joints = courses(5, 4, 0.007, 2)
    blocks, block_joints = courses(6, 3, 0.006, 3)
    planks, plank_joints = courses(1, 8, 0.008, 4)
    grain = planks * 0.10 + noise(5, stretch=1 / 12) * 0.16
    plain = np.zeros((SIZE, SIZE))

    def paint(of: tuple[float, float, float], shade: Floats, joints: Floats) -> Floats:
        shade = (1 + shade) * (0.68 + 0.32 * joints)
        return np.asarray(np.clip(np.array(of) * shade[..., None], 0, 1))

    return {
        "floor": paint((0.66, 0.62, 0.58), rough * 0.10 + slabs * 0.06, slab_joints),
        "wall": paint(WALL, rough * 0.12 + blocks * 0.05, block_joints),
        "stone": paint((0.70, 0.69, 0.67), rough * 0.12, plain + 1),
        "pillar": paint((0.84, 0.80, 0.74), rough * 0.07, plain + 1),
        "door": paint(DOOR, grain, plank_joints),
        "wood": paint((0.50, 0.33, 0.20), grain, plank_joints),
        "iron": paint((0.16, 0.15, 0.15), plain, plain + 1),
        "glass": paint((1.0, 1.0, 1.0), plain, plain + 1),
    }


def sky() -> Floats:
    """Return the sky as a panorama (height, width, 3), its lowest row first, +Y in its center."""
    width, height = SKY_SIZE
    v, u = np.mgrid[0:height, 0:width].astype(float)
    turn, tilt = ((u + 0.5) / width - 0.5) * 2 * np.pi, ((v + 0.5) / height - 0.5) * np.pi
    ray = np.stack([np.sin(turn) * np.cos(tilt), np.cos(turn) * np.cos(tilt), np.sin(tilt)], -1)
    near = np.clip(ray @ (-SUN / np.linalg.norm(SUN)), 0, 1)
    stops = np.radians([-90, 0, 9, 22, 40, 90])
    colors = np.array(
        [
            *((90, 55, 50), (255, 190, 105), (250, 150, 90)),
            *((205, 115, 110), (105, 85, 130), (38, 52, 98)),
        ]
    )
    made = np.stack([np.interp(tilt, stops, part) for part in colors.T], -1) / 255
    # Clouds lie in layers: seen from below, they are stretched along the horizon.
    cloud = np.roll(noise(7, stretch=0.2, steep=1.6), 90, axis=0)
    cloud = np.repeat(cloud, width // SIZE, axis=1)[:height]
    veil = np.clip(cloud * 1.1 - 0.15, 0, 1) * np.clip(np.sin(tilt * 2), 0, 1)
    made += veil[..., None] * (np.array((1.0, 0.62, 0.46)) - made) * 0.75
    made += (0.30 * near**6 + 0.9 * near**180)[..., None] * np.array((1.0, 0.75, 0.4))
    hills = (
        0.055 + 0.03 * np.sin(3 * turn + 1) + 0.018 * np.sin(7 * turn) + 0.01 * np.sin(17 * turn)
    )
    made[tilt < hills] = (0.25, 0.17, 0.22)
    return np.asarray(np.clip(made, 0, 1))
