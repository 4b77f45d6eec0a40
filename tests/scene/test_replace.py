# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing a model: what the user built around it stays, and it moves as the new version does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.bounds import bounds
from mint_blender.scene.model import cleanup
from mint_blender.scene.place import PlaceOptions, Provenance, find, place_model
from mint_blender.scene.update.replace import replace_model

from .replace_helpers import (
    FIRST,
    KEPT,
    SECOND,
    add_target,
    height_of,
    named_parts,
    new_empty,
    only_object,
    place_first,
)


@pytest.fixture
def larger(tmp_path: Path) -> Path:
    """Write the revised version: twice as wide as the first, and as high."""
    return glb_fixtures.simple(tmp_path / "larger.glb", (-1, 0, -0.5), (1, 1, 0.5))


def _parts(path: Path, *names: str) -> Path:
    glb = glb_fixtures.Glb()
    for number, name in enumerate(names):
        low, high = (-0.5, number, -0.5), (0.5, number + 1, 0.5)
        box = glb_fixtures.box(glb, low, high, glb.material(name=name))
        glb.node(mesh=glb.mesh(box, name=name), name=name)
    return glb.save(path)


def _size(root: bpy.types.Object) -> list[float]:
    low, high = bounds([root, *root.children_recursive])
    return [round(high[axis] - low[axis], 4) for axis in range(3)]


