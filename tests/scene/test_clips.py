# SPDX-License-Identifier: GPL-3.0-or-later
"""Several files of one skeleton become one character, whose clips play, loop and are exported."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ..harness.wine import needs_windows_itself
from ..mint_service import glb
from .glb_fixtures import animated
from .rig_fixtures import JOINTS, REST, Clip, Rig, odd_axes, turn, walk

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.animation import clips
from mint_blender.scene.assets import save_model_to_library
from mint_blender.scene.data_blocks import all_data_blocks
from mint_blender.scene.export.output import export_glb
from mint_blender.scene.place import find

from .rig_helpers import KNIGHT, armature_of, assert_moves_as, clip_names, place, world_heads
from .undo_check import seen

STRUT = Clip("Armature|Proud_Strut|baselayer", motion=partial(walk, travel=1.2))


def _knight(tmp_path: Path, *more: Clip, rig: Rig = Rig()) -> bpy.types.Object:
    return armature_of(place(rig.save(tmp_path / "knight.glb", *(more or (Clip(),)))))


def _shown(rig: bpy.types.Object, name: str) -> bpy.types.Object:
    clip = clips.clip_named(rig, name)
    assert clip is not None
    clips.show(rig, clip, bpy.context.scene)
    return rig


# -- Clips of other files


def test_a_clip_of_the_same_skeleton_is_shared(tmp_path: Path) -> None:
    """Only an Action is new; what was assigned stays, and its motion is exact."""
    rig = _knight(tmp_path)
    known = {each.as_pointer() for each in all_data_blocks()}
    added = clips.add_from_file(Rig().save(tmp_path / "b.glb", STRUT), rig)
    assert added == clips.AddedClips(("Proud Strut",)) and clip_names(rig)[-1] == "Proud Strut"
    (new,) = (each for each in all_data_blocks() if each.as_pointer() not in known)
    assert isinstance(new, bpy.types.Action) and new.name == "Proud Strut"
    assert rig.animation_data.action.name == "Walking"
    assert rig.animation_data.nla_tracks[-1].mute
    assert_moves_as(_shown(rig, "Proud Strut"), Rig(), STRUT)


OTHERS = {
    "other axes and rolls": Rig(axes=odd_axes(7), scale=0.0254),
    "lying, in meters": Rig(tilt=turn((1, 0, 0), -90), scale=1.0),
    "twice as high": Rig().scaled(2.0),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("own", [Rig(), Rig(axes=odd_axes(3), tilt=turn((1, 0, 0), -90))])
def test_a_clip_of_another_rest_pose_is_fitted(own: Rig, other: str, tmp_path: Path) -> None:
    """Each bone turns as in its own file, and the hips move in proportion."""
    rig, file = _knight(tmp_path, rig=own), OTHERS[other]
    added = clips.add_from_file(file.save(tmp_path / "b.glb", STRUT), rig)
    assert added.names == ("Proud Strut",)
    hips = 1 / (file.joints["Hips"][1][1])
    assert_moves_as(_shown(rig, "Proud Strut"), own, STRUT, hips=hips)
    assert [str(each) for each in added.notes] == ["Fitted to this skeleton."]


def test_bones_that_a_clip_lacks_do_not_move(tmp_path: Path) -> None:
    """The sentence names them; the others move as in the file."""
    file = Rig({name: each for name, each in JOINTS.items() if name not in ("head_end",)})
    rig = _knight(tmp_path)
    added = clips.add_from_file(file.save(tmp_path / "b.glb", STRUT), rig)
    (note,) = added.notes
    assert str(note) == "One bone is missing in the clip and does not move: head_end."
    assert_moves_as(_shown(rig, "Proud Strut"), Rig(), STRUT)


def _without_left() -> Rig:
    return Rig({name: each for name, each in JOINTS.items() if "Left" not in name})


@pytest.mark.parametrize("found", [16, 0])
def test_another_skeleton_adds_nothing(found: int, tmp_path: Path) -> None:
    """Nothing is in the file that was not there before."""
    rig, path = _knight(tmp_path), tmp_path / "b.glb"
    file = _without_left().save(path, STRUT) if found else animated(path)
    known = {each.as_pointer() for each in all_data_blocks()}
    added = clips.add_from_file(file, rig)
    sentence = "This clip has another skeleton ({} of 24 bones). It is saved, not applied."
    assert added == clips.AddedClips((), added.notes)
    assert str(added.notes[0]) == sentence.format(found)
    assert {each.as_pointer() for each in all_data_blocks()} == known
    assert clip_names(rig) == ["Walking"]


def test_a_take_of_one_key_is_no_clip(tmp_path: Path) -> None:
    """The sentence says so."""
    added = clips.add_from_file(Rig().save(tmp_path / "b.glb", REST), _knight(tmp_path))
    assert added.names == () and str(added.notes[0]) == "“b.glb” contains no motion."


def test_names_say_something(tmp_path: Path) -> None:
    """The words of the prompt, else the motion's name, else the file's; each clip has its own."""
    rig = _knight(tmp_path)
    for name, words in (("a", "run fast"), ("b", ""), ("big jump", "")):
        title = "Armature|mixamo.com|Layer0" if name == "big jump" else Clip().name
        file = Rig().save(tmp_path / f"{name}.glb", Clip(title))
        clips.add_from_file(file, rig, words=words)
    assert clip_names(rig) == ["Walking", "run fast", "Walking 2", "big jump"]


def test_a_moved_scaled_parented_character_plays(tmp_path: Path) -> None:
    """Clips touch bones only, wherever the character is."""
    rig = _knight(tmp_path)
    root = rig.parent
    root.location, root.scale, root.rotation_euler = (3, 2, 1), (2, 2, 2), (0, 0, 1)
    root.parent = bpy.data.objects.new("Parent", None)
    rig.location.x += 1
    rig.rotation_mode = "XYZ"
    rig.rotation_euler.z = 0.5
    bpy.context.view_layer.update()
    place_before = [each.copy() for each in (root.matrix_world, rig.matrix_basis)]
    clips.add_from_file(OTHERS["other axes and rolls"].save(tmp_path / "b.glb", STRUT), rig)
    assert [root.matrix_world, rig.matrix_basis] == place_before
    assert_moves_as(_shown(rig, "Proud Strut"), Rig(), STRUT)


# -- What plays


def test_a_clip_is_shown_with_its_range(tmp_path: Path) -> None:
    """The Action and its slot are assigned, and the preview range is the clip's."""
    rig, scene = _knight(tmp_path, Clip(), replace(STRUT, seconds=2.0)), bpy.context.scene
    scene.frame_set(99)
    _shown(rig, "Proud Strut")
    assert rig.animation_data.action.name == "Proud Strut"
    assert getattr(rig.animation_data, "action_slot", True) is not None
    assert scene.use_preview_range and scene.frame_current == 1
    assert (scene.frame_preview_start, scene.frame_preview_end) == (1, 49)
    clips.set_loop(rig, clips.clip_named(rig, "Proud Strut"), True)
    _shown(rig, "Proud Strut")
    assert scene.frame_preview_end == 48  # frame 49 is frame 1 of the next time


