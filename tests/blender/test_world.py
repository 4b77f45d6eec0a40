# SPDX-License-Identifier: GPL-3.0-or-later
"""A World lands upright, to scale and in one piece, whatever of it there is; and what is missing is said."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.blender.scene import landing, world  # noqa: E402
from mint_blender.blender.scene.blocks import Inventory  # noqa: E402
from mint_blender.blender.scene.importer import ImportTrouble  # noqa: E402
from mint_blender.blender.scene.world import WorldFiles, WorldOptions  # noqa: E402
from mint_blender.files.errors import FileTrouble  # noqa: E402
from mint_blender.files.spz import Splats  # noqa: E402

from ..files import build_spz  # noqa: E402
from . import made_place  # noqa: E402
from .glbs import draco_box  # noqa: E402

CORNERS = np.array([[(made_place.LOW, made_place.HIGH)[i >> axis & 1][axis] for axis in range(3)] for i in range(8)])


def corner_splats(path: Path) -> Path:
    """A splat in each corner of the made room."""
    places = made_place.in_file(CORNERS).astype(np.float32)
    ones = np.ones((8, 1), np.float32)
    made = Splats(places, ones * [[0.05, 0.05, 0.05]], ones * [[1, 0, 0, 0]], ones * [[1, 1, 1, 0.9]], np.zeros((8, 0, 3), np.float32))
    path.write_bytes(build_spz.encode(made))
    return path


@pytest.fixture
def files(tmp_path):
    """All parts of the made room."""
    return WorldFiles(
        collider=made_place.collider(tmp_path / "collider.glb"),
        panorama=made_place.panorama(tmp_path / "panorama.png"),
        splats=corner_splats(tmp_path / "splats.spz"),
        caption="A room of six colours.",
        links={"rad": "https://files.example/place.rad", "spz_100k": "https://files.example/place.spz"},
    )


def build(files: WorldFiles, at=(0, 0, 0), **options) -> world.BuiltWorld:
    scene = bpy.context.scene
    built = world.build_world(
        files,
        name="Room",
        collection=scene.collection,
        scene=scene,
        at=at,
        options=WorldOptions(**options),
        properties={"mint_kind": "world"},
    )
    bpy.context.view_layer.update()
    return built


def part(root, name: str):
    found = [each for each in root.children_recursive if each.get("mint_part") == name]
    return found[0] if found else None


def places(each) -> np.ndarray:
    """Where an object's vertices or points are in the scene, sorted."""
    attribute = each.data.attributes["position"]
    flat = np.empty(len(attribute.data) * 3, np.float32)
    attribute.data.foreach_get("vector", flat)
    matrix = np.array(each.matrix_world)
    return ordered(np.unique(np.round(flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3], 2), axis=0))


def ordered(points: np.ndarray) -> np.ndarray:
    points = np.round(points, 2) + 0.0
    return points[np.lexsort(points.T)]


def test_the_root_carries_mints_calibration(files):
    """One root: a half turn about Y, 2.5 times as large, 1.5 up; what hangs on it has no transform of its own."""
    root = build(files).root
    assert tuple(root.location) == pytest.approx((0, 0, 1.5)) and tuple(root.scale) == pytest.approx((2.5, 2.5, 2.5))
    assert tuple(root.rotation_euler) == pytest.approx((0, math.pi, 0))
    for name in ("collider", "splats"):
        assert np.allclose(np.array(part(root, name).matrix_local), np.eye(4), atol=1e-6)
    assert root.parent is None and root.name == "Room" and root["mint_kind"] == "world"


def test_collider_and_splats_are_upright_to_scale_and_together(files):
    """Every corner of the room, from either file, stands where the upright room has it."""
    root = build(files, at=(3, 4, 0.5)).root
    expected = ordered(CORNERS * 2.5 + [3, 4, 2])
    np.testing.assert_allclose(places(part(root, "collider")), expected, atol=0.011)
    np.testing.assert_allclose(places(part(root, "splats")), expected, atol=0.011)


def test_scale_and_height_are_options(files):
    """Who knows better than Mint's calibration can say so."""
    root = build(files, scale=1, up=0.6).root
    np.testing.assert_allclose(places(part(root, "collider")), ordered(CORNERS + np.array([0, 0, 0.6])), atol=0.011)


