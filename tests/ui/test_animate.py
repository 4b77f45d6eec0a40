# SPDX-License-Identifier: GPL-3.0-or-later
"""Animate a model from the window and from a script, against the stand-in for Mint."""

from __future__ import annotations

from typing import Any

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.jobs.job import Job, asset_of  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.mint.motion_request import SUGGESTIONS  # noqa: E402
from mint_blender.ui import session  # noqa: E402
from mint_blender.ui.clips import operators as animate  # noqa: E402
from mint_blender.ui.create import motion_choice  # noqa: E402
from mint_blender.ui.job_list import placed_results  # noqa: E402

from ..scene.rig_helpers import armature_of, clip_names  # noqa: E402
from .test_selection import activate, drawn  # noqa: E402

MINT = {"credits": 1e6}


@pytest.fixture
def knight() -> Any:
    """Generate a model in T-Pose, which is active; return its root."""
    bpy.ops.mint.generate(kind="MODEL", preset="FAST", prompt="a knight", pose="T_POSE")
    (root,) = (each for each in bpy.context.scene.objects if "mint_asset_id" in each)
    activate(root)
    return root


def newest() -> list[Job]:
    """Return the jobs on the list, newest first."""
    return session.service().jobs()


def orders(service: ThreadService) -> list[dict[str, Any]]:
    """Return what was sent to animate something."""
    return [each.body for each in service.requests("POST", "/v1/models/*:animate")]


def run(root: Any, motions: str = "walk in place", **more: Any) -> set[str]:
    """Animate a model."""
    done: set[str] = bpy.ops.mint.animate(asset_id=root["mint_asset_id"], motions=motions, **more)
    return done


def test_a_script_needs_no_click(service: ThreadService, knight: Any) -> None:
    """The first clip replaces the model in place, the second is added; each has its words."""
    knight.location.x, height = 3.0, knight.dimensions.z
    assert run(knight, "walk in place | run", height=1.8) == {"FINISHED"}
    assert orders(service) == [
        {"motionPrompt": "walk in place", "heightMeters": 1.8},
        {"motionPrompt": "run", "heightMeters": 1.8},
    ]
    rig = armature_of(knight)
    assert clip_names(rig) == ["walk in place", "run"] and knight.location.x == 3.0
    assert all(job.phase is Phase.PLACED for job in newest()) and height
    assert drawn()["mint.play_clip"] == 2, "the section Clips shows them"


def test_the_height_is_that_of_the_scene(service: ThreadService, knight: Any) -> None:
    """In meters, whatever the units of the scene are; own words and common ones come once."""
    knight.scale = (2.0, 2.0, 2.0)
    bpy.context.view_layer.update()
    bpy.context.scene.unit_settings.scale_length = 0.5
    heights = [(knight.matrix_world @ each.co).z for each in knight.data.vertices]
    expected = max(heights) - min(heights)
    run(knight, "wave | Jump", jump=True)
    sent = orders(service)
    assert [each["motionPrompt"] for each in sent] == ["Jump", "wave"]
    assert sent[0]["heightMeters"] == pytest.approx(expected * 0.5, abs=0.002)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_rigged_model_is_as_high_as_the_one_before(knight: Any, scale: float) -> None:
    """Also where its root is scaled, and where Mint was told another height; its rig has scale 1."""
    knight.scale = (scale, scale, scale)
    bpy.context.view_layer.update()
    asset, scene = knight["mint_asset_id"], bpy.context.scene
    before = placed_results.height_of(asset, scene)
    run(knight, "walk in place", height=0.0 if scale > 1 else 1.7)
    bpy.context.view_layer.update()
    assert placed_results.height_of(asset, scene) == pytest.approx(before, abs=0.005)
    rig = armature_of(knight)
    assert tuple(rig.scale) == pytest.approx((1, 1, 1)) and tuple(knight.scale) == (scale,) * 3
    bpy.ops.mint.animate(asset_id=asset, motions="run")
    assert clip_names(rig) == ["walk in place", "run"]


@pytest.mark.one_blender
def test_what_was_paid_is_placed_again_for_free(service: ThreadService, knight: Any) -> None:
    """The same words are not ordered twice, also in another file; unless that is asked for."""
    run(knight, "run")
    asset = knight["mint_asset_id"]
    bpy.ops.wm.read_homefile(use_empty=True)
    assert bpy.ops.mint.animate(asset_id=asset, motions="Run") == {"FINISHED"}
    (rig,) = (each for each in bpy.context.scene.objects if each.type == "ARMATURE")
    assert clip_names(rig) == ["run"] and len(orders(service)) == 1
    bpy.ops.mint.animate(asset_id=asset, motions="run", again=True)
    assert len(orders(service)) == 2


@pytest.mark.one_blender
def test_wrong_arguments_cost_nothing(service: ThreadService, knight: Any) -> None:
    """Each is a sentence."""
    for arguments, sentence in (
        ({"motions": " | "}, "Choose at least one motion"),
        ({"height": 100.0}, "The character is 100.00 m high"),
    ):
        with pytest.raises(RuntimeError, match=sentence):
            run(knight, **arguments)
    with pytest.raises(RuntimeError, match="Not a valid Mint ID"):
        bpy.ops.mint.animate(asset_id="../x", motions="walk")
    assert orders(service) == []


def test_the_button_is_that_of_a_model(knight: Any) -> None:
    """Beside the reduction of its polygons."""
    found = drawn()
    assert found["mint.animate"] == found["mint.optimize"] == 1


def test_the_offered_words_are_those_of_the_core() -> None:
    """The labels are translated, and the English words are sent."""
    known = bpy.ops.mint.animate.get_rna_type().properties
    assert tuple(known[name].name for name in motion_choice.OFFERED) == SUGGESTIONS


def test_the_model_of_a_job_in_t_pose_is_known(knight: Any) -> None:
    """Without it, the dialog warns."""
    job_service = session.service()
    assert animate._is_t_pose(job_service, knight["mint_asset_id"])
    bpy.ops.mint.generate(kind="MODEL", preset="FAST", prompt="a lamp")
    assert not animate._is_t_pose(job_service, asset_of(newest()[0]) or "")
