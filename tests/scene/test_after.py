# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a result after it has landed: floors, cameras, light and splats."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mathutils import Euler, Matrix, Quaternion, Vector

from mint_blender.files.spz import decode
from mint_blender.message import UserError
from mint_blender.scene.after import cameras, floor, light, splats
from mint_blender.scene.after.surfaces import attributes, collider_surface, colliders, places_of
from mint_blender.scene.bounds import bounds
from mint_blender.scene.model import grid_layout
from mint_blender.scene.place import PlaceOptions, Provenance, place_model
from mint_blender.scene.transaction import DataSnapshot
from mint_blender.scene.world import splats as world_splats

from ..conftest import DOES_NOT_APPLY
from ..files import build_glb, build_spz
from ..files.read_spz import read_splats, to_blender_axes
from . import synthetic_world
from .world_helpers import build, ground_of, part


def box(at=(0, 0, 0), size=0.4, name="Box", **options):
    """Return a cube in the scene."""
    bpy.ops.mesh.primitive_cube_add(size=size, location=at, **options)
    made = bpy.context.object
    made.name = name
    return made


def bottom(made) -> float:
    """Return the lowest point of an object in world space."""
    bpy.context.view_layer.update()
    return min((made.matrix_world @ vertex.co).z for vertex in made.data.vertices)


@pytest.mark.feature("models put on the floor")
def test_objects_are_dropped_on_what_is_below(files):
    """On a hidden collider, on each other, up where they have sunk in, and under a table."""
    build(files, camera=False).root.rotation_euler.z = 0.3
    part(build(files, at=(30, 0, 0)).root, "collider").hide_set(True)
    over, sunk = box((31, 0, 2)), box((32, 0, -0.1), name="Sunk")
    stacked = box((31, 0, 3), name="Stacked")
    child = box((31.5, 0, 2.5), name="Child")
    child.parent = over
    child.matrix_parent_inverse = over.matrix_world.inverted()
    table = box((33, 0, 0.9), size=0.2, name="Table")
    table.scale = (5, 5, 1)
    under = box((33, 0, 0.3), size=0.2, name="Under")
    floor.drop_to_floor([over, child, sunk, stacked, under])
    for standing, height in ((over, 0), (sunk, 0), (stacked, 0.4), (under, 0)):
        assert bottom(standing) == pytest.approx(height, abs=1e-4), standing.name
    assert child.matrix_world.translation.z == pytest.approx(2.5 - 1.8, abs=1e-4)


def test_without_a_floor_nothing_moves(files):
    """The one that could be dropped stays, too; and a World is never moved."""
    root = build(files, at=(30, 0, 0)).root
    lost, over = box((0, 0, 2), name="Lost"), box((31, 0, 2))
    for act in (floor.drop_to_floor, floor.let_fall):
        with pytest.raises(floor.NoFloor, match="There is no floor below “Lost”"):
            act([over, lost])
        assert (lost.location.z, over.location.z) == (2, 2)
    with pytest.raises(floor.NoFloor, match="Select a model"):
        floor.drop_to_floor([root, *root.children_recursive])


@pytest.mark.feature("models put on the floor")
def test_objects_fall_and_come_to_rest(files):
    """A tilted cube lies on a side on the floor, keeps its scale, and nothing is left behind."""
    build(files, camera=False)
    fallen = box((0, 0, 1.5), rotation=(0.5, 0.4, 0))
    fallen.scale = (1, 1, 1.5)
    before = DataSnapshot()
    floor.let_fall([fallen])
    assert before.new() == [] and bpy.context.scene.rigidbody_world is None
    assert bottom(fallen) == pytest.approx(0, abs=1e-3)
    assert fallen.matrix_world.to_scale()[:] == pytest.approx((1, 1, 1.5), abs=1e-4)
    upward = np.abs(np.array(fallen.matrix_world.to_3x3().normalized()))[2]
    assert upward.max() == pytest.approx(1, abs=1e-3), "it lies on a side"


def walked(*places, seconds=4.0):
    """Return the samples of a walk from place to place, looking ahead, ten a second."""
    count = round(seconds * 10) + 1
    along = np.linspace(0, len(places) - 1, count)
    columns = [np.interp(along, range(len(places)), column) for column in np.transpose(places)]
    turn = Euler((math.pi / 2, 0, 0)).to_matrix().to_4x4()
    return [
        (100 + index / 10, Matrix.Translation(place) @ turn)
        for index, place in enumerate(zip(*columns, strict=True))
    ]