def test_a_world_is_as_large_in_a_scene_of_centimetres(files):
    """Where a unit is a centimetre, the same room has a hundred times as many units; splats and collider still agree."""
    bpy.context.scene.unit_settings.scale_length = 0.01
    root = build(files).root
    expected = ordered((CORNERS * 2.5 + [0, 0, 1.5]) * 100)
    for name in ("collider", "splats"):
        np.testing.assert_allclose(places(part(root, name)), expected, atol=0.2)


def test_the_camera_starts_at_the_capture_point_and_looks_ahead(files):
    """At eye height, upright, along +Y, and it becomes the scene's camera only where there was none."""
    root = build(files, at=(1, 2, 0)).root
    camera = part(root, "camera")
    matrix = np.array(camera.matrix_world)
    np.testing.assert_allclose(matrix[:3, 3], (1, 2, 1.5), atol=1e-5)
    np.testing.assert_allclose(-matrix[:3, 2] / 2.5, (0, 1, 0), atol=1e-5)
    np.testing.assert_allclose(matrix[:3, 1] / 2.5, (0, 0, 1), atol=1e-5)
    assert bpy.context.scene.camera == camera
    second = build(files).root
    assert bpy.context.scene.camera == camera != part(second, "camera")
    assert part(build(files, camera=False).root, "camera") is None


def test_the_whole_world_renders_as_a_place(files, tmp_path):
    """From the capture point and from beside it, each pixel shows what the room has there."""
    root = build(replace(files, splats=None), at=(2, 1, 0)).root
    camera, point = part(root, "camera"), part(root, "capture_point")
    for location, turn in (((0, 0, 0), (math.pi / 2, 0, 0)), ((0.4, 0.4, 0.1), (1.3, 0.1, -0.6))):
        camera.location, camera.rotation_euler = location, turn
        bpy.context.view_layer.update()
        seen = made_place.render(bpy.context.scene, camera, tmp_path / "seen.png")
        assert made_place.agreement(seen, made_place.seen_from(camera, point.matrix_world)) > 0.9


@pytest.mark.parametrize("later", [False, True])
def test_a_collider_that_came_upright_is_turned_by_itself(files, tmp_path, later):
    """Its faces say that it is upright already: it stands with splats and panorama, which are not, and the user is told."""
    up = made_place.collider(tmp_path / "up.glb", down=False, ceiling=False)
    if later:
        root = build(replace(files, collider=None)).root
        world.add_part(root, "COLLIDER", up)
        bpy.context.view_layer.update()
    else:
        built = build(replace(files, collider=up))
        root = built.root
        assert any("upright already" in each for each in built.notes)
    expected = ordered(CORNERS * 2.5 + [0, 0, 1.5])
    np.testing.assert_allclose(places(part(root, "collider")), expected, atol=0.011)
    np.testing.assert_allclose(places(part(root, "splats")), expected, atol=0.011)
    world.flip_collider(root)
    bpy.context.view_layer.update()
    assert places(part(root, "collider"))[:, 2].max() == pytest.approx(1.5 + 0.6 * 2.5, abs=0.01)


def test_a_collider_that_came_upside_down_is_turned_with_the_rest(files, tmp_path):
    """The same room as Mint makes it, and one whose faces do not tell: both hang on the root as they are, the second with a word about it."""
    built = build(replace(files, collider=made_place.collider(tmp_path / "down.glb", ceiling=False)))
    np.testing.assert_allclose(places(part(built.root, "collider")), ordered(CORNERS * 2.5 + [0, 0, 1.5]), atol=0.011)
    assert not any("flip" in each for each in built.notes)
    closed = build(files)
    assert closed.root["mint_flipped"] and any("does not tell" in each for each in closed.notes)


def test_the_user_has_the_last_word_on_the_turn(files, tmp_path):
    """`flip=False`: all files have been set upright already, by a half turn about X; they face the same way and are not asked."""
    up = made_place.collider(tmp_path / "up.glb", down=False)
    root = build(replace(files, collider=up, splats=None), flip=False).root
    np.testing.assert_allclose(places(part(root, "collider")), ordered(CORNERS * 2.5 + [0, 0, 1.5]), atol=0.011)
    assert places(part(build(files, flip=False).root, "collider"))[:, 2].max() == pytest.approx(1.5 + 0.6 * 2.5, abs=0.01)


