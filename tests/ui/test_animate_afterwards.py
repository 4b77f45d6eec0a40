# SPDX-License-Identifier: GPL-3.0-or-later
"""*Animate Afterwards* in the form, against the stand-in for Mint."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.queries import AnimationPrice, Price  # noqa: E402
from mint_blender.message import Message  # noqa: E402
from mint_blender.mint.schema import Estimate  # noqa: E402
from mint_blender.ui import session  # noqa: E402
from mint_blender.ui.create import form_panel, motion_choice  # noqa: E402
from mint_blender.ui.create import properties as create_properties  # noqa: E402
from mint_blender.ui.job_list import grouped_jobs, placed_results  # noqa: E402
from mint_blender.ui.pricing import price_dialog  # noqa: E402
from mint_blender.ui.viewport import targets  # noqa: E402

from ..scene.rig_helpers import armature_of, clip_names  # noqa: E402
from .drawings import calls_of  # noqa: E402
from .test_animate import orders  # noqa: E402
from .test_job_list import drawn as drawn_rows  # noqa: E402

MINT = {"credits": 1e6}


@pytest.fixture
def form() -> Any:
    """Fill the form for a knight that is generated at once, and animated; return it."""
    form = create_properties.of(bpy.context)
    form.prompt, form.pose, form.preset, form.review = "a knight", "T_POSE", "FAST", False
    form.animate = True
    return form


def options() -> list[str]:
    """Return the properties that the section Options shows, in its order."""
    known = {"region": SimpleNamespace(width=300), "active_object": None}
    context = SimpleNamespace(window_manager=bpy.context.window_manager, **known)
    return [each[2] for each in calls_of(form_panel.draw_options, context) if each[0] == "prop"]


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
    assert "Generate  ·  248 Credits" in told(form, 250.0)
    form.motions = "a" * 501
    assert "at most 500" in str(create_properties.complaint(form))
    form.animate, form.motions = False, ""
    assert create_properties.complaint(form) is None
    form.run, form.animate = True, True
    assert motion_choice.chosen(form) == ["Run in Place"]


def test_one_price_is_shown(form: Any) -> None:
    """That of the model and of each motion; one that Mint does not tell is none of the price."""
    form.run = True
    assert "Generate  ·  748 Credits" in told(form, 250.0)
    both = {AnimationPrice(), create_properties.price_of(form)}
    assert set(create_properties.prices_of(form)) == both
    said = told(form, None)
    assert "Generate" in said and "248 Credits + motions" in said
    queries = create_properties.prices_of(form)
    words = price_dialog.with_price(Message("Generate"), None, queries)
    assert words == "Generate · 248 Credits + motions", "the dialog says the same"
    form.animate = False
    assert "Generate  ·  248 Credits" in told(form, None)


def _another_file() -> None:
    """Remove everything, as a new file does."""
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.actions])
    placed_results.scan()


def test_from_the_form_to_a_walking_character(form: Any, service: ThreadService) -> None:
    """One click: the model, then its motions in order; they are one row, and one character."""
    form.motions = "wave"
    assert bpy.ops.mint.generate_from_form() == {"FINISHED"}
    assert [each["motionPrompt"] for each in orders(service)] == ["Walk in Place", "wave"]
    (root,) = (each for each in bpy.context.scene.objects if "mint_asset_id" in each)
    assert clip_names(armature_of(root)) == ["Walk in Place", "wave"]
    jobs = session.service().jobs()
    assert [job.phase for job in jobs] == [Phase.PLACED] * 3
    (row,) = grouped_jobs.grouped().rows or _rows()
    words = [job.motion.words if job.motion else "" for job in row.jobs]
    assert words == ["", "Walk in Place", "wave"]
    found = drawn_rows(session.service())
    assert found["a knight"] == 1 and found["mint.toggle_batch"] == 1
    assert found["mint.select_result"] == 1 and not found["mint.dismiss_finished"]
    assert not any(map(targets._has_target, jobs)), "a motion comes to its model"
    first = next(job for job in jobs if job.motion)
    assert first.motion is not None and placed_results.will_replace(first)
    _another_file()
    found = drawn_rows(session.service())
    assert found["mint.place"] == 1 and not found["mint.dismiss_finished"]
    model, key = row.jobs[0], row.key
    assert bpy.ops.mint.place(job_id=model.id, batch=key) == {"FINISHED"}
    (root,) = (each for each in bpy.context.scene.objects if "mint_asset_id" in each)
    assert clip_names(armature_of(root)) == ["Walk in Place", "wave"]
    assert drawn_rows(session.service())["mint.select_result"] == 1


def _rows() -> Any:
    grouped_jobs.prepare(session.service())
    return grouped_jobs.grouped().rows


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
    form.height = 2.0
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


def test_a_price_is_asked_for_each_part(form: Any) -> None:
    """The button asks Mint for what it lacks."""
    form.run = True
    model = Price.of(create_properties.request_of(form))
    assert create_properties.prices_of_button(form) == (model, AnimationPrice(), AnimationPrice())