@pytest.mark.feature("viewpoints, walks and panoramas")
def test_a_walk_becomes_a_camera_path(files, tmp_path):
    """It lasts as long, keeps off the walls that were walked through, and moves with the World."""
    root = build(files, at=(3, 4, 0)).root
    scene = bpy.context.scene
    scene.frame_end, scene.frame_current = 10, 5
    space = type("Space", (), {"clip_start": 0.1, "clip_end": 100.0, "lens": 50.0})()
    space.region_3d = type("Region", (), {"view_perspective": "PERSP"})()
    through = walked((3, 4, 1.5), (3, 12, 1.5), (4, 7, 1.5))
    camera = cameras.record_walk(through, space, scene, root)
    assert scene.camera == camera and camera.parent == root
    assert cameras.walk_range(camera) == (5, 5 + 4 * 24) and scene.frame_end == 101
    wall = collider_surface(colliders(root)).tree()
    keyed = []
    for frame in range(5, 102, 6):
        scene.frame_set(frame)
        keyed.append(camera.matrix_world.translation.copy())
        assert wall.find_nearest(keyed[-1])[3] > 0.25
        assert keyed[-1].y < 4 + 2.0 * 2.5, "it stays inside the room"
        ahead = camera.matrix_world.to_3x3() @ Vector((0, 0, -1))
        assert ahead[:] == pytest.approx((0, 1, 0), abs=1e-5)
    assert keyed[0][:] == pytest.approx((3, 4, 1.5), abs=1e-4)
    root.location.x += 2
    scene.frame_set(5)
    assert camera.matrix_world.translation.x == pytest.approx(5, abs=1e-4)


@pytest.mark.feature("viewpoints, walks and panoramas")
def test_viewpoints_and_a_panorama_are_rendered(files, tmp_path):
    """The scene is set up as before afterwards; the panorama has what is around the camera."""
    root = build(files, collider="VISIBLE", panorama_as_world=False).root
    scene = bpy.context.scene
    for name in ("Viewpoint 1", "Viewpoint 10", "Viewpoint 2"):
        made = cameras._add_camera(name, scene, root)
        cameras._place(made, part(root, "camera").matrix_world, root)
        made[cameras.VIEWPOINT] = "VIEW"
    names = [each.name for each in cameras.viewpoints(scene)]
    assert names == ["Viewpoint 1", "Viewpoint 2", "Viewpoint 10"]
    assert [cameras.next_viewpoint(scene).name for _ in range(4)] == [*names, names[0]]
    part(root, "splats").hide_render = True
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.cycles.use_denoising = False
    synthetic_world.set_output(scene, tmp_path / "mine")
    written = cameras.render_viewpoints(tmp_path, scene)
    before, earlier = DataSnapshot(), scene.render.filepath
    assert [path.name for path in written] == [f"Viewpoint_{n}.png" for n in (1, 2, 10)]
    assert all(path.exists() for path in written)
    scene.render.resolution_y = 48
    around = cameras.render_panorama(tmp_path / "around", width=96)
    assert before.new() == [] and scene.camera.name == "Viewpoint 1"
    assert (scene.render.filepath, scene.render.resolution_y) == (earlier, 48)
    image = bpy.data.images.load(str(around))
    seen = np.array(image.pixels[:]).reshape(48, 96, 4)[::-1, :, :3]
    assert tuple(image.size) == (96, 48)
    right, up = np.meshgrid(
        (np.arange(96) - 47.5) / 96 * 2 * np.pi, (23.5 - np.arange(48)) / 48 * np.pi
    )
    rays = np.stack((np.cos(up) * np.sin(right), np.cos(up) * np.cos(right), np.sin(up)), axis=-1)
    expected = synthetic_world.colors(np.zeros(3), rays)
    assert (np.abs(seen - expected).max(axis=-1) < 0.1).mean() > 0.8


def cloud_of(path, name="Cloud"):
    """Return splats of a file as an object in the scene."""
    return world_splats.build(path, name, bpy.context.scene.collection)


def angles(one, other) -> np.ndarray:
    """Return by how many degrees quaternions differ."""
    dots = np.abs((one * other).sum(axis=1))
    dots /= np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.degrees(2 * np.arccos(np.clip(dots, 0, 1)))