@pytest.mark.parametrize("turned_by_hand", [False, True])
def test_flip_turns_the_files_over_and_leaves_the_camera_upright(files, turned_by_hand):
    """One press turns collider and splats over, a second turns them back; panorama and camera stay as they are."""
    root = build(files).root
    if turned_by_hand:
        root.rotation_euler[2] = 0.7
        bpy.context.view_layer.update()
    before = places(part(root, "collider"))
    camera = np.array(part(root, "camera").matrix_world)
    world.flip(root)
    bpy.context.view_layer.update()
    assert places(part(root, "collider"))[:, 2].max() == pytest.approx(1.5 + 0.6 * 2.5, abs=0.02)
    np.testing.assert_allclose(np.array(part(root, "camera").matrix_world), camera, atol=1e-4)
    world.flip(root)
    bpy.context.view_layer.update()
    np.testing.assert_allclose(places(part(root, "collider")), before, atol=0.021)
    np.testing.assert_allclose(np.array(part(root, "camera").matrix_world), camera, atol=1e-4)


COLLIDERS = [
    ("AUTO", True, False, True),
    ("AUTO", True, True, False),
    ("AUTO", False, False, False),
    ("PHYSICS", True, False, False),
    ("VISIBLE", True, True, True),
    ("VISIBLE", False, False, True),
]


@pytest.mark.parametrize(("how", "with_panorama", "with_splats", "visible"), COLLIDERS)
def test_the_collider_is_physics_or_the_visible_place(files, how, with_panorama, with_splats, visible):
    """By default it is seen where there is a panorama and no splats are shown; otherwise it is wire and not rendered."""
    given = replace(files, panorama=files.panorama if with_panorama else None, splats=files.splats if with_splats else None)
    shape = part(build(given, collider=how).root, "collider")
    assert (shape.display_type, shape.hide_render) == (("TEXTURED", False) if visible else ("WIRE", True))
    assert bool(shape.data.materials) == (visible and with_panorama)


def test_the_collider_can_be_changed_afterwards(files):
    """Physics and back, without a second material."""
    root = build(files).root
    shape = part(root, "collider")
    for how, hidden in (("VISIBLE", False), ("PHYSICS", True), ("VISIBLE", False), ("AUTO", True)):
        world.show_collider(root, how)
        assert shape.hide_render is hidden
    assert sum(each.name.startswith("Room Panorama") for each in bpy.data.materials) == 1


@pytest.mark.parametrize("turn", [None, world.flip_collider, world.flip])
def test_solid_shading_finds_the_panorama_on_the_collider(files, turn):
    """Each vertex has the colour that is seen in its direction from the capture point, also once something was turned over."""
    root = build(replace(files, splats=None, collider=finer(files.collider))).root
    shape, point = part(root, "collider"), part(root, "capture_point")
    if turn is not None:
        turn(root)
    bpy.context.view_layer.update()
    colour = shape.data.attributes.active_color
    seen = np.empty(len(shape.data.vertices) * 4, np.float32)
    colour.data.foreach_get("color_srgb", seen)
    matrix = np.array(point.matrix_world.inverted() @ shape.matrix_world)
    corners = np.array([each.co for each in shape.data.vertices]) @ matrix[:3, :3].T
    expected = made_place.colours(np.zeros(3), corners)
    assert (np.abs(seen.reshape(-1, 4)[:, :3] - expected).max(axis=1) < 0.05).mean() > 0.85
    world.remove_part(root, "PANORAMA")
    assert not shape.data.attributes.active_color and not shape.data.materials


def test_a_deleted_capture_point_comes_back_when_it_is_needed(files):
    """The panorama is projected from there: who has deleted the empty can still show the collider, and add the panorama anew."""
    root = build(replace(files, splats=None), collider="PHYSICS", camera=False).root
    bpy.data.objects.remove(part(root, "capture_point"))
    world.show_collider(root, "VISIBLE")
    bpy.context.view_layer.update()
    np.testing.assert_allclose(part(root, "capture_point").matrix_world.translation, (0, 0, 1.5), atol=1e-5)
    bpy.data.objects.remove(part(root, "capture_point"))
    world.add_part(root, "PANORAMA", files.panorama)
    assert part(root, "capture_point")


