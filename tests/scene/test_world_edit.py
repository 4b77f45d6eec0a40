# SPDX-License-Identifier: GPL-3.0-or-later
"""A World after changes: its scale and its root, its collider and how that is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.scene.world import build as world_build
from mint_blender.scene.world import calibration, world_objects
from mint_blender.scene.world import edit as world_edit

from . import synthetic_world
from .world_helpers import CORNERS, assert_at, build, ordered, part, places

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
    assert holder.location[:] == pytest.approx((0, 0, 1.5 / unit))


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
    assert point.translation[:] == pytest.approx((at[0], at[1], at[2] + 1.5 * scale), abs=1e-4)


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


def test_an_untouched_calibration_is_not_changed(files):
    """Nor is one that was moved with its root, or turned upright."""
    root = build(files, at=(3, 4, 5), camera=False).root
    root.rotation_euler, root.scale = (0.1, 0.2, 0.3), (0.5, 0.5, 0.5)
    for change in (lambda root: None, world_edit.flip):
        change(root)
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


# -- The collider: its orientation, how it is shown, and that it can be rigid


@pytest.mark.covers("C11-check")
@pytest.mark.parametrize("later", [False, True])
def test_an_upright_collider_is_turned_to_the_other_parts(files, tmp_path, later):
    """Its faces show that it is upright, unlike splats and panorama; the user is told."""
    up = synthetic_world.collider(tmp_path / "up.glb", down=False, ceiling=False)
    if later:
        root = build(replace(files, collider=None)).root
        world_build.add_parts(root, {"COLLIDER": up})
        bpy.context.view_layer.update()
    else:
        built = build(replace(files, collider=up))
        root = built.root
        assert any("already upright" in each for each in built.notes)
    expected = CORNERS * 2.5 + [0, 0, 1.5]
    assert_at(part(root, "collider"), expected)
    assert_at(part(root, "splats"), expected)
    world_edit.flip_collider(root)
    bpy.context.view_layer.update()
    assert places(part(root, "collider"))[:, 2].max() == pytest.approx(1.5 + 0.6 * 2.5, abs=0.01)


def test_an_upside_down_collider_is_turned_with_the_root(files, tmp_path):
    """Where the faces do not show the orientation, there is a note."""
    down = synthetic_world.collider(tmp_path / "down.glb", ceiling=False)
    built = build(replace(files, collider=down))
    assert_at(part(built.root, "collider"), CORNERS * 2.5 + [0, 0, 1.5])
    assert not any("Turn Collider Upright" in each for each in built.notes)
    closed = build(files)
    assert closed.root["mint_flipped"] and any("Could not detect" in each for each in closed.notes)


@pytest.mark.covers("C11-check")
@pytest.mark.parametrize("turned_by_hand", [False, True])
def test_flip_turns_collider_and_splats_only(files, turned_by_hand):
    """A second flip turns them back; panorama and camera stay as they are."""
    root = build(files).root
    if turned_by_hand:
        root.rotation_euler[2] = 0.7
        bpy.context.view_layer.update()
    before = places(part(root, "collider"))
    camera = np.array(part(root, "camera").matrix_world)
    world_edit.flip(root)
    bpy.context.view_layer.update()
    assert places(part(root, "collider"))[:, 2].max() == pytest.approx(1.5 + 0.6 * 2.5, abs=0.02)
    np.testing.assert_allclose(np.array(part(root, "camera").matrix_world), camera, atol=1e-4)
    world_edit.flip(root)
    bpy.context.view_layer.update()
    np.testing.assert_allclose(places(part(root, "collider")), before, atol=0.021)
    np.testing.assert_allclose(np.array(part(root, "camera").matrix_world), camera, atol=1e-4)


COLLIDERS = [
    ("AUTO", True, False, "TEXTURED"),
    ("AUTO", True, True, "BOUNDS"),
    ("AUTO", False, True, "BOUNDS"),
    ("AUTO", False, False, "WIRE"),
    ("PHYSICS", True, False, "WIRE"),
    ("PHYSICS", True, True, "WIRE"),
    ("VISIBLE", True, True, "TEXTURED"),
    ("VISIBLE", False, False, "TEXTURED"),
]


@pytest.mark.parametrize(("how", "with_panorama", "with_splats", "display"), COLLIDERS)
def test_the_collider_is_visible_with_a_panorama_and_without_splats(
    files, how, with_panorama, with_splats, display
):
    """Otherwise it is drawn as a box beside splats, else as wire, and is not rendered."""
    left_out = {"panorama": None} if not with_panorama else {}
    left_out |= {"splats": None} if not with_splats else {}
    shape = part(build(replace(files, **left_out), collider=how).root, "collider")
    visible = display == "TEXTURED"
    assert (shape.display_type, shape.hide_render) == (display, not visible)
    assert bool(shape.data.materials) == (visible and with_panorama)


def test_the_collider_can_be_changed_afterwards(files):
    """It becomes physics and visible again, without a second material."""
    root = build(files).root
    shape = part(root, "collider")
    shown = {"VISIBLE": "TEXTURED", "PHYSICS": "WIRE", "BOUNDS": "BOUNDS", "AUTO": "BOUNDS"}
    for how in ("VISIBLE", "PHYSICS", "VISIBLE", "BOUNDS", "PHYSICS", "AUTO"):
        world_edit.show_collider(root, how)
        assert (shape.display_type, shape.hide_render) == (shown[how], how != "VISIBLE")
    assert sum(each.name.startswith("Room Panorama") for each in bpy.data.materials) == 1


@pytest.mark.parametrize("turn", [None, world_edit.flip_collider, world_edit.flip])
def test_solid_shading_shows_the_panorama_on_the_collider(files, turn):
    """Each corner shows the pixel of its direction, also after a flip."""
    root = build(replace(files, splats=None, collider=finer(files.collider))).root
    shape, point = part(root, "collider"), part(root, "capture_point")
    if turn is not None:
        turn(root)
    bpy.context.view_layer.update()
    picture = shape.data.materials[0].node_tree.nodes.active.image
    width, height = picture.size
    pixels = np.array(picture.pixels[:]).reshape(height, width, 4)[:, :, :3]
    places = np.array([each.vector for each in shape.data.uv_layers.active.uv])
    columns, rows = (places * (width, height)).astype(int).T
    seen = pixels[np.minimum(rows, height - 1), columns % width]
    matrix = np.array(point.matrix_world.inverted() @ shape.matrix_world)
    vertices = np.array([each.co for each in shape.data.vertices]) @ matrix[:3, :3].T
    corners = vertices[[each.vertex_index for each in shape.data.loops]]
    expected = synthetic_world.colors(np.zeros(3), corners)
    assert (np.abs(seen - expected).max(axis=1) < 0.05).mean() > 0.85
    across, up = places.reshape(-1, 3, 2).transpose(2, 0, 1)
    is_beside_pole = (np.abs(up - 0.5) < 0.45).all(axis=1)
    assert (np.ptp(across, axis=1)[is_beside_pole] < 0.5).all(), "no face goes around the picture"
    world_build.remove_part(root, "PANORAMA")
    assert not shape.data.uv_layers and not shape.data.materials


def test_a_deleted_capture_point_is_made_again_when_needed(files):
    """The collider can still be shown, and the panorama added again."""
    root = build(replace(files, splats=None), collider="PHYSICS", camera=False).root
    bpy.data.objects.remove(part(root, "capture_point"))
    world_edit.show_collider(root, "VISIBLE")
    bpy.context.view_layer.update()
    np.testing.assert_allclose(
        part(root, "capture_point").matrix_world.translation, (0, 0, 1.5), atol=1e-5
    )
    bpy.data.objects.remove(part(root, "capture_point"))
    world_build.add_parts(root, {"PANORAMA": files.panorama})
    assert part(root, "capture_point")


def finer(collider: Path) -> Path:
    """Divide the collider into thousands of triangles, as Mint's have."""
    bpy.ops.import_scene.gltf(filepath=str(collider))
    shape = bpy.context.active_object
    shape.modifiers.new("Finer", "SUBSURF").subdivision_type = "SIMPLE"
    shape.modifiers[0].levels = 5
    bpy.ops.export_scene.gltf(filepath=str(collider), export_apply=True, export_materials="NONE")
    bpy.data.objects.remove(shape)
    return collider


def test_the_collider_can_be_a_rigid_body(files):
    """It is passive, with its mesh as shape, in a scene without a rigid body world."""
    body = part(build(files, rigid_body=True).root, "collider").rigid_body
    assert (body.type, body.collision_shape) == ("PASSIVE", "MESH")
    assert part(build(files).root, "collider").rigid_body is None
