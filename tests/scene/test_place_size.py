# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing a model: where it stands, how large it is, and how that is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.bounds import bounds  # noqa: E402
from mint_blender.scene.place import PlaceOptions, SceneImportError, place_model  # noqa: E402

from .place_helpers import LAMP, ORIGIN, extent  # noqa: E402
from .scene_snapshot import SceneSnapshot  # noqa: E402


@pytest.mark.covers("C9-floor")
def test_bottom_center_is_on_the_floor_at_the_cursor(tmp_path: Path) -> None:
    """A model with any origin stands on the 3D cursor in its delivered size."""
    bpy.context.scene.cursor.location = (1, 2, 3)
    placed = place_model(glb_fixtures.simple(tmp_path / "m.glb", (4, 4, 4), (6, 8, 5)), LAMP)
    assert extent(placed) == ([0, 1.5, 3], [2, 2.5, 7])
    assert tuple(placed.root.location) == tuple(placed.root.matrix_world.translation) == (1, 2, 3)


BOX, TALL = ((-0.5, 0, -0.5), (0.5, 1, 0.5)), ((-0.5, 0, -0.5), (0.5, 2, 0.5))
SHEET = ((-1, 0, -1), (1, 0, 1))


@pytest.mark.covers("C9-height", "C9-measured")
@pytest.mark.parametrize("system", ["METRIC", "IMPERIAL"])
@pytest.mark.parametrize(
    ("corners", "height", "expected"),
    [
        (BOX, None, ([-0.5, -0.5, 0], [0.5, 0.5, 1])),
        (TALL, 3, ([-0.75, -0.75, 0], [0.75, 0.75, 3])),
        (SHEET, 3, ([-1, -1, 0], [1, 1, 0])),  # it cannot be scaled to a height
    ],
    ids=["box", "tall", "sheet"],
)
def test_a_height_scales_evenly(
    system: str, corners: Any, height: float | None, expected: Any, tmp_path: Path
) -> None:
    """At the point of the click, wherever the cursor is by now.

    Vertices are measured, not what the file says; units only change how lengths are written.
    """
    bpy.context.scene.unit_settings.system = system
    bpy.context.scene.cursor.location = (9, 9, 9)
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, *corners)))
    glb.json["accessors"][0] |= {"min": [-9, -9, -9], "max": [9, 9, 9]}
    where = PlaceOptions(at=(0, 0, 0), height=height)
    assert extent(place_model(glb.save(tmp_path / "m.glb"), LAMP, where)) == expected


@pytest.mark.covers("C9-front")
def test_a_model_faces_the_front_view(tmp_path: Path) -> None:
    """Its front, +Z in glTF, points along -Y as Blender's front view expects; up is up."""
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, (-0.5, 0, -0.5), (0.5, 1, 0.5))), name="body")
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, (-0.1, 0.4, 0.5), (0.1, 0.6, 0.9))), name="nose")
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP, ORIGIN)
    (nose,) = [each for each in placed.objects if "nose" in each.name]
    low, high = bounds(placed.objects)
    nose_low, _ = bounds([nose, placed.root])
    assert nose_low[1] == pytest.approx(low[1])
    assert nose_low[1] < -0.6 and high[2] == pytest.approx(1)


def test_a_pose_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    """A skinned model is scaled and placed by its posed shape."""
    where = PlaceOptions(at=(0, 0, 0), height=4)
    low, high = extent(place_model(glb_fixtures.skinned(tmp_path / "m.glb"), LAMP, where))
    assert (low[2], high[2]) == (0, 4)


def test_a_hidden_collection_and_the_frame_change_no_measurement(tmp_path: Path) -> None:
    """“Mint” is excluded, and the current frame is in the middle of an animation."""
    first = place_model(glb_fixtures.simple(tmp_path / "a.glb"), LAMP)
    bpy.context.view_layer.layer_collection.children["Mint"].exclude = True
    bpy.context.scene.frame_set(200)
    other = glb_fixtures.simple(tmp_path / "b.glb", (3, 3, 3), (4, 5, 4))
    placed = place_model(other, LAMP, PlaceOptions(at=(0, 0, 0), height=1))
    assert first.root != placed.root
    assert extent(placed) == ([-0.25, -0.25, 0], [0.25, 0.25, 1])