def finer(collider: Path) -> Path:
    """The collider with thousands of triangles, as Mint's have."""
    bpy.ops.import_scene.gltf(filepath=str(collider))
    shape = bpy.context.active_object
    shape.modifiers.new("Finer", "SUBSURF").subdivision_type = "SIMPLE"
    shape.modifiers[0].levels = 5
    bpy.ops.export_scene.gltf(filepath=str(collider), export_apply=True, export_materials="NONE")
    bpy.data.objects.remove(shape)
    return collider


def test_the_collider_can_be_a_rigid_body(files):
    """Passive, of the mesh's own shape, in a scene that had no rigid body world."""
    body = part(build(files, rigid_body=True).root, "collider").rigid_body
    assert (body.type, body.collision_shape) == ("PASSIVE", "MESH")
    assert part(build(files).root, "collider").rigid_body is None


def test_things_fall_onto_the_rigid_collider(files):
    """A ball dropped at the capture point comes to rest on the floor of the room."""
    build(files, rigid_body=True)
    scene = bpy.context.scene
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.2, location=(0, 0, 1.5))
    ball = bpy.context.object
    bpy.ops.rigidbody.object_add()
    for frame in range(1, 61):
        scene.frame_set(frame)
    height = ball.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world.translation.z
    assert height == pytest.approx(1.5 - 0.6 * 2.5 + 0.2, abs=0.1)


def test_caption_and_links_are_on_the_root(files):
    """What cannot be shown is kept as text; RAD is named and linked."""
    built = build(files)
    assert built.root["mint_caption"] == "A room of six colours."
    assert built.root["mint_link_rad"] == "https://files.example/place.rad"
    assert any("RAD" in each and "mint_link_rad" in each for each in built.notes)


def test_what_is_missing_is_said(files):
    """Only the collider came: a sentence for each of the other parts, and no error."""
    notes = " ".join(build(WorldFiles(collider=files.collider)).notes)
    for words in ("No panorama", "No splats", "No RAD"):
        assert words in notes
    left_out = " ".join(build(replace(files, splats=None)).notes)
    assert "left out" in left_out and "100k" in left_out


@pytest.mark.parametrize("only", ["collider", "panorama", "splats"])
def test_any_one_part_is_enough(files, only):
    """A World of which only one part came is shown as that."""
    given = WorldFiles(**{only: getattr(files, only)})
    built = build(given)
    assert built.root["mint_flipped"] and part(built.root, "capture_point")
    assert (bpy.context.scene.world is not None) == (only == "panorama")


def test_nothing_at_all_is_an_error():
    """A World without any file is not an empty root in the scene."""
    before = Inventory()
    with pytest.raises(ImportTrouble, match="Nothing of this World"):
        build(WorldFiles(caption="A room."))
    assert before.new() == []


def test_parts_can_be_left_out(files):
    """What the options leave out is not there, though its file is."""
    root = build(files, collider="NONE", splats=False, panorama_as_world=False).root
    assert part(root, "collider") is None and part(root, "splats") is None and bpy.context.scene.world is None
    assert world.show_panorama(root) and bpy.context.scene.world is not None


def test_parts_can_be_added_later(files):
    """Collider first, panorama and splats afterwards: as if all had come together."""
    root = build(WorldFiles(collider=files.collider)).root
    shape = part(root, "collider")
    assert shape.hide_render
    world.add_part(root, "PANORAMA", files.panorama)
    assert not shape.hide_render and shape.data.materials and bpy.context.scene.world is not None
    world.add_part(root, "SPLATS", files.splats)
    assert shape.hide_render
    bpy.context.view_layer.update()
    np.testing.assert_allclose(places(part(root, "splats")), places(shape), atol=0.011)
    world.remove_part(root, "SPLATS")
    assert part(root, "splats") is None and not shape.hide_render
    world.remove_part(root, "PANORAMA")
    assert bpy.context.scene.world is None and shape.hide_render


