# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done after a generation, in background mode."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.files.file_choice import CANNOT_OPEN_REDUCED, OPTIMIZED_NEEDS
from mint_blender.jobs.job import Job, asset_of
from mint_blender.jobs.job_values import Candidate
from mint_blender.jobs.library import view_model
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation import error_messages
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Asset, Kind
from mint_blender.scene import place, tags
from mint_blender.scene.data_blocks import hide
from mint_blender.scene.gltf import gltf_extensions
from mint_blender.scene.model import grid_layout
from mint_blender.ui import session
from mint_blender.ui.create import properties as create_properties
from mint_blender.ui.job_list.follow_up_operators import MINT_OT_optimize
from mint_blender.ui.library_browser import entries as browser
from mint_blender.ui.library_browser.properties import library_state
from mint_blender.ui.references import operators as references_properties

from .sample_jobs import a_job
from .test_job_list import in_menu

OPENS = gltf_extensions.readable_extensions() >= OPTIMIZED_NEEDS


MINT = {"library": {"models": 9}, "credits": 1e6}


def newest() -> Job:
    """Return the job of the last call."""
    return session.service().jobs()[0]


def entry(state: view_model.AssetState = view_model.AssetState.DONE) -> Asset:
    """Return an asset of the library."""
    bpy.ops.mint.refresh_library()
    return browser.library().entries(view_model.Filter(Kind.MODEL, state))[0]


def root_of(job: Job) -> bpy.types.Object:
    """Return the root of a job's result in the scene."""
    placed = place.find(job_id=job.id)
    assert placed is not None
    return placed.root


def generated(**more: object) -> Job:
    arguments = {"kind": "MODEL", "preset": "FAST", "prompt": "a lamp", **more}
    assert bpy.ops.mint.generate(**arguments) == {"FINISHED"}
    return newest()


# -- Optimized afterwards


def test_what_cannot_be_opened_is_not_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a Blender without a decoder, as Debian's, the button says so."""
    monkeypatch.setattr(gltf_extensions, "readable_extensions", frozenset)
    assert MINT_OT_optimize.complaint(bpy.context) == CANNOT_OPEN_REDUCED


@pytest.mark.skipif(not OPENS, reason="does not apply: this Blender opens no optimized files")
def test_a_placed_model_is_optimized_in_place() -> None:
    """The optimized model replaces the one in the scene, as from the job's menu."""
    job = generated()
    bpy.ops.mint.optimize(asset_id=asset_of(job), level="MODERATE")
    (root,) = tags.roots(asset_id=asset_of(job))
    assert root["mint_file_used"] == "optimized"
    assert newest().title == job.title, "known by more than its id"


# -- Retry, and generate a variation


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_failed_asset_is_retried(is_listed: bool, service: ThreadService) -> None:
    """The result is placed; a script does not have to load the library first."""
    failed = entry(view_model.AssetState.FAILED)
    if not is_listed:
        library_state().use(Account(""))
    assert bpy.ops.mint.retry_asset(kind="MODEL", asset_id=failed.id) == {"FINISHED"}
    assert place.find(asset_id=failed.id) is not None
    assert len(service.requests("POST", f"/v1/models/{failed.id}:retry")) == 1


@pytest.mark.parametrize(("kind", "is_hidden"), [("MODEL", True), ("WORLD", False)])
def test_a_variation_stands_beside_the_original(
    kind: str, is_hidden: bool, service: ThreadService
) -> None:
    """Another result of the form stands at the cursor again; two variations do not overlap."""
    fields = create_properties.of(bpy.context)
    bpy.context.scene.cursor.location = (1, 2, 0)
    fields.kind, fields.prompt, fields.review, fields.preset = kind, "a lamp", False, "FAST"
    bpy.ops.mint.generate_from_form()
    first = newest()
    original = root_of(first)
    original.location = (3, 4, 0)
    bpy.context.view_layer.update()
    before = original.matrix_world.copy()
    if is_hidden:
        hide(tags.hierarchy(original), is_hidden=True)
    spaces = [grid_layout.footprint(original)]
    for _ in range(2):
        assert bpy.ops.mint.use_prompt(job_id=first.id) == {"FINISHED"}
        assert len(service.requests("POST", "/v1/*:generate")) == len(spaces), "paid by nothing"
        bpy.ops.mint.generate_from_form()
        spaces.append(grid_layout.footprint(root_of(newest())))
        assert root_of(newest()).location.y == pytest.approx(4)
    for index, each in enumerate(spaces):
        assert each is not None
        assert not any(each.touches(other) for other in spaces[index + 1 :] if other)
    assert root_of(first).matrix_world == before
    fields.prompt = "a chair"
    bpy.ops.mint.generate_from_form()
    assert newest().delivery.at == pytest.approx((1, 2, 0))


def test_a_variation_goes_to_the_cursor_if_that_is_wanted() -> None:
    """The same holds for another kind, and once the original was deleted."""
    job = generated()
    bpy.context.scene.cursor.location = (9, 9, 0)
    fields = create_properties.of(bpy.context)
    bpy.ops.mint.use_prompt(job_id=job.id)
    fields.kind = "WORLD"
    assert create_properties.delivery_of(fields, bpy.context).at == (9, 9, 0)
    bpy.ops.mint.use_prompt(job_id=job.id)
    fields.is_beside = False
    assert create_properties.delivery_of(fields, bpy.context).at == (9, 9, 0)
    bpy.ops.mint.use_prompt(job_id=job.id)
    assert create_properties.delivery_of(fields, bpy.context).at != (9, 9, 0)
    for change in ({"kind": "WORLD"}, {"prompt": " "}):
        bpy.ops.mint.use_prompt(job_id=job.id)
        assert fields.original
        for name, value in change.items():
            setattr(fields, name, value)
        assert not fields.original, "what is something else is no variation any more"
    bpy.ops.mint.use_prompt(job_id=job.id)
    bpy.data.batch_remove(list(bpy.context.scene.objects))
    delivery = create_properties.delivery_of(fields, bpy.context)
    assert (delivery.at, delivery.original) == ((9, 9, 0), None)


