# SPDX-License-Identifier: GPL-3.0-or-later
"""The section Clips of a selected character: what is drawn, and what each click does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.scene.animation import clips  # noqa: E402

from ..scene import glb_fixtures  # noqa: E402
from ..scene.rig_fixtures import Clip, Rig  # noqa: E402
from ..scene.rig_helpers import armature_of, clip_names, place  # noqa: E402
from ..scene.test_clips import STRUT  # noqa: E402
from .test_selection import activate, drawn  # noqa: E402


@pytest.fixture
def knight(registered: None, tmp_path: Path) -> Any:
    """Place a character of two clips, which is active; return its armature."""
    root = place(Rig().save(tmp_path / "knight.glb", Clip(), STRUT))
    activate(root)
    return armature_of(root)


def test_the_section_is_that_of_a_character(knight: Any, tmp_path: Path) -> None:
    """Whichever part of it is active, each clip has a row; other models have no such section."""
    for each in (knight.parent, knight, knight.children[0]):
        activate(each)
        found = drawn()
        assert (
            found["mint.play_clip"] == found["mint.clip_in_place"] == found["mint.loop_clip"] == 2
        )
        assert found["mint.import_clip"] == found["mint.export_character"] == found["Clips"] == 1
    activate(place(glb_fixtures.simple(tmp_path / "lamp.glb")))
    assert drawn()["mint.import_clip"] == 0 and not bpy.ops.mint.import_clip.poll()


def test_a_click_shows_a_clip(knight: Any) -> None:
    """Mode, selection and active object stay."""
    active, scene = bpy.context.active_object, bpy.context.scene
    assert bpy.ops.mint.play_clip(clip="Proud Strut") == {"FINISHED"}
    assert knight.animation_data.action.name == "Proud Strut"
    assert (scene.use_preview_range, scene.frame_preview_end) == (True, 37)
    assert bpy.context.active_object == active and active.mode == "OBJECT"
    with pytest.raises(RuntimeError, match="This character has no clip “Gone”"):
        bpy.ops.mint.play_clip(clip="Gone")


def test_toggles_go_on_and_off(knight: Any) -> None:
    """A clip that stays is refused in a sentence, and not marked."""
    for _ in range(2):
        bpy.ops.mint.loop_clip(clip="Proud Strut")
        bpy.ops.mint.clip_in_place(clip="Proud Strut")
        clip = clips.clip_named(knight, "Proud Strut")
        assert clip is not None
        seen = (clip.is_loop, clip.is_in_place)
    assert seen == (False, False)
    assert bpy.ops.mint.clip_in_place(clip="Walking") == {"CANCELLED"}


def test_clips_of_several_files_are_added(knight: Any, tmp_path: Path) -> None:
    """In one step; a file that is no character is reported, and does not stop the others."""
    for name in ("Jump", "Run"):
        Rig(scale=1.0).save(tmp_path / f"{name}.glb", Clip(f"Armature|{name}|baselayer"))
    glb_fixtures.simple(tmp_path / "lamp.glb")
    files = [{"name": f"{name}.glb"} for name in ("Jump", "lamp", "Run")]
    assert bpy.ops.mint.import_clip(directory=str(tmp_path), files=files) == {"FINISHED"}
    assert clip_names(knight) == ["Walking", "Proud Strut", "Jump", "Run"]
    with pytest.raises(RuntimeError, match="another skeleton"):
        bpy.ops.mint.import_clip(filepath=str(tmp_path / "lamp.glb"))
    with pytest.raises(RuntimeError, match=r"missing\.glb"):
        bpy.ops.mint.import_clip(filepath=str(tmp_path / "missing.glb"))


def test_a_character_is_exported(knight: Any, tmp_path: Path) -> None:
    """Under the name that was asked for, with what it wears."""
    assert bpy.ops.mint.export_character(filepath=str(tmp_path / "out")) == {"FINISHED"}
    assert (tmp_path / "out.glb").stat().st_size > 1000
    assert knight.animation_data.action.name == "Walking"
    assert all(each.mute and not each.is_solo for each in knight.animation_data.nla_tracks)


def test_an_armature_of_the_user_is_a_character(registered: None, tmp_path: Path) -> None:
    """Also one that did not come from Mint gets clips, and shows the first one."""
    bpy.ops.import_scene.gltf(filepath=str(Rig(scale=1.0).save(tmp_path / "a.glb")))
    (rig,) = (each for each in bpy.context.scene.objects if each.type == "ARMATURE")
    bpy.context.view_layer.objects.active = rig
    path = Rig(scale=1.0).save(tmp_path / "b.glb", STRUT)
    assert bpy.ops.mint.import_clip(filepath=str(path)) == {"FINISHED"}
    assert clip_names(rig) == ["Proud Strut"] and rig.animation_data.action is not None
