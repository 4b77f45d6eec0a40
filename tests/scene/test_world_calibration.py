# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of a World is neutral, and its scale is even, also after Apply Scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.scene.world import build as world_build  # noqa: E402
from mint_blender.scene.world import calibration, world_objects  # noqa: E402
from mint_blender.scene.world import edit as world_edit  # noqa: E402

from .world_helpers import CORNERS, assert_at, build, ordered, part, places  # noqa: E402

ROOM = CORNERS * 2.5 + [0, 0, 1.5]
PART_NAMES = ("collider", "splats")


@pytest.mark.parametrize("selected", ["root", "all"])
def test_clearing_the_transform_of_the_root_does_no_harm(files, selected):
    """Alt+R and Alt+S, also with everything selected, leave the room as it is."""
    root = build(files, at=(3, 4, 0), camera=False).root
    point = np.array(part(root, "capture_point").matrix_world)
    bpy.ops.object.select_all(action="SELECT" if selected == "all" else "DESELECT")
    root.select_set(True)
    bpy.ops.object.rotation_clear()
    bpy.ops.object.scale_clear()
    bpy.context.view_layer.update()
    np.testing.assert_allclose(np.array(part(root, "capture_point").matrix_world), point, atol=1e-5)
    for name in PART_NAMES:
        assert_at(part(root, name), ROOM + np.array([3, 4, 0]))
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    assert not bpy.context.scene.objects, "nothing stays behind that cannot be selected"


@pytest.mark.parametrize("unit", [1, 0.01])
def test_the_scale_is_even_and_the_floor_stays(files, unit):
    """1 is the size that Mint gave it; twice that is twice the room, on the same floor."""
    bpy.context.scene.unit_settings.scale_length = unit
    root = build(files, at=(3, 4, 5)).root
    holder = calibration.of(root)
    assert calibration.scale_of(holder) == pytest.approx(1)
    calibration.set_scale(holder, 2)
    bpy.context.view_layer.update()
    assert calibration.scale_of(holder) == pytest.approx(2)
    expected = ordered((CORNERS * 5 + [0, 0, 3]) / unit + [3, 4, 5])
    np.testing.assert_allclose(places(part(root, "collider")), expected, atol=0.03 / unit)
    calibration.set_scale(holder, 1)
    assert tuple(holder.location) == pytest.approx((0, 0, 1.5 / unit))


APPLIED = {"scale": ["scale"], "rotation": ["rotation"], "all": ["location", "rotation", "scale"]}


def apply_transform(objects, applied):
    """Select these objects only, and apply their transforms, as Ctrl+A does."""
    bpy.ops.object.select_all(action="DESELECT")
    for each in objects:
        each.select_set(True)
    chosen = {name: name in APPLIED[applied] for name in APPLIED["all"]}
    bpy.ops.object.transform_apply(**chosen)
    bpy.context.view_layer.update()


def check_room(root, scale, at):
    """Assert that all parts of the synthetic room have this scale and place."""
    bpy.context.view_layer.update()
    expected = ordered((CORNERS * 2.5 + [0, 0, 1.5]) * scale + np.array(at))
    for name in PART_NAMES:
        np.testing.assert_allclose(places(part(root, name)), expected, atol=0.011 * scale)
    point = part(root, "capture_point").matrix_world
    assert tuple(point.translation) == pytest.approx((at[0], at[1], at[2] + 1.5 * scale), abs=1e-4)


@pytest.mark.parametrize("applied", APPLIED)
@pytest.mark.parametrize("scale", [1, 2])
def test_an_applied_calibration_is_noticed_and_restored(files, scale, applied):
    """The World stays as it looks; its scale is right again, and so is a part that is added."""
    root = build(files, at=(3, 4, 0), camera=False).root
    holder, point = calibration.of(root), part(root, "capture_point")
    calibration.set_scale(holder, scale)
    bpy.context.view_layer.update()
    assert not calibration.is_changed(holder, point)
    apply_transform([holder], applied)
    assert calibration.is_changed(holder, point)
    check_room(root, scale, (3, 4, 0))
    calibration.restore(holder, point)
    assert not calibration.is_changed(holder, point)
    assert calibration.scale_of(holder) == pytest.approx(scale)
    check_room(root, scale, (3, 4, 0))
    world_build.remove_part(root, "SPLATS")
    world_build.add_parts(root, {"SPLATS": files.splats})
    calibration.set_scale(holder, 1)
    check_room(root, 1, (3, 4, 0))


def test_a_world_whose_parts_were_applied_as_well_is_restored(files):
    """Ctrl+A with everything selected: the meshes have the scale, and the World looks the same."""
    root = build(replace(files, splats=None), at=(3, 4, 0), camera=False).root
    holder, point = calibration.of(root), part(root, "capture_point")
    apply_transform([root, *root.children_recursive], "scale")
    assert calibration.is_changed(holder, point)
    before = places(part(root, "collider"))
    calibration.restore(holder, point)
    bpy.context.view_layer.update()
    assert calibration.scale_of(holder) == pytest.approx(1)
    np.testing.assert_allclose(places(part(root, "collider")), before, atol=1e-4)


def test_the_scale_of_the_root_can_be_applied(files):
    """The World is that much larger, nothing is to be restored, and it can be scaled further."""
    root = build(files, at=(3, 4, 0), camera=False).root
    holder = calibration.of(root)
    root.scale = (2, 2, 2)
    apply_transform([root], "scale")
    assert not calibration.is_changed(holder, part(root, "capture_point"))
    check_room(root, 2, (3, 4, 0))
    assert calibration.scale_of(holder) == pytest.approx(2)
    calibration.set_scale(holder, 1)
    check_room(root, 1, (3, 4, 0))


@pytest.mark.parametrize("is_turned", [False, True])
def test_an_untouched_calibration_is_not_changed(files, is_turned):
    """Nor is one that was turned upright, or moved with its root."""
    root = build(files, at=(3, 4, 5), camera=False).root
    if is_turned:
        world_edit.flip(root)
    root.rotation_euler, root.scale = (0.1, 0.2, 0.3), (0.5, 0.5, 0.5)
    bpy.context.view_layer.update()
    assert not calibration.is_changed(calibration.of(root), part(root, "capture_point"))


def test_a_deleted_calibration_is_made_again_for_the_next_part(files):
    """The part is where it would have been, and so is the place to look from."""
    root = build(replace(files, splats=None)).root
    expected = np.array(part(root, "capture_point").matrix_world)
    bpy.data.objects.remove(part(root, "capture_point"))
    np.testing.assert_allclose(np.array(world_objects.upright(root)), expected, atol=1e-5)
    bpy.data.batch_remove([calibration.of(root), *calibration.of(root).children_recursive])
    assert not calibration.is_changed(calibration.of(root), None)
    world_build.add_parts(root, {"SPLATS": files.splats})
    bpy.context.view_layer.update()
    assert_at(part(root, "splats"), ROOM)