@pytest.mark.feature("splats cropped and saved")
def test_splats_are_cropped_and_saved(tmp_path):
    """What is outside the box is hidden, then removed; a file has what is left, where it stands."""
    path = tmp_path / "place.spz"
    path.write_bytes(build_spz.encode(build_spz.made_up(300, degree=3)))
    made = cloud_of(path)
    made.matrix_world = Matrix.LocRotScale((1, 2, 3), Euler((0.3, 0.4, 0.5)), (2, 2, 2))
    bpy.context.view_layer.update()
    everything = places_of(made)
    box = splats.crop(made)
    assert splats.crop(made) == box, "a second click finds it"
    middle = np.median(everything, axis=0)
    box.location = middle
    box.scale = np.ptp(everything, axis=0) / 4
    bpy.context.view_layer.update()
    inside = (np.abs(everything - middle) <= np.array(box.scale)).all(axis=1)
    assert 20 < inside.sum() < 200
    assert count_shown(made) == inside.sum()

    before = to_blender_axes(read_splats(path))
    assert splats.save_splats(made, tmp_path / "part.spz").exists()
    read = dict(decode.attributes(tmp_path / "part.spz"))
    np.testing.assert_allclose(read["positions"], everything[inside], atol=1.3e-4)
    np.testing.assert_allclose(np.log(read["scales"] / before.scales[inside] / 2), 0, atol=0.032)
    np.testing.assert_allclose(read["base"], before.base[inside], atol=0.014)
    turned = [
        (made.matrix_world.to_quaternion() @ Quaternion(turn))[:]
        for turn in before.rotations[inside]
    ]
    assert angles(read["rotations"], np.array(turned)).max() < 0.3
    if world_splats.has_native():
        bpy.ops.wm.spz_import(filepath=str(tmp_path / "part.spz"))
        places = dict(attributes(bpy.context.object.data))["position"]
        np.testing.assert_allclose(places, everything[inside], atol=1.3e-4)

    splats.end_crop(made, remove_outside=True)
    assert count_shown(made) == inside.sum() and made[world_splats.MARK] == inside.sum()
    assert not made.modifiers.get("Mint Crop") and "Crop" not in bpy.data.objects
    assert "Mint Crop" not in bpy.data.node_groups
    np.testing.assert_allclose(places_of(made), everything[inside], atol=1e-6)
    splats.crop(made)
    splats.end_crop(made, remove_outside=False)
    assert count_shown(made) == inside.sum()
    with pytest.raises(UserError, match="ends in"):
        splats.save_splats(made, tmp_path / "part.glb")


def count_shown(made) -> int:
    """Return how many splats an object has after its crop."""
    ours = made.modifiers.get(world_splats._MODIFIER)
    if ours is not None:
        ours.show_viewport = False
    bpy.context.view_layer.update()
    shown = made.evaluated_get(bpy.context.evaluated_depsgraph_get())
    count = len(shown.data.vertices if made.type == "MESH" else shown.data.points)
    if made.type == "POINTCLOUD":
        assert shown.data.type == made.data.type
    if ours is not None:
        ours.show_viewport = True
    return count


