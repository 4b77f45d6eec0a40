# SPDX-License-Identifier: GPL-3.0-or-later
"""Try the importer part of the page on whole jobs: fetch, check, prepare and place it.

Imported where the package has the changes of `docs/development/importer-parts.md`. An assertion
fails if something does not hold.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from mint_blender.delivery import import_job
from mint_blender.files.errors import InvalidFile
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import LocalFile, Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.transfers import fetch_file
from mint_blender.jobs.workflow import effects
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.run import run_workflow
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind
from mint_blender.scene.place import Provenance, place_world
from mint_blender.scene.staging_scene import SceneUnits
from mint_blender.scene.world import build, world_objects
from mint_blender.scene.world.files import WorldFiles

URL = "https://files.example/markers.json"
PART: Any = "MARKERS"
MARKERS = Role("markers")


def fetched_job(good: Path) -> tuple[Job, effects.Fetch]:
    """Return a job that has fetched its markers, and the effect that did so."""
    job = Job(
        "1",
        GenerationRequest.parse(kind="world", prompt="a hall", preset="fast", mode="auto"),
        0.0,
        source_asset_id="w1",
        phase=Phase.FETCHING,
    )
    offered = {"markersUrl": URL, "panoUrl": "https://files.example/panorama.png"}
    asset = Asset.from_json(Kind.WORLD, {"id": "w1", "status": "succeeded", "assets": offered})
    workflow, fetches, result = run_workflow(job, WorkflowConfig()), [], None
    try:
        while True:
            effect = workflow.send(result).effect
            if isinstance(effect, effects.Fetch):
                fetches.append(effect)
                result = LocalFile(effect.role, str(good), effect.url)
            else:
                assert isinstance(effect, effects.ReadAsset), effect
                result = asset
    except StopIteration as end:
        job = end.value
    (fetch,) = [each for each in fetches if each.role is MARKERS]
    assert job.phase is Phase.READY and fetch.url == URL
    return replace(job, files=tuple(each for each in job.files if each.role is MARKERS)), fetch


def check_download(fetch: effects.Fetch, good: Path, damaged: Path) -> None:
    """The check after a download accepts the good file only."""
    assert fetch_file._suffix(fetch) == ".json"
    assert fetch_file._checked(fetch, good).role is MARKERS
    try:
        fetch_file._checked(fetch, damaged)
    except InvalidFile:
        return
    raise AssertionError("a damaged file was accepted")


def check_placing(job: Job, folder: Path) -> None:
    """A background Blender prepares the markers, for a new World and for one that lacks them."""
    prepared = import_job.prepare(job, SceneUnits.of(bpy.context.scene), folder / "hall.blend")
    start_empty()
    placed = import_job.place(job, prepared=prepared)
    assert world_objects.has_part(placed.root, PART)
    build.remove_part(placed.root, PART)
    job = replace(job, delivery=replace(job.delivery, replaces=True))
    assert import_job.place(job, prepared=prepared).root == placed.root
    assert world_objects.has_part(placed.root, PART)


def check_damaged(damaged: Path, splats: Path) -> None:
    """Beside another part, damaged markers are left out with a note."""
    files: Any = {"markers": damaged, "splats": splats}
    placed = place_world(WorldFiles(**files), Provenance(job_id="2", kind="world", name="Hall"))
    assert "markers_unusable" in [note.code for note in placed.notes], placed.notes
    assert world_objects.has_part(placed.root, "SPLATS")


def start_empty() -> None:
    """Open an empty file."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def main(folder: Path, splats: Path) -> None:
    """Check all of it in a folder, with a file of splats."""
    good, damaged = folder / "good.json", folder / "damaged.json"
    good.write_text('{"markers": [{"name": "Door", "position": [0, 0.6, -2]}]}')
    damaged.write_text('{"markers": [{"name": "Door"}]}')
    start_empty()
    job, fetch = fetched_job(good)
    check_download(fetch, good, damaged)
    check_placing(job, folder)
    check_damaged(damaged, splats)
