# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips of a selected character, and animating a model from the form and afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job import Job, asset_of
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import AnimationPrice
from mint_blender.message import Message
from mint_blender.mint.motion_request import SUGGESTIONS
from mint_blender.mint.schema import Estimate
from mint_blender.scene.animation import clips
from mint_blender.ui import session
from mint_blender.ui.account import billing_watch
from mint_blender.ui.clips import operators as animate
from mint_blender.ui.create import form_panel, motion_choice, saved_settings
from mint_blender.ui.create import properties as create_properties
from mint_blender.ui.job_list import grouped_jobs, placed_results
from mint_blender.ui.pricing import price_dialog
from mint_blender.ui.viewport import targets

from ..scene import glb_fixtures
from ..scene.rig_fixtures import Clip, Rig
from ..scene.rig_helpers import armature_of, clip_names, place
from ..scene.test_clips import STRUT
from .drawings import calls_of, sidebar
from .test_job_list import drawn as drawn_rows
from .test_selection import activate, drawn


@pytest.fixture
def character(registered: None, tmp_path: Path) -> Any:
    """Place a character of two clips, which is active; return its armature."""
    root = place(Rig().save(tmp_path / "knight.glb", Clip(), STRUT))
    activate(root)
    return armature_of(root)


def test_the_section_is_that_of_a_character(character: Any, tmp_path: Path) -> None:
    """Whichever part of it is active, each clip has a row; other models have no such section."""
    for each in (character.parent, character, character.children[0]):
        activate(each)
        shown = drawn()
        for operator in ("play_clip", "clip_in_place", "loop_clip"):
            assert shown[f"mint.{operator}"] == 2
        assert shown["mint.import_clip"] == shown["mint.export"] == shown["Clips"] == 1
    activate(place(glb_fixtures.simple(tmp_path / "lamp.glb")))
    assert drawn()["mint.import_clip"] == 0 and not bpy.ops.mint.import_clip.poll()


def test_a_click_shows_a_clip(character: Any) -> None:
    """Mode, selection and active object stay."""
    active, scene = bpy.context.active_object, bpy.context.scene
    assert bpy.ops.mint.play_clip(clip="Proud Strut") == {"FINISHED"}
    assert character.animation_data.action.name == "Proud Strut"
    assert (scene.use_preview_range, scene.frame_preview_end) == (True, 37)
    assert bpy.context.active_object == active and active.mode == "OBJECT"
    with pytest.raises(RuntimeError, match="This character has no clip “Gone”"):
        bpy.ops.mint.play_clip(clip="Gone")


def test_toggles_go_on_and_off(character: Any) -> None:
    """A clip that stays is refused in a sentence, and not marked."""
    for _ in range(2):
        bpy.ops.mint.loop_clip(clip="Proud Strut")
        bpy.ops.mint.clip_in_place(clip="Proud Strut")
        clip = clips.clip_named(character, "Proud Strut")
        assert clip is not None
        seen = (clip.is_loop, clip.is_in_place)
    assert seen == (False, False)
    assert bpy.ops.mint.clip_in_place(clip="Walking") == {"CANCELLED"}


def test_clips_of_several_files_are_added(character: Any, tmp_path: Path) -> None:
    """In one step; a file that is no character is reported, and does not stop the others."""
    for name in ("Jump", "Run"):
        Rig(scale=1.0).save(tmp_path / f"{name}.glb", Clip(f"Armature|{name}|baselayer"))
    glb_fixtures.simple(tmp_path / "lamp.glb")
    files = [{"name": f"{name}.glb"} for name in ("Jump", "lamp", "Run")]
    assert bpy.ops.mint.import_clip(directory=str(tmp_path), files=files) == {"FINISHED"}
    assert clip_names(character) == ["Walking", "Proud Strut", "Jump", "Run"]
    with pytest.raises(RuntimeError, match="another skeleton"):
        bpy.ops.mint.import_clip(filepath=str(tmp_path / "lamp.glb"))
    with pytest.raises(RuntimeError, match=r"missing\.glb"):
        bpy.ops.mint.import_clip(filepath=str(tmp_path / "missing.glb"))


def test_a_character_is_exported(character: Any, tmp_path: Path) -> None:
    """By another Blender, under its own name; what is not possible is a sentence."""
    assert bpy.ops.mint.export(engine="glb", folder=str(tmp_path)) == {"FINISHED"}
    assert (tmp_path / "Knight.glb").stat().st_size > 1000
    assert character.animation_data.action.name == "Walking"
    assert all(each.mute and not each.is_solo for each in character.animation_data.nla_tracks)
    (tmp_path / "taken").write_text("")
    with pytest.raises(RuntimeError, match="could not be written"):
        bpy.ops.mint.export(engine="godot", folder=str(tmp_path / "taken"))