def test_a_ply_file_is_exact(tmp_path):
    """Its columns are those of the method's own files; a turned World turns its harmonics, too."""
    path = tmp_path / "place.spz"
    path.write_bytes(build_spz.encode(build_spz.made_up(40, degree=2)))
    made = cloud_of(path)
    made.matrix_world = Matrix.Rotation(math.pi / 2, 4, "X")  # from its axes to those of the file
    bpy.context.view_layer.update()
    written = splats.save_splats(made, tmp_path / "place.ply").read_bytes()
    header, _, content = written.partition(b"end_header\n")
    names = [line.split()[-1] for line in header.decode().splitlines() if "property" in line]
    table = dict(zip(names, np.frombuffer(content, "<f4").reshape(40, -1).T, strict=True))
    before = to_blender_axes(read_splats(path))
    # the turn about X brings Y to Z; the file's x, y, z are x, -z, y of the scene
    turned = np.stack((before.positions[:, 0], -before.positions[:, 2], before.positions[:, 1]))
    x, y, z = turned
    np.testing.assert_allclose([table["x"], table["y"], table["z"]], [x, -z, y], atol=1e-5)
    np.testing.assert_allclose(np.exp(table["scale_1"]), before.scales[:, 1], rtol=1e-5)
    opacity = np.clip(before.base[:, 3], 1e-6, 1 - 1e-6)
    np.testing.assert_allclose(1 / (1 + np.exp(-table["opacity"])), opacity, atol=1e-5)
    assert ("f_rest_23" in table) is world_splats.has_native()
    if not world_splats.has_native():
        pytest.skip(DOES_NOT_APPLY + "this Blender has no harmonics")
    bpy.ops.wm.ply_import(
        filepath=str(tmp_path / "place.ply"), forward_axis="Z", up_axis="NEGATIVE_Y"
    )
    again = bpy.context.object
    assert again.type == "POINTCLOUD" and again.data.type == world_splats.NATIVE
    bpy.context.view_layer.update()
    np.testing.assert_allclose(places_of(again), turned.T, atol=1e-5)
    values = dict(attributes(again.data))
    expected = [
        (made.matrix_world.to_quaternion() @ Quaternion(turn))[:] for turn in before.rotations
    ]
    shown = [
        (again.matrix_world.to_quaternion() @ Quaternion(turn))[:] for turn in values["rotation"]
    ]
    assert angles(np.array(shown), np.array(expected)).max() < 0.01
    assert np.array_equal(values["radiance:sh_2"], before.harmonics[:, 2])


@pytest.fixture
def ground(files):
    """Return the root of a World whose splats are its floor, from y = 0 on."""
    return ground_of(files)


def brightness(shown) -> np.ndarray:
    """Return the first harmonic of red of each splat, as the nodes pass it on."""
    ours = shown.modifiers.get(world_splats._MODIFIER)
    if ours is not None:
        ours.show_viewport = False
    bpy.context.view_layer.update()
    evaluated = shown.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return dict(attributes(evaluated.data))["radiance:base"][:, 0]


@pytest.mark.feature("shadows and light on splats")
def test_a_model_throws_a_shadow_on_splats(ground):
    """Toward the side away from the sun, and below; it moves along, and goes without a trace."""
    shown = part(ground, "splats")
    before, first = brightness(shown).copy(), DataSnapshot()
    caster = box((0.2, 2.5, 0.2))
    first.accept()
    light.ground_shadow(caster)
    places = places_of(shown)
    near = np.hypot(places[:, 0] - 0.2, places[:, 1] - 2.5)
    dark = before - brightness(shown)
    assert dark[near < 0.2].min() > 1.2 and np.abs(dark[near > 1.5]).max() < 1e-5
    light.ground_shadow(caster, on=False)
    assert first.new() == [] and np.array_equal(brightness(shown), before)

    bpy.ops.object.light_add(type="SUN", rotation=(0, math.pi / 4, 0))  # from +X
    sun = bpy.context.object
    light.ground_shadow(caster)
    first.accept()

    def middle_of_shadow() -> float:
        dark = before - brightness(shown)
        return float((places[:, 0] * dark).sum() / dark.sum())

    assert middle_of_shadow() < 0.1
    caster.location.x += 1
    assert middle_of_shadow() == pytest.approx(1.0, abs=0.15)
    sun.rotation_euler.y = -math.pi / 4
    assert middle_of_shadow() > 1.3
    light.ground_shadow(caster)
    assert len([each for each in shown.modifiers if each.name.startswith("Mint Shadow")]) == 1
    light.ground_shadow(caster, on=False)
    assert "Mint Shadow" not in bpy.data.node_groups and "Mint Shadow" not in bpy.data.collections
    with pytest.raises(UserError, match="is in no World"):
        light.ground_shadow(box((90, 0, 0)))


@pytest.mark.feature("shadows and light on splats")
def test_a_model_lands_on_the_floor_of_a_world_with_its_shadow(ground, tmp_path):
    """Beside the World it stays at its point, and throws none."""
    glb = tmp_path / "lamp.glb"
    glb.write_bytes(build_glb.box())
    heights = []
    for place in ((0.2, 2.5, 1.0), (90.0, 0.0, 1.0)):
        placed = place_model(glb, Provenance(job_id=str(place)), PlaceOptions(at=place))
        heights.append(bounds(placed.objects)[0][2])
    assert heights == pytest.approx([0.0, 1.0], abs=1e-4)
    shadows = [each for each in part(ground, "splats").modifiers if "Shadow" in each.name]
    assert len(shadows) == 1


