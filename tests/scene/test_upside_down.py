# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a collider is upside down, from its faces."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.blender
pytest.importorskip("bpy")

from mint_blender.scene.world import collider  # noqa: E402


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
    triangles = np.concatenate(
        [
            np.column_stack([corner, corner + 1, corner + steps + 2]),
            np.column_stack([corner, corner + steps + 2, corner + steps + 1]),
        ]
    )
    middle = vertices[triangles].mean(axis=1)
    return vertices, triangles[np.hypot(middle[:, 0], middle[:, 2]) >= hole]


def join(*parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.cumsum([0] + [len(vertices) for vertices, _ in parts[:-1]])
    return (
        np.concatenate([vertices for vertices, _ in parts]),
        np.concatenate(
            [triangles + offset for (_, triangles), offset in zip(parts, offsets, strict=True)]
        ),
    )


def test_ground_above_the_capture_point_means_upside_down() -> None:
    """Ground at positive Y of the file has to be turned, ground at negative Y does not."""
    assert collider.is_upside_down(*sheet(1.0, 5.0)) is True
    assert collider.is_upside_down(*sheet(-1.0, 5.0)) is False


def test_only_near_and_level_faces_count() -> None:
    """Far roofs and walls do not show where the ground is."""
    vertices, triangles = sheet(0.0, 5.0)
    wall = (vertices[:, [1, 0, 2]] + (0.5, 6.0, 0.0), triangles)
    assert (
        collider.is_upside_down(*join(sheet(-1.0, 5.0), sheet(3.0, 5.0, hole=3.0), wall)) is False
    )


def test_the_winding_of_faces_does_not_matter() -> None:
    """The area of a face has no direction."""
    vertices, triangles = sheet(1.0, 5.0)
    assert collider.is_upside_down(vertices, triangles[:, ::-1]) is True


@pytest.mark.parametrize(
    "parts", [(sheet(-1.0, 5.0), sheet(1.5, 5.0)), (sheet(-1.0, 5.0, hole=4.0),)]
)
def test_an_unclear_orientation_is_none(
    parts: tuple[tuple[np.ndarray, np.ndarray], ...],
) -> None:
    """With equal floor and ceiling, or nothing near, the default is used."""
    assert collider.is_upside_down(*join(*parts)) is None


def test_a_mesh_without_faces_has_no_orientation() -> None:
    """An empty or degenerate mesh is not an error."""
    assert collider.is_upside_down(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64)) is None
    assert collider.is_upside_down(np.zeros((3, 3)), np.array([[0, 1, 2]])) is None
    assert collider.is_upside_down(np.full((3, 3), np.nan), np.array([[0, 1, 2]])) is None


def test_a_half_turn_of_the_file_inverts_the_result() -> None:
    """It is the turn of the root, on a large uneven mesh (200,000 triangles)."""
    vertices, triangles = sheet(-1.0, 5.0, steps=317)
    vertices = vertices + np.random.default_rng(1).normal(0, 0.001, vertices.shape)
    assert len(triangles) > 200_000
    assert collider.is_upside_down(vertices.astype(np.float32), triangles.astype(np.int32)) is False
    assert (
        collider.is_upside_down(
            (vertices * (1, -1, -1)).astype(np.float32), triangles.astype(np.int32)
        )
        is True
    )