def _built_around(root: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """Do to a model what a user may do, and return the objects made."""
    scene = bpy.context.scene
    names = ("Table", "Watcher", "Compass", "Shade", "Driven")
    made = {name: new_empty(name) for name in names}
    props = bpy.data.collections.new("Props")
    scene.collection.children.link(props)
    props.objects.link(root)
    root.name = "My lamp"
    root.parent = made["Table"]
    root.location, root.rotation_euler, root.scale = (1, 2, 3), (0.1, 0.2, 0.3), (2, 2, 2)
    root.constraints.new("COPY_ROTATION").target = made["Compass"]
    made["Watcher"].constraints.new("TRACK_TO").target = root
    made["Shade"].parent = root
    variable = made["Driven"].driver_add("location", 0).driver.variables.new()
    variable.type, variable.targets[0].id = "TRANSFORMS", root
    return made


@pytest.mark.feature("replacing a model by a new version")
def test_everything_around_the_model_stays(model: Path, larger: Path) -> None:
    """Name, transform, parent, collections, modifiers, constraints and drivers are kept."""
    root = place_model(model, FIRST).root
    copy = bpy.data.objects.new("Copy", root.data)
    made = _built_around(root)
    root.modifiers.new("Bevel", "BEVEL").width = 0.02
    collections = set(root.users_collection)
    placed = replace_model(larger, SECOND, root)
    assert placed.root == root == find(job_id="job_2").root and find(job_id="job_1") is None
    assert root["mint_prompt"] == SECOND.prompt and placed.objects == (root, made["Shade"])
    assert copy.data == root.data
    assert root.name == "My lamp"
    assert root.parent == made["Table"]
    assert set(root.users_collection) == collections
    assert root.location[:] == (1, 2, 3)
    assert root.scale[:] == (2, 2, 2)
    assert root.rotation_euler[:] == pytest.approx((0.1, 0.2, 0.3))
    assert [each.name for each in root.modifiers] == ["Bevel"]
    assert root.modifiers[0].width == pytest.approx(0.02)
    assert root.constraints[0].target == made["Compass"]
    assert made["Watcher"].constraints[0].target == root
    assert made["Driven"].animation_data.drivers[0].driver.variables[0].targets[0].id == root
    assert made["Shade"].parent == root
    assert max(abs(vertex.co.x) for vertex in root.data.vertices) == pytest.approx(1)


def test_the_earlier_version_is_a_hidden_copy(model: Path, larger: Path) -> None:
    """It has mesh, material and picture of its own, and the names of the new ones stay plain."""
    root = place_model(model, FIRST).root
    mesh, material = root.data, root.active_material
    kinds = ("objects", "meshes", "materials", "images", "collections", "scenes")
    before = {kind: len(getattr(bpy.data, kind)) for kind in kinds}
    assert replace_model(larger, replace(SECOND, name="Lamp"), root).notes == (KEPT,)
    twice = ("objects", "meshes", "materials", "images")
    assert {kind: len(getattr(bpy.data, kind)) for kind in kinds} == {
        kind: count * (2 if kind in twice else 1) for kind, count in before.items()
    }
    kept = bpy.data.objects["Lamp (earlier)"]
    assert (kept.data, kept.active_material) == (mesh, material)
    assert kept.hide_viewport and kept.hide_render and not root.hide_viewport
    assert root.data.name == root.active_material.name == "Lamp"
    assert mesh.name == material.name == "Lamp (earlier)"
    assert {each.name for each in bpy.data.images} == {"Lamp", "Lamp (earlier)"}
    assert find(job_id="job_1") is None


def test_the_hidden_copy_is_whole(tmp_path: Path) -> None:
    """Parts, bones, pose and animation are those of the earlier version, and belong together."""
    root = place_model(glb_fixtures.skinned(tmp_path / "a.glb", waves=("wave",)), FIRST).root
    made = _built_around(root)
    armature, body = (
        next(each for each in root.children_recursive if each.type == kind)
        for kind in ("ARMATURE", "MESH")
    )
    bones, action, names = armature.data, armature.animation_data.action, (armature.name, body.name)
    bone = armature.pose.bones["upper"]
    bone.constraints.new("COPY_ROTATION").target = armature
    bone["strength"] = 0.5
    bpy.context.view_layer.update()
    where = root.matrix_world.copy()
    later = glb_fixtures.skinned(tmp_path / "b.glb", bones=("lower", "head"), waves=("nod",))
    replace_model(later, SECOND, root)
    kept = bpy.data.objects["My lamp (earlier)"]
    skeleton, skin = (bpy.data.objects[f"{name} (earlier)"] for name in names)
    assert (kept.parent, skeleton.parent) == (made["Table"], kept)
    assert kept.matrix_world == where and kept.constraints[0].target == made["Compass"]
    assert skin in kept.children_recursive and skin.modifiers[0].object == skeleton
    assert skeleton.data == bones and skeleton.animation_data.action == action
    assert [each.name for each in skeleton.pose.bones] == ["lower", "upper"]
    bone = skeleton.pose.bones["upper"]
    assert bone.constraints[0].target == skeleton and bone["strength"] == 0.5
    assert all(each.hide_viewport for each in (kept, skeleton, skin))
    assert not set(kept.children_recursive) & set(root.children_recursive)


def test_another_model_parented_to_it_stays(tmp_path: Path, larger: Path) -> None:
    """A cup from Mint on a table from Mint is kept when the table is replaced."""
    table = place_model(_parts(tmp_path / "a.glb", "leg", "top"), FIRST).root
    other = Provenance(job_id="job_3", name="Cup")
    cup = place_model(_parts(tmp_path / "b.glb", "body", "handle"), other).root
    (cup.parent,) = named_parts(table, "top")
    replace_model(larger, SECOND, table)
    assert cup.parent == table and len(cup.children) == 2
    assert all(each.data for each in cup.children)


def test_the_requested_height_is_kept(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new version 10 high becomes 6 high: 3 was requested, and the user doubled it.

    No vertex is read for that, since a large mesh would hold the window: Blender knows the bounding
    box of what is not rotated.
    """
    root = place_model(model, FIRST, PlaceOptions(at=(0, 0, 0), height=3)).root
    root.scale = [2 * value for value in root.scale]
    replace_model(glb_fixtures.simple(tmp_path / "tall.glb", (-1, 0, -1), (1, 10, 1)), SECOND, root)
    assert _size(root) == pytest.approx([1.2, 1.2, 6])
    root.rotation_euler = (0.3, 0.2, 0.1)
    bpy.context.view_layer.update()
    monkeypatch.delattr("mint_blender.scene.bounds.world_points")
    replace_model(model, SECOND, root)
    assert root.dimensions[:] == pytest.approx((6, 6, 6))


@pytest.mark.parametrize("turned", [(0, 0, 0), (0, np.pi / 2, np.pi), (0.3, 0.2, 0.1)])
def test_bounds_are_those_of_the_vertices(model: Path, turned: tuple[float, ...]) -> None:
    """Whether or not the bounding box of the mesh is that of the object."""
    root = place_model(model, FIRST, PlaceOptions(at=(1, 2, 3))).root
    root.rotation_euler, root.scale = turned, (1, 2, 0.5)
    bpy.context.view_layer.update()
    points = np.array([root.matrix_world @ each.co for each in root.data.vertices])
    expected = np.min(points, axis=0), np.max(points, axis=0)
    assert np.allclose(bounds([root]), expected, atol=1e-5)


def test_parts_are_matched_by_name(tmp_path: Path) -> None:
    """A part that comes again keeps its modifier; children of one that does not get the root."""
    root = place_first(_parts(tmp_path / "a.glb", "foot", "shade"))
    foot, shade = named_parts(root, "foot", "shade")
    foot.modifiers.new("Bevel", "BEVEL")
    flag, watcher = new_empty("Flag"), new_empty("Watcher")
    flag.parent, flag.location = shade, (0, 0, 5)
    bpy.context.view_layer.update()
    where = flag.matrix_world.translation.copy()
    watcher.constraints.new("TRACK_TO").target = shade
    later = _parts(tmp_path / "b.glb", "foot", "bulb", "cap")
    replace_model(later, Provenance(job_id="job_2", name="Lamp"), root)
    bpy.context.view_layer.update()
    assert {each.name for each in root.children} == {"Lamp foot", "Lamp bulb", "Lamp cap", "Flag"}
    assert [each.type for each in foot.modifiers] == ["BEVEL"] and foot.parent == root
    assert flag.matrix_world.translation == where
    assert watcher.constraints[0].target == root
    assert _size(root) == [1, 1, 3]


def test_several_parts_are_joined_to_the_one_mesh(model: Path, tmp_path: Path) -> None:
    """The earlier version was one mesh with a modifier, which stays on the joined mesh."""
    root = place_first(model)
    root.modifiers.new("Bevel", "BEVEL")
    placed = replace_model(_parts(tmp_path / "b.glb", "foot", "bulb", "cap"), SECOND, root)
    kinds = (bpy.data.objects, bpy.data.meshes, bpy.data.collections)
    assert [len(each) for each in kinds] == [2, 2, 2]
    assert placed.objects == (root,)
    assert (len(root.data.polygons), len(root.data.materials)) == (36, 3)
    root.modifiers.clear()
    assert _size(root) == [1, 1, 3]


@pytest.mark.parametrize("make", [glb_fixtures.animated, glb_fixtures.skinned])
def test_animated_parts_are_parented_to_the_earlier_root(make, model: Path, tmp_path: Path) -> None:
    """A new version with bones or animation keeps the root, which still moves all of it."""
    root = place_first(model)
    made = _built_around(root)
    root.parent, root.rotation_euler = None, (0, 0, 0)
    replace_model(make(tmp_path / "b.glb"), SECOND, root)
    assert made["Watcher"].constraints[0].target == root
    assert root.scale[:] == (2, 2, 2)
    assert any(each.type == "ARMATURE" or each.animation_data for each in root.children_recursive)
    made["Shade"].parent = None
    assert _size(root)[2] == pytest.approx(4 if make is glb_fixtures.skinned else 2)


def test_lost_modifiers_and_constraints_are_named(model: Path, tmp_path: Path) -> None:
    """The user put them on a part that does not come again."""
    root = place_model(glb_fixtures.animated(tmp_path / "a.glb"), FIRST).root
    assert replace_model(glb_fixtures.animated(tmp_path / "b.glb"), SECOND, root).notes == (KEPT,)
    part = next(each for each in root.children_recursive if each.animation_data)
    name = part.name
    part.modifiers.new("My bevel", "BEVEL")
    part.constraints.new("COPY_LOCATION").name = "My constraint"
    _, note = replace_model(model, FIRST, root).notes
    assert f"“{name}”" in note and "My bevel" in note and "My constraint" in note
    kept = bpy.data.objects[f"{name} (earlier).001"]
    assert [each.name for each in kept.modifiers] == ["My bevel"]


def test_one_mesh_is_parented_to_the_earlier_empty(model: Path, tmp_path: Path) -> None:
    """The root stays an empty; the new mesh is where the parts were."""
    parts, where = _parts(tmp_path / "a.glb", "foot", "shade"), PlaceOptions(at=(1, 0, 0))
    root = place_model(parts, FIRST, where).root
    replace_model(model, SECOND, root)
    assert root.type == "EMPTY" and [each.type for each in root.children] == ["MESH"]
    low, high = bounds([root, *root.children])
    assert (low, high) == (pytest.approx((0.5, -0.5, 0)), pytest.approx((1.5, 0.5, 1)))


# -- Bones


def test_what_the_user_has_put_on_bones_stays(tmp_path: Path) -> None:
    """Constraints, children and drivers are on the same armature after the replacement."""
    root = place_first(glb_fixtures.skinned(tmp_path / "a.glb"))
    armature, body = only_object(root, "ARMATURE"), only_object(root, "MESH")
    hat, compass, needle = (new_empty(name) for name in ("Hat", "Compass", "Needle"))
    bone = armature.pose.bones["upper"]
    bone.constraints.new("COPY_ROTATION").target = compass
    bone["strength"] = 0.5
    bone.location *= 2
    mine = bone.location.copy()
    hat.parent, hat.parent_type, hat.parent_bone = armature, "BONE", "upper"
    target = add_target(needle, "location", armature, "upper", "BONE")
    add_target(armature.pose.bones["lower"], "location", compass, "location.x")
    body.modifiers.new("Before", "WELD").merge_threshold = 0.25
    body.modifiers.move(1, 0)
    body.modifiers.new("After", "DISPLACE").strength = 0
    body.constraints.new("LIMIT_SCALE").name = "Mine"
    earlier = body.data
    placed = replace_model(glb_fixtures.skinned(tmp_path / "b.glb", lift=2), SECOND, root)
    assert placed.notes == (KEPT,)
    assert only_object(root, "ARMATURE") == armature
    assert armature.data.get("mint_made")
    bone = armature.pose.bones["upper"]
    assert bpy.data.objects[f"{armature.name} (earlier)"].pose.bones["upper"].location == mine
    assert [each.target for each in bone.constraints] == [compass] and bone["strength"] == 0.5
    assert (hat.parent, hat.parent_type, hat.parent_bone) == (armature, "BONE", "upper")
    assert target.id == armature and target.bone_target == "upper"
    (driver,) = armature.animation_data.drivers
    assert driver.data_path == 'pose.bones["lower"].location'
    assert hat in placed.objects
    assert only_object(root, "MESH") == body and body.data != earlier
    expected = [("Before", "WELD"), ("Armature", "ARMATURE"), ("After", "DISPLACE")]
    assert [(each.name, each.type) for each in body.modifiers] == expected
    assert body.modifiers["Before"].merge_threshold == 0.25
    assert body.modifiers["Armature"].object == armature
    assert [each.name for each in body.constraints] == ["Mine"]
    assert height_of(root) == 3


def test_a_model_without_bones_is_replaced_by_one_with_bones(model: Path, tmp_path: Path) -> None:
    """The root shows the new mesh and keeps its modifiers, after the armature."""
    root = place_first(model)
    root.modifiers.new("Mine", "DISPLACE").strength = 0
    root.location = (3, 0, 0)
    assert replace_model(glb_fixtures.skinned(tmp_path / "b.glb"), SECOND, root).notes == (KEPT,)
    assert [each.type for each in root.modifiers] == ["ARMATURE", "DISPLACE"]
    assert root.modifiers[0].object == only_object(root, "ARMATURE")
    assert [each.type for each in root.children] == ["ARMATURE"]
    low, height_of = bounds([root, *root.children])
    assert low == pytest.approx((2.5, -0.5, 0), abs=1e-5)
    assert height_of == pytest.approx((3.5, 0.5, 2), abs=1e-5)


def test_a_model_with_bones_is_replaced_by_one_without(model: Path, tmp_path: Path) -> None:
    """The mesh keeps the user's modifier; children of bones are parented to the root."""
    root = place_first(glb_fixtures.skinned(tmp_path / "a.glb"))
    body, hat = only_object(root, "MESH"), new_empty("Hat")
    body.modifiers.new("Mine", "BEVEL")
    hat.parent, hat.parent_type, hat.parent_bone = only_object(root, "ARMATURE"), "BONE", "upper"
    replace_model(model, SECOND, root)
    assert [each.name for each in body.modifiers] == ["Mine"] and hat.parent == root
    assert {each.type for each in root.children_recursive} == {"MESH", "EMPTY"}
    assert height_of(root) == 1


def test_a_moved_armature_stays_where_it_is(tmp_path: Path) -> None:
    """A character is often moved by its bones' object instead of its root."""
    root = place_first(glb_fixtures.skinned(tmp_path / "a.glb"))
    armature = only_object(root, "ARMATURE")
    armature.location.x = 4
    replace_model(glb_fixtures.skinned(tmp_path / "b.glb"), SECOND, root)
    assert only_object(root, "ARMATURE") == armature and armature.location.x == 4
    low, high = bounds([root, *root.children_recursive])
    assert (low[0], high[0]) == (pytest.approx(3.5, abs=1e-5), pytest.approx(4.5, abs=1e-5))


# -- Motion


def _tracks(moving: bpy.types.Object) -> list[object]:
    """Return what plays when, without the names of the actions."""
    settings = ("frame_start", "frame_end", "action_frame_start", "action_frame_end", "scale")
    more = ("repeat", "blend_type", "extrapolation", "influence", "mute")
    return [
        (track.name, track.mute, track.lock, getattr(strip, name))
        for track in moving.animation_data.nla_tracks
        for strip in track.strips
        for name in settings + more
    ]


@pytest.mark.parametrize("kind", ["ARMATURE", "MESH"])
def test_the_action_of_the_new_version_moves_the_same_object(kind: str, tmp_path: Path) -> None:
    """The earlier one moves the hidden copy."""
    if kind == "ARMATURE":
        root = place_first(glb_fixtures.skinned(tmp_path / "a.glb", waves=("one",)))
        new = glb_fixtures.skinned(tmp_path / "b.glb", waves=("two", "three"), lift=2)
    else:
        root = place_first(glb_fixtures.animated(tmp_path / "a.glb"))
        new = glb_fixtures.animated(tmp_path / "b.glb")
    moving = next(each for each in root.children_recursive if each.animation_data)
    earlier, known = moving.animation_data.action, set(bpy.data.actions)
    assert earlier is not None and moving.type == kind
    assert replace_model(new, SECOND, root).notes == (KEPT,)
    assert moving in root.children_recursive and moving.animation_data.action not in (None, earlier)
    kept = bpy.data.objects[f"{moving.name} (earlier)"]
    assert kept.animation_data.action == earlier and cleanup.actions(kept) == known
    made = set(bpy.data.actions) - known
    assert cleanup.actions(moving) == made and len(made) == (2 if kind == "ARMATURE" else 1)
    fresh = place_model(new, replace(SECOND, job_id="3")).root
    alone = next(each for each in fresh.children_recursive if each.animation_data)
    assert _tracks(moving) == _tracks(alone)
    before = height_of(root)
    bpy.context.scene.frame_set(25)
    bpy.context.view_layer.update()
    depsgraph = bpy.context.evaluated_depsgraph_get()
    shown = moving.evaluated_get(depsgraph)
    if kind == "ARMATURE":
        assert before == 1 and shown.pose.bones["upper"].head.x == pytest.approx(1, abs=0.01)
    else:
        turned = abs(shown.rotation_quaternion.x) + abs(shown.rotation_quaternion.z)
        assert turned == pytest.approx(0.7071, abs=0.01)


@pytest.mark.parametrize("kind", ["ARMATURE", "MESH"])
def test_animation_of_the_user_is_on_the_hidden_copy(kind: str, tmp_path: Path) -> None:
    """Actions, NLA tracks and drivers on what the new version moves; a note names them."""
    waving = partial(glb_fixtures.skinned, waves=("wave",))
    make = waving if kind == "ARMATURE" else glb_fixtures.animated
    root = place_first(make(tmp_path / "a.glb"))
    moving = next(each for each in root.children_recursive if each.animation_data)
    moving.animation_data.action = None
    moving.keyframe_insert("location", frame=1)
    mine = moving.animation_data.action
    mine.name = "My own"
    track = moving.animation_data.nla_tracks.new()
    track.name = "My track"
    track.strips.new("Mine", 1, bpy.data.actions.new("My second"))
    moving.driver_add("scale")
    _, note = replace_model(make(tmp_path / "b.glb"), SECOND, root).notes
    assert all(name in note for name in (moving.name, "My own", "My second", "scale"))
    assert moving.animation_data.action not in (None, mine) and not moving.animation_data.drivers
    assert "My track" not in moving.animation_data.nla_tracks
    kept = bpy.data.objects[f"{moving.name} (earlier)"].animation_data
    assert kept.action == mine and "My track" in kept.nla_tracks
    assert [each.data_path for each in kept.drivers] == ["scale"] * 3


def test_animation_of_the_user_stays_on_what_does_not_move(model: Path, tmp_path: Path) -> None:
    """The new version brings none, so that of the object stays: action, rotation mode, driver."""
    root = place_first(model)
    root.rotation_mode = "QUATERNION"
    root.keyframe_insert("location", frame=1)
    root.driver_add("scale")
    mine = root.animation_data.action
    assert replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root).notes == (KEPT,)
    assert root.animation_data.action == mine and len(root.animation_data.drivers) == 3
    assert root.rotation_mode == "QUATERNION"


def test_a_moved_part_stays_where_it_is(tmp_path: Path) -> None:
    """A part that was not moved is where the new file has it."""

    def parts(path: Path, at: float) -> Path:
        glb = glb_fixtures.Glb()
        for name in ("foot", "shade"):
            mesh = glb.mesh(glb_fixtures.box(glb), name=name)
            glb.node(mesh=mesh, name=name, translation=[at, 0, 0])
        base = glb.mesh(glb_fixtures.box(glb, (-9, 0, -9), (9, 0.1, 9)), name="base")
        glb.node(mesh=base, name="base")
        return glb.save(path)

    root = place_first(parts(tmp_path / "a.glb", 1))
    foot, shade = named_parts(root, "foot", "shade")
    shade.location.z += 5
    replace_model(parts(tmp_path / "b.glb", 2), SECOND, root)
    assert (foot.location.x, shade.location.x, shade.location.z) == (2, 1, 5)


def test_an_animated_model_starts_where_the_earlier_one_stood(tmp_path: Path) -> None:
    """It has the requested height, and moves from the root as if it were placed there."""
    earlier = glb_fixtures.wandering(tmp_path / "a.glb")
    later = glb_fixtures.wandering(tmp_path / "b.glb", size=3)
    fresh = place_model(later, SECOND, PlaceOptions(at=(0, 0, 0), height=2)).root
    root = place_model(earlier, FIRST, PlaceOptions(at=(0, 0, 0), height=2)).root
    replace_model(later, SECOND, root)
    for frame in (1, 12, 24):
        bpy.context.scene.frame_set(frame)
        (expected, found) = (only_object(each, "MESH").matrix_world for each in (fresh, root))
        np.testing.assert_allclose(np.array(found), np.array(expected), atol=1e-4)
