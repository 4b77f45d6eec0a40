# SPDX-License-Identifier: GPL-3.0-or-later
"""An imported rig has bones of the right length, clips from frame 1, and a material that fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .rig_fixtures import HEIGHT, JOINTS, REST, Clip, Rig, odd_axes, turn, walk

bpy = pytest.importorskip("bpy")
from mathutils import Vector

pytestmark = pytest.mark.blender

from mint_blender.scene.bounds import bounds
from mint_blender.scene.model import cleanup
from mint_blender.scene.update.replace import replace_model

from .rig_helpers import KNIGHT, armature_of, assert_moves_as, clip_names, place, world_heads

STRUT = Clip("Armature|Proud_Strut|baselayer", seconds=2.0)
RIGS = {
    "as Mint's": Rig(),
    "in meters": Rig(scale=1.0),
    "in inches, with other axes and rolls": Rig(scale=0.0254, axes=odd_axes()),
    "lying, in millimeters": Rig(scale=0.001, tilt=turn((1, 0, 0), -90)),
}


@pytest.mark.parametrize("name", RIGS)
def test_bones_have_the_length_that_they_show(name: str, tmp_path: Path) -> None:
    """The armature has no scale, each bone is at its joint and ends near the next one."""
    file, clip = RIGS[name], Clip()
    root = place(file.save(tmp_path / "a.glb", clip))
    rig = armature_of(root)
    assert (rig.show_in_front, rig.data.display_type) == (False, "STICK")
    assert rig.scale[:] == pytest.approx((1, 1, 1), abs=1e-6)
    assert rig.data.bones["LeftUpLeg"].length == pytest.approx(0.45, abs=1e-4)
    assert max(each.length for each in rig.data.bones) < 0.5
    (low, high), heads = bounds([root, *root.children_recursive]), world_heads(rig)
    assert high[2] - low[2] == pytest.approx(HEIGHT, abs=1e-3)
    assert heads["Head"][2] > heads["Hips"][2] > heads["LeftFoot"][2] > 0
    assert_moves_as(rig, file, clip)


def test_the_mesh_follows_its_bones(tmp_path: Path) -> None:
    """In the air, a foot's vertices are where the foot is."""
    root = place(Rig().save(tmp_path / "a.glb", Clip()))
    bpy.context.scene.frame_set(13)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    (body,) = (each for each in root.children_recursive if each.type == "MESH")
    shown = body.evaluated_get(depsgraph)
    points = np.array([shown.matrix_world @ each.co for each in shown.data.vertices])
    group = list(JOINTS).index("LeftHand") * 24
    hand = world_heads(armature_of(root))["LeftHand"]
    assert np.abs(points[group : group + 24].mean(axis=0) - hand).max() < 1e-3


@pytest.mark.parametrize("fps", [24, 30])
def test_clips_begin_at_frame_1_and_last_as_long(fps: int, tmp_path: Path) -> None:
    """Keys are on whole frames, and only the last one may be between two."""
    bpy.context.scene.render.fps = fps
    rig = armature_of(place(Rig().save(tmp_path / "a.glb", Clip(seconds=1.5), STRUT)))
    for track, seconds in zip(rig.animation_data.nla_tracks, (1.5, 2.0), strict=True):
        strip = track.strips[0]
        first, last = strip.action.frame_range
        assert first == 1 and last == pytest.approx(1 + seconds * fps, abs=1e-3)
        assert (strip.frame_start, strip.action_frame_start) == (1, 1)
        for curve in cleanup.curves(strip.action):
            frames = [each.co.x for each in curve.keyframe_points]
            assert frames[0] == 1 and all(each == round(each) for each in frames[:-1])
            assert frames[-1] == pytest.approx(last, abs=1e-3)


def test_a_clip_of_days_gets_no_key_for_each_frame(tmp_path: Path) -> None:
    """That would take all memory: its keys stay where they are between the frames."""
    clip = Clip(seconds=999_999.7, fps=1e-5, first=0.03)
    rig = armature_of(place(Rig().save(tmp_path / "a.glb", clip)))
    for curve in cleanup.curves(rig.animation_data.action):
        assert len(curve.keyframe_points) <= 11 and curve.keyframe_points[0].co.x == 1