@pytest.mark.parametrize("height", [0, -1, float("nan"), float("inf")])
def test_an_impossible_height_is_refused(model: Path, height: float) -> None:
    """Zero, negative and infinite heights give a sentence, and nothing has changed."""
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="height"):
        place_model(model, LAMP, PlaceOptions(at=(0, 0, 0), height=height))
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("unit", [0.01, 0.001, 0.3048, 1000.0])
@pytest.mark.parametrize("make", ["simple", "skinned", "animated"])
def test_size_and_position_in_any_unit_scale(unit: float, make: str, tmp_path: Path) -> None:
    """A model of one meter (the skinned one of two) keeps its length, at the cursor."""
    bpy.context.scene.unit_settings.scale_length = unit
    bpy.context.scene.cursor.location = (5, 6, 7)
    path = getattr(glb_fixtures, make)(tmp_path / "m.glb")
    low, high = bounds(place_model(path, LAMP).objects)
    close = max(1e-4 / unit, 2e-6)  # a coordinate near 7 has no more digits
    assert (high[2] - low[2]) * unit == pytest.approx(2 if make == "skinned" else 1, rel=1e-3)
    assert low[2] == pytest.approx(7, abs=close)
    assert ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2) == pytest.approx((5, 6), abs=close)
    low, high = bounds(place_model(path, LAMP, PlaceOptions(at=(0, 0, 0), height=4)).objects)
    assert (low[2], high[2]) == pytest.approx((0, 4), abs=1e-4)


def _turned(path: Path, size: float = 1.0, *, flat: bool = False, far: float = 0.0) -> Path:
    """Write a box under nodes that rotate, shear and move it."""
    glb = glb_fixtures.Glb()
    box = glb_fixtures.box(glb, (-size, 0, -size), (size, 0.0 if flat else size, size))
    turned = {"rotation": [0, 0.3826834, 0, 0.9238795], "translation": [far, far, far]}
    inner = glb.node(root=False, mesh=glb.mesh(box), name="inner", **turned)
    scale = [1, 1, 1] if flat else [1, 2, 1]
    glb.node(children=[inner], name="outer", rotation=[0.2588190, 0, 0, 0.9659258], scale=scale)
    return glb.save(path)


@pytest.mark.parametrize(
    ("size", "flat", "far"),
    [(1, False, 0), (1, True, 0), (5000, False, 0), (0.0005, False, 0), (1, False, 300)],
)
def test_rotated_flat_huge_and_tiny_models_stand_on_the_floor(
    size: float, flat: bool, far: float, tmp_path: Path
) -> None:
    """The lowest point is on the floor and the middle at the cursor."""
    path = _turned(tmp_path / "m.glb", size, flat=flat, far=far)
    placed = place_model(path, LAMP, PlaceOptions(at=(1, 2, 3)))
    low, high = bounds(placed.objects)
    close = 2e-6 * max(size, far, 1)
    assert low[2] == pytest.approx(3, abs=close)
    assert ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2) == pytest.approx((1, 2), abs=close)
    assert high[2] - low[2] > size / 2 and tuple(placed.root.location) == (1, 2, 3)


def test_instances_are_measured(tmp_path: Path) -> None:
    """One mesh is shown three times, by nodes and by EXT_mesh_gpu_instancing."""
    glb = glb_fixtures.Glb()
    mesh = glb.mesh(glb_fixtures.box(glb))
    glb.node(mesh=mesh, name="many", extensions=glb.instances([(0, 0, 0), (4, 0, 0), (0, 3, 0)]))
    glb.node(mesh=mesh, name="one", translation=[0, 0, 8])
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP, ORIGIN)
    low, high = extent(placed)
    assert ([high[axis] - low[axis] for axis in range(3)], low[2]) == ([5, 9, 4], 0)
    assert len({each.data for each in placed.objects if each.type == "MESH"}) == 1
