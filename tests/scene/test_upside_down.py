# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a collider is upside down, from its faces."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.blender
pytest.importorskip("bpy")

from mint_blender.scene.world import collider


def sheet(
    height: float, reach: float, steps: int = 8, hole: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return a horizontal square grid at a height (file axes, Y).

    Faces nearer to the middle than `hole` are left out.
    """
    line = np.linspace(-reach, reach, steps + 1)
    x, z = (grid.ravel() for grid in np.meshgrid(line, line))
    vertices = np.column_stack([x, np.full_like(x, height), z])
    corner = (np.arange(steps)[:, None] * (steps + 1) + np.arange(steps)).ravel()
    opposite = corner + steps + 2
    halves = (corner, corner + 1, opposite), (corner, opposite, opposite - 1)
    triangles = np.concatenate([np.column_stack(each) for each in halves])
    middle = vertices[triangles].mean(axis=1)
    return vertices, triangles[np.hypot(middle[:, 0], middle[:, 2]) >= hole]


def join(*parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    vertices, triangles = zip(*parts, strict=True)
    offsets = np.cumsum([0, *map(len, vertices[:-1])])
    moved = [each + offset for each, offset in zip(triangles, offsets, strict=True)]
    return np.concatenate(vertices), np.concatenate(moved)


def wall() -> tuple[np.ndarray, np.ndarray]:
    """Return a grid that stands upright."""
    vertices, triangles = sheet(0.0, 5.0)
    return vertices[:, [1, 0, 2]] + (0.5, 6.0, 0.0), triangles


ONE = np.array([[0, 1, 2]])
GROUND, FLOOR = sheet(1.0, 5.0), sheet(-1.0, 5.0)
CASES = {
    "ground above the capture point": (GROUND, True),
    "ground below it": (FLOOR, False),
    "wound the other way": ((GROUND[0], GROUND[1][:, ::-1]), True),
    "a far roof and a wall": (join(FLOOR, sheet(3.0, 5.0, hole=3.0), wall()), False),
    "floor and ceiling alike": (join(FLOOR, sheet(1.5, 5.0)), None),
    "nothing near": (sheet(-1.0, 5.0, hole=4.0), None),
    "no faces": ((np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64)), None),
    "no area": ((np.zeros((3, 3)), ONE), None),
    "no numbers": ((np.full((3, 3), np.nan), ONE), None),
}


@pytest.mark.parametrize(("mesh", "expected"), CASES.values(), ids=CASES)
def test_ground_shows_which_way_is_up(
    mesh: tuple[np.ndarray, np.ndarray], expected: bool | None
) -> None:
    """At positive Y of the file it has to be turned; only near and level faces count."""
    assert collider.is_upside_down(*mesh) is expected
