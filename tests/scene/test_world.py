# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing a World: upright, to scale, in one piece; missing parts are named."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")


from mint_blender.scene import place
from mint_blender.scene.gltf.gltf_import import SceneImportError
from mint_blender.scene.transaction import DataSnapshot
from mint_blender.scene.world import build as world_build
from mint_blender.scene.world import collider, panorama, world_objects
from mint_blender.scene.world import edit as world_edit
from mint_blender.scene.world.build import WorldFiles

from ..files import build_spz
from . import synthetic_world
from .world_helpers import CORNERS, assert_at, build, ordered, part, places


@pytest.mark.covers("R-world", "C10-links", "C11-upright")
@pytest.mark.feature("import of Worlds")
def test_a_world_is_upright_to_scale_and_together(files):
    """The root stands on the floor, neutral; an empty below it has Mint's calibration."""
    root = build(files, at=(3, 4, 0.5)).root
    assert root.location[:] == (3, 4, 0.5) and root.scale[:] == (1, 1, 1)
    assert root.rotation_euler[:] == (0, 0, 0)
    assert root.parent is None and root.name == "Room" and root["mint_kind"] == "world"
    (holder,) = root.children
    assert holder.location[:] == pytest.approx((0, 0, 1.5))
    assert holder.scale[:] == pytest.approx((2.5, 2.5, 2.5))
    assert holder.rotation_euler[:] == pytest.approx((0, math.pi, 0))
    for name in ("collider", "splats"):
        assert part(root, name).parent == holder
        assert np.allclose(np.array(part(root, name).matrix_local), np.eye(4), atol=1e-6)
        assert_at(part(root, name), CORNERS * 2.5 + [3, 4, 2])
    assert root["mint_caption"] == "A room of six colors."
    assert root["mint_link_rad"] == "https://files.example/place.rad"


@pytest.mark.parametrize("unit", [0.01, 0.3048])
def test_a_world_keeps_its_size_in_any_unit(files, unit):
    """In centimeters it has a hundred times as many units; splats and collider still agree."""
    bpy.context.scene.unit_settings.scale_length = unit
    root = build(files).root
    expected = (CORNERS * 2.5 + [0, 0, 1.5]) / unit
    for name in ("collider", "splats"):
        np.testing.assert_allclose(places(part(root, name)), ordered(expected), atol=0.2)
    lens = part(root, "camera").data
    assert (lens.clip_start * unit, lens.clip_end * unit) == pytest.approx((0.01, 1000))


@pytest.mark.covers("R-world")
def test_the_camera_starts_at_the_capture_point_and_looks_ahead(files):
    """At eye height along +Y; it becomes the scene's camera only where there was none."""
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


@pytest.mark.covers("C10-parts")
def test_missing_parts_are_named(files):
    """With the collider alone there is a note for each other part, and no error."""
    notes = " ".join(build(WorldFiles(collider=files.collider)).notes)
    for words in ("has no panorama", "has no splats"):
        assert words in notes
    left_out = " ".join(build(replace(files, splats=None)).notes)
    assert "not imported" in left_out and "100k" in left_out


@pytest.mark.covers("C10-parts")
@pytest.mark.parametrize("only", ["collider", "panorama", "splats"])
def test_any_one_part_is_enough(files, only):
    """A World with only one part is placed."""
    given = WorldFiles(**{only: getattr(files, only)})
    built = build(given)
    assert built.root["mint_flipped"] and part(built.root, "capture_point")
    assert (bpy.context.scene.world is not None) == (only == "panorama")


def test_a_world_without_files_is_an_error():
    """No empty root is left in the scene."""
    before = DataSnapshot()
    with pytest.raises(SceneImportError, match="Cannot import this World"):
        build(WorldFiles(caption="A room."))
    assert before.new() == []


def test_parts_can_be_left_out(files):
    """Options leave parts out although their files are there."""
    root = build(files, collider="NONE", splats=False, panorama_as_world=False).root
    assert part(root, "collider") is None
    assert part(root, "splats") is None
    assert bpy.context.scene.world is None
    assert world_edit.show_panorama(root) and bpy.context.scene.world is not None


def test_parts_can_be_added_later(files):
    """The result is the same as if all parts had come together."""
    root = build(WorldFiles(collider=files.collider)).root
    shape = part(root, "collider")
    assert shape.hide_render
    world_build.add_parts(root, {"PANORAMA": files.panorama})
    assert not shape.hide_render and shape.data.materials and bpy.context.scene.world is not None
    world_build.add_parts(root, {"SPLATS": files.splats})
    assert shape.hide_render
    bpy.context.view_layer.update()
    np.testing.assert_allclose(places(part(root, "splats")), places(shape), atol=0.011)
    world_build.remove_part(root, "SPLATS")
    assert part(root, "splats") is None and not shape.hide_render
    world_build.remove_part(root, "PANORAMA")
    assert bpy.context.scene.world is None and shape.hide_render


def test_a_part_replaces_an_earlier_one(files, tmp_path):
    """After a larger tier of splats was added there is one object of splats."""
    root = build(files).root
    more = tmp_path / "more.spz"
    more.write_bytes(build_spz.encode(build_spz.made_up(40)))
    world_build.add_parts(root, {"SPLATS": more})
    (cloud,) = world_objects.parts_of(root, "splats")
    assert len(cloud.data.attributes["position"].data) == 40
    world_build.add_parts(root, {"COLLIDER": files.collider})
    assert len(world_objects.parts_of(root, "collider")) == 1


