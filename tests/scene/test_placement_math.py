# SPDX-License-Identifier: GPL-3.0-or-later
"""The calculation of floor, scale and a World's orientation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.scene import placement_math

finite = st.floats(-1e4, 1e4)
size = st.floats(1e-2, 1e4)


def moved(point: tuple[float, ...], placed: placement_math.Placement) -> tuple[float, ...]:
    return tuple(
        placed.scale * number + shift
        for number, shift in zip(point, placed.translation, strict=True)
    )


@given(
    low=st.tuples(finite, finite, finite),
    extent=st.tuples(size, size, size),
    at=st.tuples(finite, finite, finite),
    height=st.none() | size,
)
def test_the_bottom_center_is_moved_to_the_point(
    low: tuple[float, ...], extent: tuple[float, ...], at: tuple[float, ...], height: float | None
) -> None:
    """The middle of the underside is at the point, and a requested height is met."""
    high = tuple(start + length for start, length in zip(low, extent, strict=True))
    placed = placement_math.place_on_floor(low, high, at, height=height)
    (left, front, bottom), (right, back, top) = moved(low, placed), moved(high, placed)
    near = {"abs": 1e-6 * (1 + max(map(abs, low + high))) * max(1.0, placed.scale)}
    assert ((left + right) / 2, (front + back) / 2, bottom) == pytest.approx(at, **near)
    assert top - bottom == pytest.approx(high[2] - low[2] if height is None else height, **near)


def test_the_unit_scale_is_applied() -> None:
    """A model of two meters has 200 units in centimeters; a height is in scene units."""
    assert placement_math.place_on_floor(
        (0, 0, 0), (1, 1, 2), (0, 0, 0), meters_per_unit=0.01
    ).scale == pytest.approx(100)
    assert placement_math.place_on_floor(
        (0, 0, 0), (1, 1, 2), (0, 0, 0), height=50, meters_per_unit=0.01
    ).scale == pytest.approx(25)


def test_a_flat_box_keeps_its_size() -> None:
    """A box without height is not scaled to infinity."""
    assert placement_math.place_on_floor(
        (0, 0, 1), (2, 2, 1), (5, 5, 0), height=3
    ) == placement_math.Placement(1.0, (4.0, 4.0, -1.0))


@pytest.mark.parametrize(
    "how",
    [
        {"height": 0},
        {"height": -1},
        {"height": math.nan},
        {"meters_per_unit": 0},
        {"at": (0, 0, math.inf)},
        {"high": (1, 1, -1)},
        {"high": (math.nan, 1, 1)},
    ],
)
def test_invalid_numbers_are_refused(how: dict[str, object]) -> None:
    """NaN, zero and negative sizes raise ValueError."""
    arguments: dict[str, object] = {"at": (0, 0, 0), **how}
    with pytest.raises(ValueError, match=r"\w"):
        placement_math.place_on_floor(
            (0, 0, 0), arguments.pop("high", (1, 1, 1)), arguments.pop("at"), **arguments
        )  # type: ignore[arg-type]


def test_a_world_has_mints_calibration() -> None:
    """2.5 times as large, 1.5 up, as in Mint's own viewer."""
    assert placement_math.world_calibration() == placement_math.WorldCalibration(2.5, 1.5)


def test_the_calibration_of_a_world_can_be_changed() -> None:
    """Scale and height are given in meters, and returned in the units of the scene."""
    found = placement_math.world_calibration(1.0, 2.0, meters_per_unit=0.1)
    assert found.scale == pytest.approx(10) and found.height == pytest.approx(20)


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
    assert placement_math.is_upside_down(*sheet(1.0, 5.0)) is True
    assert placement_math.is_upside_down(*sheet(-1.0, 5.0)) is False


def test_only_near_and_level_faces_count() -> None:
    """Far roofs and walls do not show where the ground is."""
    vertices, triangles = sheet(0.0, 5.0)
    wall = (vertices[:, [1, 0, 2]] + (0.5, 6.0, 0.0), triangles)
    assert (
        placement_math.is_upside_down(*join(sheet(-1.0, 5.0), sheet(3.0, 5.0, hole=3.0), wall))
        is False
    )


def test_the_winding_of_faces_does_not_matter() -> None:
    """The area of a face has no direction."""
    vertices, triangles = sheet(1.0, 5.0)
    assert placement_math.is_upside_down(vertices, triangles[:, ::-1]) is True


@pytest.mark.parametrize(
    "parts", [(sheet(-1.0, 5.0), sheet(1.5, 5.0)), (sheet(-1.0, 5.0, hole=4.0),)]
)
def test_an_unclear_orientation_is_none(parts: tuple[tuple[np.ndarray, np.ndarray], ...]) -> None:
    """With equal floor and ceiling, or nothing near, the default is used."""
    assert placement_math.is_upside_down(*join(*parts)) is None


def test_a_mesh_without_faces_has_no_orientation() -> None:
    """An empty or degenerate mesh is not an error."""
    assert placement_math.is_upside_down(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64)) is None
    assert placement_math.is_upside_down(np.zeros((3, 3)), np.array([[0, 1, 2]])) is None
    assert placement_math.is_upside_down(np.full((3, 3), np.nan), np.array([[0, 1, 2]])) is None


def test_a_half_turn_of_the_file_inverts_the_result() -> None:
    """It is the turn of the root, on a large uneven mesh (200,000 triangles)."""
    vertices, triangles = sheet(-1.0, 5.0, steps=317)
    vertices = vertices + np.random.default_rng(1).normal(0, 0.001, vertices.shape)
    assert len(triangles) > 200_000
    assert (
        placement_math.is_upside_down(vertices.astype(np.float32), triangles.astype(np.int32))
        is False
    )
    assert (
        placement_math.is_upside_down(
            (vertices * (1, -1, -1)).astype(np.float32), triangles.astype(np.int32)
        )
        is True
    )
