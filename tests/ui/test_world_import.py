# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing a World: the settings of the form, and parts that are missing or cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.delivery import import_job  # noqa: E402
from mint_blender.files import pictures  # noqa: E402
from mint_blender.files.errors import InvalidFile  # noqa: E402
from mint_blender.jobs import notes  # noqa: E402
from mint_blender.jobs.job_values import Delivery, Role  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Asset, Kind  # noqa: E402
from mint_blender.scene.world import splats, world_objects  # noqa: E402
from mint_blender.ui import session  # noqa: E402
from mint_blender.ui.create import properties as create_properties  # noqa: E402
from mint_blender.ui.job_list import auto_import  # noqa: E402

from ..mint_service.runner import ThreadService  # noqa: E402
from ..scene import synthetic_world  # noqa: E402
from .world_jobs import make_job, part, world_root  # noqa: E402


def test_the_settings_of_the_form_are_used(registered, tmp_path):
    """Physics only, rigid body, no background and no camera."""
    fields = create_properties.of(bpy.context)
    chosen = {"collider": "PHYSICS", "rigid_body": True, "panorama": False, "camera": False}
    for name, value in ({"kind": "WORLD"} | chosen).items():
        setattr(fields, name, value)
    delivery = create_properties.delivery_of(fields, bpy.context)
    assert {name: getattr(delivery, name) for name in chosen} == chosen
    before = bpy.context.scene.world
    import_job.place(make_job(tmp_path, delivery, Role.COLLIDER, Role.PANORAMA))
    collider = part("collider")
    assert (collider.display_type, collider.hide_render) == ("WIRE", True)
    assert collider.rigid_body.type == "PASSIVE"
    assert bpy.context.scene.world == before and part("camera") is None


def test_a_collider_that_was_left_out_is_not_called_missing(registered, tmp_path):
    """The note is only for what Mint has not made."""
    placed = import_job.place(make_job(tmp_path, Delivery(collider="NONE"), Role.PANORAMA))
    assert part("collider") is None
    assert not any("collider" in note for note in placed.notes)


BAD = {
    Role.COLLIDER: notes.part_left_out("collider", InvalidFile("It is empty.")),
    Role.PANORAMA: notes.part_left_out("panorama", InvalidFile("It is 300 × 200 pixels.")),
    Role.SPLATS: notes.part_left_out("splats", InvalidFile("They are cut off.")),
}
LINKS = {"spzUrls": {"100k": "https://files.example/s.spz"}}
OFFERED = Asset.from_json(Kind.WORLD, {"id": "w", "status": "succeeded", "assets": LINKS})


@pytest.mark.parametrize("asset", [None, OFFERED])
@pytest.mark.parametrize("lacking", BAD)
def test_an_unusable_part_is_not_called_missing(registered, tmp_path, lacking, asset):
    """The job's note says why it was left out; the note of the import would contradict.

    Nor does it stay when the part was fetched later and is bad; what the job says itself does.
    """
    roles = [role for role in BAD if role is not lacking]
    job = replace(make_job(tmp_path, Delivery(), *roles), asset=asset)
    placed = import_job.place(job)
    (note,) = set(placed.notes) - set(import_job.place(make_job(tmp_path)).notes)
    offered = asset and lacking is Role.SPLATS
    missing = "The splats of this World were not imported" if offered else "This world has no"
    assert note.startswith(missing)
    updated = replace(job, notes=(BAD[lacking],))
    assert note not in import_job.place(updated).notes
    assert note.code in import_job.resolved_codes(updated, placed)
    own = notes.part_missing(Kind.WORLD, lacking)
    assert own.code not in import_job.resolved_codes(replace(job, notes=(own,)), placed)