def test_a_part_takes_the_place_of_an_earlier_one(files, tmp_path):
    """More splats for fewer: one object of them, not two."""
    root = build(files).root
    more = tmp_path / "more.spz"
    more.write_bytes(build_spz.encode(build_spz.made_up(40)))
    world.add_part(root, "SPLATS", more)
    clouds = [each for each in root.children_recursive if each.get("mint_part") == "splats"]
    assert len(clouds) == 1 and len(clouds[0].data.attributes["position"].data) == 40
    world.add_part(root, "COLLIDER", files.collider)
    assert len([each for each in root.children_recursive if each.get("mint_part") == "collider"]) == 1


@pytest.mark.parametrize("name", ["collider", "panorama", "splats"])
def test_a_bad_part_added_later_changes_nothing(files, tmp_path, name):
    """The World that was there is still there, with the part it had."""
    root = build(files).root
    before, objects, scene_world = Inventory(), set(root.children_recursive), bpy.context.scene.world
    bad = tmp_path / "bad"
    bad.write_bytes(b"<!DOCTYPE html><title>404</title>")
    with pytest.raises((FileTrouble, ImportTrouble)):
        world.add_part(root, name.upper(), bad)
    assert before.new() == [] and set(root.children_recursive) == objects and bpy.context.scene.world == scene_world


@pytest.mark.parametrize("name", ["collider", "panorama", "splats"])
@pytest.mark.parametrize(
    "content", [b"", b"<!DOCTYPE html><title>404</title>", b"glTF\2\0\0\0\xff\xff\xff\x7f", b"NGSP" + b"\xff" * 60, b"\x89PNG\r\n\x1a\n"]
)
def test_a_bad_file_leaves_the_scene_as_it_was(files, tmp_path, name, content):
    """Whichever part is bad and in whatever way: one sentence, no half of a World, and the scene's own World back."""
    scene = bpy.context.scene
    scene.world = own = bpy.data.worlds.new("Mine")
    bad = tmp_path / "bad.bin"
    bad.write_bytes(content)
    before = Inventory()
    with pytest.raises(ImportTrouble) as caught:
        landing.land_world(replace(files, **{name: bad}), landing.Provenance(job_id="j", kind="world", name="Room"))
    assert str(caught.value).rstrip(".!") and "Traceback" not in str(caught.value)
    assert before.new() == [] and scene.world == own and not scene.objects


def test_a_collider_packed_with_draco_is_a_collider(files, tmp_path):
    """Compressed as Mint's optimiser does it: the same walls in the same places, with the panorama on them."""
    glb = made_place.Glb()
    low, high = made_place.in_file(np.array([made_place.LOW, made_place.HIGH]))
    glb.node(mesh=glb.mesh(draco_box(glb, tuple(np.minimum(low, high)), tuple(np.maximum(low, high)))))
    root = build(replace(files, collider=glb.save(tmp_path / "packed.glb"), splats=None)).root
    shape = part(root, "collider")
    np.testing.assert_allclose(places(shape), ordered(CORNERS * 2.5 + [0, 0, 1.5]), atol=0.011)
    assert shape.data.materials and not shape.hide_render


def test_a_collider_without_triangles_is_refused(files, tmp_path):
    """Points alone are no collider."""
    glb = made_place.Glb()
    glb.node(mesh=glb.mesh({"attributes": {"POSITION": glb.accessor(CORNERS, "f4")}, "mode": 0}), name="points")
    with pytest.raises(ImportTrouble):
        landing.land_world(replace(files, collider=glb.save(tmp_path / "points.glb")), landing.Provenance(job_id="j", kind="world"))
    assert not bpy.context.scene.objects


def test_a_saved_world_is_whole(files, tmp_path):
    """Saved, the downloads gone, opened again: background, projection and splats are all there, and the earlier World too."""
    bpy.context.scene.world = bpy.data.worlds.new("Mine")
    build(files)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    for each in (files.collider, files.panorama, files.splats):
        each.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    scene, root = bpy.context.scene, bpy.data.objects["Room"]
    assert world.restore_earlier_world(scene) and scene.world.name == "Mine"
    assert world.show_panorama(root, scene) and scene.world.name == "Room Panorama"
    world.remove_part(root, "SPLATS")
    camera = part(root, "camera")
    bpy.context.view_layer.update()
    seen = made_place.render(scene, camera, tmp_path / "seen.png")
    assert made_place.agreement(seen, made_place.seen_from(camera, part(root, "capture_point").matrix_world)) > 0.9