def test_an_armature_of_the_user_is_a_character(registered: None, tmp_path: Path) -> None:
    """Also one that did not come from Mint gets clips, and shows the first one."""
    bpy.ops.import_scene.gltf(filepath=str(Rig(scale=1.0).save(tmp_path / "a.glb")))
    (rig,) = (each for each in bpy.context.scene.objects if each.type == "ARMATURE")
    bpy.context.view_layer.objects.active = rig
    path = Rig(scale=1.0).save(tmp_path / "b.glb", STRUT)
    assert bpy.ops.mint.import_clip(filepath=str(path)) == {"FINISHED"}
    assert clip_names(rig) == ["Proud Strut"] and rig.animation_data.action is not None


MINT = {"credits": 1e6}


@pytest.fixture
def knight(enabled: None) -> Any:
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
    rig: Any = armature_of(knight)
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
    bpy.ops.mint.animate(asset_id=asset, motions="run", pay_again=True)
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


def test_the_offered_words_are_those_of_the_core(registered: None) -> None:
    """The labels are translated, and the English words are sent."""
    known = bpy.ops.mint.animate.get_rna_type().properties
    assert tuple(known[name].name for name in motion_choice.OFFERED) == SUGGESTIONS


@pytest.fixture
def form(enabled: None) -> Any:
    """Fill the form for a knight that is generated at once, and animated; return it."""
    form = create_properties.of(bpy.context)
    form.prompt, form.pose, form.preset, form.review = "a knight", "T_POSE", "FAST", False
    form.animate = True
    return form


def options() -> list[str]:
    """Return the properties that the section Options shows, in its order."""
    return [each[2] for each in calls_of(form_panel.draw_options, sidebar()) if each[0] == "prop"]


def told(form: Any, motion: float | None) -> list[str]:
    """Return the texts of the form, where a model costs 248 and a motion that much."""
    for query, price in ((create_properties.price_of(form), 248.0), (AnimationPrice(), motion)):
        session.service().queries.cache_answer(query, Estimate(None, price, price))
    said = calls_of(form_panel.draw, form, width=300)
    return [each[-2] for each in said if each[-2]]


def test_it_is_offered_for_characters_only(form: Any) -> None:
    """In T-Pose; below all else, so that what is above stays where it is."""
    before = options()
    assert before[-6:] == ["animate", "idle", "walk", "run", "jump", "motions"]
    form.animate = False
    assert options() == before[:-5]
    form.pose = "A_POSE"
    assert options() == before[:-6]
    form.pose, form.animate, form.kind = "T_POSE", True, "WORLD"
    assert "animate" not in options() and create_properties.motions_of(form) == []


def test_walking_is_ticked(form: Any) -> None:
    """Unless something else is; with nothing, it is a model alone, and no line above comes or goes."""
    assert motion_choice.chosen(form) == ["Walk in Place"]
    form.walk = False
    assert create_properties.complaint(form) is None and not create_properties.motions_of(form)
    assert "Generate · 248 Credits" in told(form, 250.0)
    form.motions = "a" * 501
    assert "at most 500" in str(create_properties.complaint(form))
    form.animate, form.motions = False, ""
    assert create_properties.complaint(form) is None
    form.run, form.animate = True, True
    assert motion_choice.chosen(form) == ["Run in Place"]


def test_one_price_is_shown(form: Any) -> None:
    """That of the model and of each motion; one that Mint does not tell is none of the price."""
    form.run = True
    assert "Generate · 748 Credits" in told(form, 250.0)
    model = create_properties.price_of(form)
    assert create_properties.prices_of(form) == (model, AnimationPrice(), AnimationPrice())
    said = told(form, None)
    assert "Generate" in said and "248 Credits + motions" in said
    queries = create_properties.prices_of(form)
    words = price_dialog.with_price(Message("Generate"), None, queries)
    assert words == "Generate · 248 Credits + motions", "the dialog says the same"
    form.animate = False
    assert "Generate · 248 Credits" in told(form, None)


def test_what_costs_more_stands_beside_the_price(form: Any) -> None:
    """Also while *Options* is closed. It can be left out there, and is for one generation only."""
    assert "250 Credits · Animation" in told(form, 250.0) and "T-Pose" in told(form, 250.0)
    bpy.ops.mint.drop_extra(name="animate")
    assert "Generate · 248 Credits" in told(form, 250.0) and form.pose == "T_POSE"
    form.animate = True
    assert not {"pose", "animate", "optimize"} & {*saved_settings._SAVED}
    create_properties.clear_sent()
    assert (form.pose, form.animate) == ("NONE", False) and form.walk