BAD = [b"", b"<!DOCTYPE html><title>404</title>", b"glTF\2\0\0\0\xff\xff\xff\x7f", b"NGSP" + b"\xff" * 60, b"\x89PNG\r\n\x1a\n"]  # fmt: skip
ROOM = place.Provenance(job_id="j", kind="world", name="Room")


@pytest.mark.parametrize("content", BAD)
def test_a_bad_collider_changes_nothing(files, tmp_path, content):
    """There is one sentence, no part of a World, and the scene's own World."""
    scene = bpy.context.scene
    scene.world = own = bpy.data.worlds.new("Mine")
    bad = tmp_path / "bad.bin"
    bad.write_bytes(content)
    before = DataSnapshot()
    with pytest.raises(SceneImportError) as caught:
        place.place_world(replace(files, collider=bad), ROOM)
    assert str(caught.value).rstrip(".!") and "Traceback" not in str(caught.value)
    assert before.new() == [] and scene.world == own and not scene.objects


PIXELS = synthetic_world.png(np.random.default_rng(1).random((32, 64, 3)))
SPLATS = build_spz.encode(build_spz.made_up(200))
LATE = {"panorama": bytearray(PIXELS), "splats": bytearray(SPLATS)}
"""Whose headers are good and whose content is not: nobody has looked at it before the landing."""
for content in LATE.values():
    content[len(content) // 2 :] = bytes(byte ^ 0x55 for byte in content[len(content) // 2 :])


@pytest.mark.parametrize("name", LATE)
def test_a_part_that_fails_late_is_left_out(files, tmp_path, name):
    """The rest of the World is placed, and a note says why; alone, it is an error."""
    for number, content in enumerate([LATE[name], *BAD]):
        bad = tmp_path / f"bad{number}.bin"
        bad.write_bytes(content)
        before = DataSnapshot()
        built = build(replace(files, **{name: bad}))
        (note,) = [each for each in built.notes if "cannot be used" in each]
        assert note.startswith(f"The {name} cannot be used. ") and bad.name in note
        assert not world_objects.has_part(built.root, name.upper())
        assert part(built.root, "collider") is not None
        assert not any(each.name.startswith("Room") and each.users == 0 for each in before.new())
        before = DataSnapshot()
        with pytest.raises(SceneImportError, match=bad.name):
            place.place_world(WorldFiles(**{name: bad}), ROOM)
        assert before.new() == []


def _built_on(root) -> dict[str, bpy.types.Object]:
    """Add objects that are parented to the collider, follow it, or look at it."""
    shape, made = part(root, "collider"), {}
    for name in ("Chair", "Moss", "Cat"):
        made[name] = bpy.data.objects.new(name, bpy.data.meshes.new(name))
        bpy.context.scene.collection.objects.link(made[name])
    made["Chair"].parent = shape
    made["Chair"].location = (0.4, 0.2, 0.1)
    made["Moss"].modifiers.new("Cling", "SHRINKWRAP").target = shape
    made["Cat"].constraints.new("TRACK_TO").target = shape
    collider.add_rigid_bodies([shape], bpy.context.scene)
    bpy.context.view_layer.update()
    return made


def test_references_to_the_collider_are_moved_to_the_new_one(files):
    """Children stay where they are; modifier, constraint and rigid body use the new collider."""
    root = build(files).root
    built = _built_on(root)
    stood = np.array(built["Chair"].matrix_world)
    world_build.add_parts(root, {"COLLIDER": files.collider})
    bpy.context.view_layer.update()
    new = part(root, "collider")
    assert built["Moss"].modifiers[0].target == new and built["Cat"].constraints[0].target == new
    np.testing.assert_allclose(np.array(built["Chair"].matrix_world), stood, atol=1e-5)
    assert new.rigid_body is not None
    world_build.remove_part(root, "COLLIDER")
    bpy.context.view_layer.update()
    np.testing.assert_allclose(np.array(built["Chair"].matrix_world), stood, atol=1e-5)
    assert built["Chair"].parent == root


def test_removing_the_panorama_restores_the_world_of_every_scene(files):
    """It was shown in two scenes and is removed in one of them."""
    other = bpy.data.scenes.new("Other")
    for scene, name in ((bpy.context.scene, "Day"), (other, "Night")):
        scene.world = bpy.data.worlds.new(name)
    root = build(files).root
    assert world_edit.show_panorama(root, other)
    world_build.remove_part(root, "PANORAMA")
    assert (bpy.context.scene.world.name, other.world.name) == ("Day", "Night")


def test_a_saved_world_is_complete(files, tmp_path):
    """Without the downloads, background, projection and splats are there after opening."""
    bpy.context.scene.world = bpy.data.worlds.new("Mine")
    build(files)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    for each in (files.collider, files.panorama, files.splats):
        each.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    scene, root = bpy.context.scene, bpy.data.objects["Room"]
    assert panorama.restore_earlier_world(scene) and scene.world.name == "Mine"
    assert world_edit.show_panorama(root, scene) and scene.world.name == "Room Panorama"
    world_build.remove_part(root, "SPLATS")
    camera, point = part(root, "camera"), part(root, "capture_point")
    camera.location, camera.rotation_euler = (0.4, 0.4, 0.1), (1.3, 0.1, -0.6)
    bpy.context.view_layer.update()
    seen = synthetic_world.render(scene, camera, tmp_path / "seen.png")
    expected = synthetic_world.seen_from(camera, point.matrix_world)
    assert synthetic_world.agreement(seen, expected) > 0.9
