# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing an animated model: the objects stay, and move as the new version does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.bounds import bounds  # noqa: E402
from mint_blender.scene.model import cleanup  # noqa: E402
from mint_blender.scene.place import PlaceOptions, place_model  # noqa: E402
from mint_blender.scene.update.replace import replace_model  # noqa: E402

from .replace_helpers import (  # noqa: E402
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

# -- Bones


def test_what_the_user_has_put_on_bones_stays(tmp_path: Path) -> None:
    """Constraints, children and drivers are on the same armature after the replacement.

    Modifiers before and after that of the armature keep order and settings; bones move the new
    mesh. The pose is that of the new file, and one of the user's is on the hidden copy.
    """
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