def test_an_unreadable_panorama_is_left_out(registered, tmp_path):
    """The rest is placed, and the card has a note as for any other bad part."""
    job, job_service = make_job(tmp_path), session.service()
    noisy = bytearray(synthetic_world.png(np.random.default_rng(1).random((32, 64, 3))))
    noisy[3000:] = bytes(byte ^ 0x55 for byte in noisy[3000:])
    Path(job.file(Role.PANORAMA).path).write_bytes(noisy)
    pictures.check_panorama(Path(job.file(Role.PANORAMA).path))
    job_service.cache.add(job)
    assert auto_import.import_result(job_service, job) is None
    updated = job_service.job(job.id)
    assert updated.phase is Phase.PLACED and updated.problem is None
    assert [note for note in updated.notes if "panorama" in note] == [
        "The panorama cannot be used. Blender cannot read the panorama panorama.png. Download it again."
    ]
    assert part("collider") is not None
    assert part("splats") is not None
    assert world_root().get("mint_panorama_image") is None


def test_parts_removed_from_any_copy_are_named(registered, tmp_path):
    """The World is in the scene twice, and its later version has no splats or panorama."""
    delivery = Delivery(replaces=True, splats="100k")
    for role in (Role.PANORAMA, Role.SPLATS):
        (tmp_path / role).mkdir()
        job = make_job(tmp_path / role, Delivery(), Role.COLLIDER, role)
        import_job.place(replace(job, asset=OFFERED))
    bad = (BAD[Role.PANORAMA], BAD[Role.SPLATS])
    later = replace(make_job(tmp_path, delivery, Role.COLLIDER), asset=OFFERED, notes=bad)
    assert set(import_job.place(later).notes) == {
        f"The {what} of the earlier version was removed: the new version has none."
        for what in ("panorama", "splats")
    }
    assert part("splats") is None and part("panorama") is None and bpy.context.scene.world is None


def test_an_exception_in_the_import_is_shown_and_not_retried(placed, monkeypatch, caplog):
    """The job waits with Place, and the log has the traceback."""
    job, job_service = session.service().jobs()[0], session.service()
    here = replace(job.delivery, document=session.document_id(), scene=bpy.context.scene.name)
    job_service.set_delivery(job.id, here)
    assert auto_import.is_waiting(job_service)
    monkeypatch.setattr(import_job, "place", lambda *arguments, **options: {}["oh"])
    assert auto_import.import_ready(job_service) and not auto_import.is_waiting(job_service)
    assert job_service.job(job.id).problem.message.startswith(
        "The import failed unexpectedly (KeyError)."
    )
    assert "Traceback" in caplog.text


def test_parts_that_were_left_out_are_fetched_later(service: ThreadService, enabled: None):
    """They get the same root, another tier replaces the splats, and nothing is paid."""
    job_service: JobService = session.service()
    delivery = Delivery(
        document=session.document_id(), scene=bpy.context.scene.name, at=(0, 0, 0), collider="NONE"
    )
    job = job_service.start(GenerationRequest(Kind.WORLD, "a greenhouse"), delivery)
    job_service.watch([job.id])
    assert auto_import.import_result(job_service, job_service.job(job.id)) is None
    root = world_root()
    assert part("splats") is None and part("collider") is None
    root.location.x = 5
    bpy.context.view_layer.objects.active = root
    starts, credits = len(service.requests("POST", "/v1/worlds:generate")), service.credits()

    assert any("were not imported" in note for note in job_service.job(job.id).notes)
    counts = []
    for tier in ("100k", "500k"):
        assert bpy.ops.mint.fetch_world_part(part="SPLATS", splats=tier) == {"FINISHED"}
        counts.append(part("splats")[splats.MARK])
        assert world_objects.root_of(part("splats")) == root
        assert not any("were not imported" in note for note in job_service.job(job.id).notes)
    assert counts[0] < counts[1]
    assert bpy.ops.mint.fetch_world_part(part="COLLIDER") == {"FINISHED"}
    assert world_objects.root_of(part("collider")) == root and root.location.x == 5

    assert len([each for each in bpy.context.scene.objects if world_objects.is_root(each)]) == 1
    assert job_service.job(job.id).phase is Phase.PLACED
    assert len(service.requests("POST", "/v1/worlds:generate")) == starts
    assert service.credits() == credits