def _heads_at(rig: bpy.types.Object, *frames: int) -> np.ndarray:
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        found.append([world_heads(rig)[name] for name in ("Hips", "LeftFoot")])
    return np.array(found)


@pytest.mark.parametrize("own", [Rig(), Rig(axes=odd_axes(3), tilt=turn((1, 0, 0), -90))])
def test_a_clip_in_place_keeps_everything_but_its_travel(own: Rig, tmp_path: Path) -> None:
    """Hips stay level where they were and still go up and down; off, it is what it was."""
    rig = _shown(_knight(tmp_path, STRUT, rig=own), "Proud Strut")
    clip, before = clips.clip_named(rig, "Proud Strut"), _heads_at(rig, 1, 10, 19, 37)
    assert before[-1, 0, 1] - before[0, 0, 1] == pytest.approx(-1.2, abs=1e-3)
    assert clips.set_in_place(rig, clip, True) and clip.is_in_place
    after = _heads_at(rig, 1, 10, 19, 37)
    away = np.zeros_like(before)
    away[:, :, 1] = 1.2 * np.array([0, 0.25, 0.5, 1])[:, None]
    assert np.abs(after - (before + away)).max() < 1e-3
    clips.set_in_place(rig, clip, False)
    assert np.abs(_heads_at(rig, 1, 10, 19, 37) - before).max() < 1e-5