def test_a_price_is_never_cut_off(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the button has no room for it, it stands below; what is left stands on two lines."""
    monkeypatch.setattr(billing_watch, "free", lambda: 30_000.0)
    told(form, 250.0)
    said = [each[-2] for each in calls_of(form_panel.draw, form, width=80)]
    assert "Generate" in said and "498 Credits" in said
    assert "After this:" in said and "29,502" in said


def test_from_the_form_to_a_walking_character(form: Any, service: ThreadService) -> None:
    """One click: the model, then its motions in order; they are one row, and one character."""
    form.motions = "wave"
    assert bpy.ops.mint.generate_from_form() == {"FINISHED"}
    assert [each["motionPrompt"] for each in orders(service)] == ["Walk in Place", "wave"]
    (root,) = (each for each in bpy.context.scene.objects if "mint_asset_id" in each)
    assert clip_names(armature_of(root)) == ["Walk in Place", "wave"]
    jobs = session.service().jobs()
    assert [job.phase for job in jobs] == [Phase.PLACED] * 3
    grouped_jobs.prepare(session.service())
    (row,) = grouped_jobs.grouped().rows
    words = [job.motion.words if job.motion else "" for job in row.jobs]
    assert words == ["", "Walk in Place", "wave"]
    found = drawn_rows(session.service())
    assert found["a knight"] == 1 and found["mint.toggle_batch"] == 1
    assert found["mint.select_result"] == 1 and not found["mint.dismiss_finished"]
    assert not any(map(targets._has_target, jobs)), "a motion comes to its model"
    first = next(job for job in jobs if job.motion)
    assert first.motion is not None and placed_results.will_replace(first)
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.actions])  # as a new file does
    placed_results.scan()
    found = drawn_rows(session.service())
    assert found["mint.place"] == 1 and not found["mint.dismiss_finished"]
    model, key = row.jobs[0], row.key
    assert bpy.ops.mint.place(job_id=model.id, batch=key) == {"FINISHED"}
    (root,) = (each for each in bpy.context.scene.objects if "mint_asset_id" in each)
    assert clip_names(armature_of(root)) == ["Walk in Place", "wave"]
    assert drawn_rows(session.service())["mint.select_result"] == 1


@pytest.mark.one_blender
def test_a_preview_is_decided_about_first(form: Any, service: ThreadService) -> None:
    """Without a window nobody can be asked: the motions wait, and nothing is sent for them."""
    form.review = True
    assert bpy.ops.mint.generate_from_form() == {"FINISHED"}
    phases = sorted(str(job.phase) for job in session.service().jobs())
    assert phases == ["review", "waiting"] and orders(service) == []


def test_a_height_that_mint_refuses_is_not_sent(form: Any) -> None:
    """The rigged model gets the height of the model anyway."""
    form.use_height, form.height = True, 0.1
    assert [each.height for each in create_properties.motions_of(form)] == [None]
    bpy.ops.mint.generate_from_form()
    (root,) = (each for each in bpy.context.scene.objects if "mint_asset_id" in each)
    bpy.context.view_layer.update()
    height = placed_results.height_of(root["mint_asset_id"], bpy.context.scene)
    assert height == pytest.approx(0.1, abs=0.001)
    form.height, form.pose, form.animate = 2.0, "T_POSE", True
    assert [each.height for each in create_properties.motions_of(form)] == [2.0]


def test_what_says_in_place_does_not_travel(form: Any) -> None:
    """Whatever Mint's catalog has for it; own words are as they come."""
    form.jump, form.motions = True, "walk a lap"
    found = {each.prompt: each.in_place for each in create_properties.motions_of(form)}
    assert found == {"Walk in Place": True, "Jump": False, "walk a lap": False}


@pytest.mark.one_blender
def test_a_variation_has_the_motions_of_its_order(form: Any) -> None:
    """Not those that were ordered later."""
    form.motions = "wave"
    bpy.ops.mint.generate_from_form()
    (root,) = (each for each in bpy.context.scene.objects if "mint_asset_id" in each)
    bpy.ops.mint.animate(asset_id=root["mint_asset_id"], motions="Jump")
    job = next(job for job in session.service().jobs() if not job.motion)
    form.animate, form.walk, form.motions, form.run = False, False, "", True
    assert bpy.ops.mint.use_prompt(job_id=job.id) == {"FINISHED"}
    assert form.animate and motion_choice.chosen(form) == ["Walk in Place", "wave"]
    bpy.ops.mint.generate(kind="MODEL", preset="FAST", prompt="a lamp")
    lamp = session.service().jobs()[0]
    assert bpy.ops.mint.use_prompt(job_id=lamp.id) == {"FINISHED"} and not form.animate
    asks = [animate._is_t_pose(session.service(), asset_of(each) or "") for each in (job, lamp)]
    assert asks == [True, False], "the dialog warns about the lamp"
