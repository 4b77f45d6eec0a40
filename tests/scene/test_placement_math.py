# SPDX-License-Identifier: GPL-3.0-or-later
"""Floor, size and the turned World, as numbers."""

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
def test_the_bottom_center_comes_to_the_point(
    low: tuple[float, ...], extent: tuple[float, ...], at: tuple[float, ...], height: float | None
) -> None:
    """Whatever the size: the middle of the underside stands on the point, and a wanted height is
    met.
    """
    high = tuple(start + length for start, length in zip(low, extent, strict=True))
    placed = placement_math.place_on_floor(low, high, at, height=height)
    (left, front, bottom), (right, back, top) = moved(low, placed), moved(high, placed)
    near = {"abs": 1e-6 * (1 + max(map(abs, low + high))) * max(1.0, placed.scale)}
    assert ((left + right) / 2, (front + back) / 2, bottom) == pytest.approx(at, **near)
    assert top - bottom == pytest.approx(high[2] - low[2] if height is None else height, **near)


def test_the_unit_scale_of_the_scene_counts() -> None:
    """A model of two meters has 200 units in a scene of centimeters; a height in scene units is
    taken as it is.
    """
    assert placement_math.place_on_floor(
        (0, 0, 0), (1, 1, 2), (0, 0, 0), meters_per_unit=0.01
    ).scale == pytest.approx(100)
    assert placement_math.place_on_floor(
        (0, 0, 0), (1, 1, 2), (0, 0, 0), height=50, meters_per_unit=0.01
    ).scale == pytest.approx(25)


def test_a_flat_sheet_has_no_height_to_scale() -> None:
    """A box without height keeps its size instead of becoming endless."""
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
def test_numbers_that_are_no_place_are_refused(how: dict[str, object]) -> None:
    """NaN, nothing and less than nothing raise ValueError instead of moving a model out of sight."""
    arguments: dict[str, object] = {"at": (0, 0, 0), **how}
    with pytest.raises(ValueError, match=r"\w"):
        placement_math.place_on_floor(
            (0, 0, 0), arguments.pop("high", (1, 1, 1)), arguments.pop("at"), **arguments
        )  # type: ignore[arg-type]


def test_the_root_of_a_world_is_mints_calibration() -> None:
    """A half turn about Y, 2.5 times, 1.5 up, as in Mint's own viewer."""
    assert placement_math.world_root() == placement_math.WorldRoot(
        (0.0, 0.0, 1.5), (0.0, math.pi, 0.0), 2.5
    )


def test_the_root_of_a_world_can_be_changed() -> None:
    """Place, scale, height and flip are the caller's; the unit scale counts for sizes, not for the
    place.
    """
    root = placement_math.world_root(1.0, 2.0, flip=False, at=(3, 4, 5), meters_per_unit=0.1)
    assert root.rotation == (0.0, 0.0, 0.0) and root.scale == pytest.approx(10)
    assert root.location == pytest.approx((3, 4, 25))


def sheet(
    height: float, reach: float, steps: int = 8, hole: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """A horizontal square grid at a height (file axes, Y), without the faces nearer to the middle
    than `hole`.
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
    """The file's Y becomes Blender's up: ground at positive Y hangs overhead and has to be turned,
    ground at negative Y does not.
    """
    assert placement_math.is_upside_down(*sheet(1.0, 5.0)) is True
    assert placement_math.is_upside_down(*sheet(-1.0, 5.0)) is False


def test_only_what_is_near_and_level_counts() -> None:
    """Far-away roofs and walls say nothing about where the ground is."""
    vertices, triangles = sheet(0.0, 5.0)
    wall = (vertices[:, [1, 0, 2]] + (0.5, 6.0, 0.0), triangles)
    assert (
        placement_math.is_upside_down(*join(sheet(-1.0, 5.0), sheet(3.0, 5.0, hole=3.0), wall))
        is False
    )


def test_a_winding_the_other_way_round_changes_nothing() -> None:
    """Area has no direction."""
    vertices, triangles = sheet(1.0, 5.0)
    assert placement_math.is_upside_down(vertices, triangles[:, ::-1]) is True


@pytest.mark.parametrize(
    "parts", [(sheet(-1.0, 5.0), sheet(1.5, 5.0)), (sheet(-1.0, 5.0, hole=4.0),)]
)
def test_where_faces_do_not_tell_nothing_is_claimed(
    parts: tuple[tuple[np.ndarray, np.ndarray], ...],
) -> None:
    """A floor and a ceiling of the same size, or nothing near the capture point: None, and the
    default is used.
    """
    assert placement_math.is_upside_down(*join(*parts)) is None


def test_no_faces_tell_nothing() -> None:
    """An empty or a degenerate mesh is no error."""
    assert placement_math.is_upside_down(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64)) is None
    assert placement_math.is_upside_down(np.zeros((3, 3)), np.array([[0, 1, 2]])) is None
    assert placement_math.is_upside_down(np.full((3, 3), np.nan), np.array([[0, 1, 2]])) is None


def test_turning_the_file_turns_the_answer() -> None:
    """The half turn of the root is exactly what the check asks for, on a large uneven mesh (200,000
    triangles).
    """
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