def test_models_that_arrive_in_a_world_stand_in_no_wall(ground, tmp_path):
    """Who keeps clear of the one before goes where there is a floor; the first is where it was put."""
    glb = tmp_path / "crate.glb"
    glb.write_bytes(build_glb.box((-0.5, 0.0, -0.5), (0.5, 1.0, 0.5)))
    room = grid_layout.footprint(ground)
    at = (room.right - 1.0, 1.0, 0.0)
    crates = [
        place_model(glb, Provenance(job_id=str(number)), PlaceOptions(at=at, beside=True)).root
        for number in range(5)
    ]
    bpy.context.view_layer.update()
    assert crates[0].location.x == pytest.approx(at[0])
    spaces = [grid_layout.footprint(crate) for crate in crates]
    assert not any(one.touches(other) for one, other in combinations(spaces, 2))
    for space in spaces:
        assert room.left < space.left and space.right < room.right
        assert room.front < space.front and space.back < room.back
        assert space.bottom == pytest.approx(0.0, abs=1e-4)


@pytest.mark.feature("shadows and light on splats")
def test_a_world_is_mixed_with_the_light_of_the_scene(ground):
    """Its surfaces face the capture point, and are the nearest; 0 takes all of it back."""
    shown, before = part(ground, "splats"), DataSnapshot()
    materials = list(shown.data.materials)
    light.mix_with_scene_light(shown, 0.6)
    normals = dict(attributes(shown.data))["mint_normal"]
    np.testing.assert_allclose(normals, [(0, 0, 1)] * len(normals), atol=1e-4)
    surface = collider_surface(colliders(ground))
    low, high = surface.points.min(axis=0), surface.points.max(axis=0)
    around = np.random.default_rng(2).uniform(low, high, (500, 3))
    find = surface.tree().find_nearest
    nearest = np.array([find(place)[1] for place in around.tolist()])
    np.testing.assert_allclose(surface.normals_near(around), nearest, atol=1e-4)
    assert light.scene_light_of(shown) == pytest.approx(0.6) and not shown.visible_shadow
    light.mix_with_scene_light(ground, 1.0)
    assert light.scene_light_of(shown) == 1 and len(shown.data.materials) == len(materials) + 1
    caster = box((0, 2.5, 2))
    floor.drop_to_floor([caster])
    assert bottom(caster) == pytest.approx(0, abs=1e-4), "the copy of the collider is no floor"
    bpy.data.meshes.remove(caster.data)
    light.mix_with_scene_light(ground, 0.0)
    assert before.new() == [] and shown.visible_shadow
    assert list(shown.data.materials) == materials


@pytest.mark.feature("shadows and light on splats")
def test_shadow_and_light_are_rendered(ground, tmp_path):
    """Cycles shows the shadow where it is painted, the lamps of the scene, and that of the World."""
    scene, camera = bpy.context.scene, cameras._add_camera("Above", bpy.context.scene, None)
    camera.location = (0, 2.5, 3)
    camera.data.type, camera.data.ortho_scale = "ORTHO", 6
    caster = box((0, 2.5, 0.2))
    bpy.ops.object.light_add(type="SUN", rotation=(0, math.pi / 4, 0))

    def seen() -> tuple[float, float, float]:
        """Return how bright the floor is at x = -0.4 and at x = 1.5, and the box between them."""
        picture = synthetic_world.render(scene, camera, tmp_path / "seen.png", samples=16)
        row = picture[30:34].mean(axis=(0, 2))
        return row[40:43].mean(), row[70:74].mean(), row[47:49].mean()

    in_shadow, floor_beside, model = seen()
    light.ground_shadow(caster)
    darker, beside, _ = seen()
    assert darker < 0.8 * in_shadow and beside == pytest.approx(floor_beside, abs=0.02)
    light.mix_with_scene_light(ground, 1.0)
    _, beside, dark_model = seen()
    assert beside < 0.1 * floor_beside and dark_model < 0.1 * model, "below the ceiling of the room"
    bpy.ops.object.light_add(type="POINT", location=(1, 2.5, 2))
    bpy.context.object.data.energy = 200
    assert seen()[1] > 0.5 * floor_beside