def test_a_variation_of_a_result_without_a_job() -> None:
    """Kind, prompt and name are in the file; without anything of Mint a sentence says so."""
    job = generated(name="Lamp")
    root = root_of(job)
    root["mint_job_id"] = "of another computer"
    bpy.context.view_layer.objects.active = root
    fields = create_properties.of(bpy.context)
    fields.kind = "WORLD"
    assert bpy.ops.mint.use_prompt() == {"FINISHED"}
    assert (fields.kind, fields.prompt, fields.name) == ("MODEL", "a lamp", "Lamp")
    assert create_properties.original_of(fields, bpy.context.scene) == root
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match="Select a model or World from Mint"):
        bpy.ops.mint.use_prompt()


def test_a_variation_of_an_asset(service: ThreadService) -> None:
    """Kind, prompt and name come from the library; nothing in the scene stands beside it."""
    listed = entry()
    bpy.ops.mint.use_prompt(asset_id=listed.id)
    fields = create_properties.of(bpy.context)
    assert (fields.kind, fields.prompt, fields.original) == ("MODEL", listed.prompt, "")
    assert not service.requests("POST", "/v1/models:generate")


def test_a_variation_has_everything(tmp_path: Path, service: ThreadService) -> None:
    """Prompt, name, settings and pictures of the job are in the form; nothing is started."""
    (tmp_path / "a.png").write_bytes(PIXEL)
    job = generated(name="Lamp", pose="T_POSE", images=str(tmp_path / "a.png"))
    fields = create_properties.of(bpy.context)
    fields.kind, fields.preset, fields.review = "WORLD", "PRODUCTION", True
    assert bpy.ops.mint.use_prompt(job_id=job.id) == {"FINISHED"}
    sent = replace(job.request, images=(), image_names=())
    assert replace(create_properties.request_of(fields), images=(), image_names=()) == sent
    assert [Path(source).read_bytes() for source in references_properties.sources()] == [PIXEL]
    assert len(service.requests("POST", "/v1/models:generate")) == 1
    Path(job.request.images[0]).unlink()
    bpy.ops.mint.use_prompt(job_id=job.id)
    assert references_properties.sources() == (), "a picture that is gone is left out"
    assert fields.prompt == "a lamp"


def test_a_variation_of_a_world() -> None:
    """The settings of its parts are in the form as well."""
    fields = create_properties.of(bpy.context)
    fields.kind, fields.prompt, fields.review = "WORLD", "a hall", False
    fields.splats, fields.panorama = "100k", False
    bpy.ops.mint.generate_from_form()
    fields.kind, fields.splats, fields.panorama = "MODEL", "NONE", True
    bpy.ops.mint.use_prompt(job_id=newest().id)
    found = (fields.kind, fields.prompt, fields.splats, fields.panorama)
    assert found == ("WORLD", "a hall", "100k", False)


def test_only_the_newest_preview_is_approved(service: ThreadService) -> None:
    """A script revises with a text of its own, cannot approve an older Preview, and approves."""
    job = generated(mode="REVIEW").id
    assert bpy.ops.mint.revise(job_id=job, feedback="in blue") == {"FINISHED"}
    with pytest.raises(RuntimeError, match="Only the newest Preview, number 2, can be approved"):
        bpy.ops.mint.approve(job_id=job, preview=1)
    assert not service.requests("POST", "/v1/operations/*:approve")
    assert bpy.ops.mint.approve(job_id=job) == {"FINISHED"}
    assert newest().phase is Phase.PLACED


def test_an_unknown_job_is_an_error() -> None:
    """Every operator about a job raises the same error."""
    names = "approve revise resume retry cancel dismiss place use_prompt copy_report show_preview"
    for name in names.split():
        with pytest.raises(RuntimeError, match='no job "nothere" in the journal'):
            getattr(bpy.ops.mint, name)(job_id="nothere")


def test_what_the_library_shows_is_used(service: ThreadService) -> None:
    """The menu shows it with its name; one click brings it into the scene, at no cost."""
    made = next(each for each in service.resources() if each.status == "succeeded")
    yesterday = time.time() - 24 * 3600
    job = a_job(Phase.WAITING, now=yesterday, estimate=798.0)
    (start,) = job.requests
    sent = replace(start, attempts=1, attempted=start.born, body="{}", credential="of this key")
    candidates = (Candidate(made.id, "a small ceramic lamp", yesterday),)
    job = replace(job, requests=(sent,), candidates=candidates)
    job = job.moved(Phase.PAUSED, problem=error_messages.unanswered(job))
    session.service().cache.add(job)
    menu = in_menu(job)
    assert (menu["a small ceramic lamp"], menu["mint.use_candidate"]) == (1, 1)
    before = len(service.requests("POST"))
    assert bpy.ops.mint.use_candidate(job_id=job.id, asset_id=made.id) == {"FINISHED"}
    assert session.service().job(job.id).phase is Phase.PLACED
    assert len(service.requests("POST")) == before