def test_a_clip_that_stays_is_in_place_already(tmp_path: Path) -> None:
    """Nothing changes."""
    rig = _shown(_knight(tmp_path), "Walking")
    assert not clips.set_in_place(rig, clips.clip_named(rig, "Walking"), True)
    assert not clips.clip_named(rig, "Walking").is_in_place


@pytest.mark.parametrize("is_in_place", [False, True])
def test_a_loop_goes_on(is_in_place: bool, tmp_path: Path) -> None:
    """A second round is as the first one: on from where it ended, or in place."""
    rig = _shown(_knight(tmp_path, STRUT), "Proud Strut")
    clip = clips.clip_named(rig, "Proud Strut")
    clips.set_in_place(rig, clip, is_in_place)
    first = _heads_at(rig, 5, 20)
    clips.set_loop(rig, clip, True)
    assert clip.is_loop and np.abs(_heads_at(rig, 5, 20) - first).max() < 1e-5
    second = _heads_at(rig, 5 + 36, 20 + 36)
    second[:, :, 1] += 0 if is_in_place else 1.2
    assert np.abs(second - first).max() < 1e-3
    clips.set_loop(rig, clip, False)
    assert not clip.is_loop and not clip.action.use_frame_range
    assert np.abs(_heads_at(rig, 37) - _heads_at(rig, 60)).max() < 1e-6


# -- Export


@needs_windows_itself("graphics")
def test_a_character_of_the_library_brings_its_clips(tmp_path: Path) -> None:
    """Its collection is the asset on every Blender, since an instance of it has no clips to play."""
    file = Rig().save(tmp_path / "knight.glb", Clip(), STRUT)
    (tmp_path / "library").mkdir()
    saved = save_model_to_library(file, KNIGHT, tmp_path / "library")
    assert not bpy.data.actions
    with bpy.data.libraries.load(str(saved), assets_only=True) as (there, here):
        assert (list(there.collections), list(there.objects)) == (["Knight"], [])
        here.collections = there.collections
    (collection,) = here.collections
    bpy.context.scene.collection.children.link(collection)
    (rig,) = (each for each in collection.all_objects if each.type == "ARMATURE")
    assert clip_names(rig) == ["Walking", "Proud Strut"]
    assert [each.name for each in clips.clips_of(rig)] == ["Walking", "Proud Strut"]
    assert all(each.asset_data is None for each in bpy.data.actions)
    rig.parent.location = (0, 0, 0)
    assert_moves_as(_shown(rig, "Proud Strut"), Rig(), STRUT)


def test_an_exported_character_has_all_clips_by_name(tmp_path: Path) -> None:
    """They begin at 0, last as long, and are played by a character of scale 1 as here."""
    bpy.context.scene.render.fps = 30
    rig = _knight(tmp_path, Clip(), STRUT)
    _shown(rig, "Proud Strut")
    other = Rig().save(tmp_path / "other.glb", Clip("Armature|Foreign|baselayer"))
    place(other)
    placed = find(job_id="j")
    assert placed is not None
    path = export_glb(tmp_path / "out.glb", placed)
    document, _ = glb.unpack(path.read_bytes())
    found = {each["name"]: each for each in document["animations"]}
    assert sorted(found) == ["Proud Strut", "Walking"]
    for animation in found.values():
        inputs = [document["accessors"][each["input"]] for each in animation["samplers"]]
        assert min(each["min"][0] for each in inputs) == 0
        assert max(each["max"][0] for each in inputs) == pytest.approx(1.5, abs=1e-3)
    assert all("scale" not in node for node in document["nodes"])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    again = armature_of(place(path))
    assert_moves_as(_shown(again, "Proud Strut"), Rig(), STRUT)


# -- The user's work


@pytest.mark.parametrize("mode", ["EDIT", "POSE"])
def test_mode_selection_and_frame_stay(mode: str, tmp_path: Path) -> None:
    """Also while the user edits a mesh, or poses the character itself."""
    rig = _knight(tmp_path)
    bpy.ops.mesh.primitive_cube_add()
    if mode == "POSE":
        bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode=mode)
    bpy.context.scene.frame_set(17)
    before = seen()
    clips.add_from_file(Rig(axes=odd_axes()).save(tmp_path / "b.glb", STRUT), rig)
    assert seen() == before
    assert clip_names(rig) == ["Walking", "Proud Strut"]