@pytest.mark.parametrize("takes", [(REST, Clip(), STRUT), (STRUT,), (REST,)])
def test_each_clip_is_a_muted_track_with_words(takes: tuple[Clip, ...], tmp_path: Path) -> None:
    """The take of one key is gone, the first clip is assigned with its slot, none has the title."""
    rig, moving = armature_of(place(Rig().save(tmp_path / "a.glb", *takes))), takes[-2:]
    names = [{Clip(): "Walking", STRUT: "Proud Strut"}[each] for each in moving if each != REST]
    data = rig.animation_data
    assert clip_names(rig) == names and {each.name for each in bpy.data.actions} == set(names)
    assert all(each.mute for each in data.nla_tracks)
    if not names:
        assert data.action is None
        return
    assert data.action.name == names[0] and data.action["mint_clip"] == moving[0].name
    if hasattr(data, "action_slot"):
        assert data.action_slot is not None
        assert all(each.strips[0].action_slot for each in data.nla_tracks)


def test_the_glow_of_the_rig_is_mended(tmp_path: Path) -> None:
    """A surface that emits its own base color and is metal becomes a plain one."""
    place(Rig().save(tmp_path / "a.glb", Clip()))
    (material,) = bpy.data.materials
    nodes = material.node_tree.nodes
    shader = next(each for each in nodes if each.type == "BSDF_PRINCIPLED")
    assert shader.inputs["Base Color"].is_linked and not shader.inputs["Emission Color"].is_linked
    values = [shader.inputs[name].default_value for name in ("Emission Strength", "Metallic")]
    assert values == [0, 0] and tuple(shader.inputs["Specular Tint"].default_value)[:3] == (1, 1, 1)
    assert sum(each.type == "TEX_IMAGE" for each in nodes) == 1


def test_the_height_is_that_of_the_rest_pose(tmp_path: Path) -> None:
    """A clip that begins with a jump changes neither the height nor the floor."""

    def jump(fraction: float):  # type: ignore[no-untyped-def]
        turns, _ = walk(fraction)
        return turns | {"Spine": turn((1, 0, 0), 60)}, (0, 0.5, 0)

    root = place(Rig().save(tmp_path / "a.glb", Clip(motion=jump)), height=3.4)
    assert root.scale.z == pytest.approx(2, rel=1e-4)
    rig = armature_of(root)
    assert rig.data.pose_position == "POSE"
    rig.animation_data.action = None
    for bone in rig.pose.bones:
        bone.matrix_basis.identity()
    low, high = bounds([root, *root.children_recursive])
    assert (low[2], high[2]) == pytest.approx((0, 3.4), abs=1e-3)


def test_a_replaced_character_keeps_its_height(tmp_path: Path) -> None:
    """Whatever pose the earlier and the new version are in."""
    file = Rig().save(tmp_path / "a.glb", Clip())
    root = place(file, height=3.4)
    bpy.context.scene.frame_set(10)
    replace_model(Rig().save(tmp_path / "b.glb", STRUT), KNIGHT, root)
    low, high = bounds([root, *root.children_recursive])
    assert high[2] - low[2] == pytest.approx(3.4, abs=2e-3)
    assert clip_names(armature_of(root)) == ["Proud Strut"]


def test_what_hangs_on_a_bone_stays_there(tmp_path: Path) -> None:
    """A sword is beside the hand at the size that it has in the file, and moves with the hand."""
    rig = armature_of(place(Rig(has_sword=True).save(tmp_path / "a.glb", Clip())))
    (sword,) = (each for each in rig.children if each.parent_type == "BONE")
    for frame in (1, 13):
        bpy.context.scene.frame_set(frame)
        hand = rig.pose.bones["LeftHand"]
        change = hand.matrix @ hand.bone.matrix_local.inverted()
        wanted = rig.matrix_world @ change @ (hand.bone.head_local + Vector((0.1, 0, 0)))
        assert (sword.matrix_world.translation - wanted).length < 1e-3
        assert sword.dimensions[:] == pytest.approx((0.02, 0.02, 0.02), abs=1e-5)
