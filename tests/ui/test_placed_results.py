# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's row says whether its result is in the open file, and what Place will do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ..scene import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("job_service")]

from mint_blender.delivery import import_job  # noqa: E402
from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.presentation.job_view import JobView  # noqa: E402
from mint_blender.mint.schema import Format  # noqa: E402
from mint_blender.scene import place  # noqa: E402
from mint_blender.scene.place import PlaceOptions  # noqa: E402
from mint_blender.ui import session  # noqa: E402
from mint_blender.ui.job_list import list_operators, placed_results  # noqa: E402

from ..scene.replace_helpers import FIRST  # noqa: E402
from .drawings import calls_of  # noqa: E402
from .sample_jobs import a_job  # noqa: E402


def finished(path: Path, **more: Any) -> Job:
    """Return a job whose model is on disk."""
    return a_job(model=path, **more)


def shown_after(job: Job) -> Phase:
    """Return what the row says once the objects were checked."""
    placed_results.scan()
    return placed_results.shown(job).phase


def test_a_result_that_is_not_in_the_file_is_offered_again(model: Path) -> None:
    """It is ready to place after it was deleted, and in another file."""
    job = finished(model)
    assert placed_results.shown(job) is job, "nobody has looked yet"
    assert shown_after(job) is Phase.READY
    placed = import_job.place(job)
    assert shown_after(job) is Phase.PLACED
    bpy.context.window.scene = bpy.data.scenes.new("Other")
    assert shown_after(job) is Phase.PLACED
    bpy.data.batch_remove(list(placed.objects))
    assert shown_after(job) is Phase.READY
    import_job.place(job)
    assert shown_after(job) is Phase.PLACED
    bpy.ops.wm.read_homefile(use_empty=True)
    assert shown_after(job) is Phase.READY


def test_exported_results_stay_placed(model: Path) -> None:
    """Only results that were placed into scenes are offered again; conversions are not."""
    for delivery in (Delivery(output="a.glb"), Delivery(render="a.png")):
        assert shown_after(finished(model, delivery=delivery)) is Phase.PLACED
    assert shown_after(finished(model, convert=(Format.OBJ,))) is Phase.PLACED


def test_changes_of_the_file_trigger_a_check(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    """Adding, undo, redo and opening a file do; moving an object does not."""
    session.service()  # the file is followed as soon as there are jobs to show
    asked: list[int] = []
    monkeypatch.setattr(placed_results, "look_soon", lambda: asked.append(1))
    placed = place.place_model(model, FIRST, PlaceOptions(at=(0, 0, 0)))
    placed_results.scan()
    bpy.context.view_layer.update()
    asked.clear()
    placed.root.location.x += 1
    bpy.context.view_layer.update()
    assert not asked
    bpy.data.objects.remove(placed.root)
    bpy.context.view_layer.update()
    assert asked
    for name in ("undo_post", "redo_post", "load_post"):
        asked.clear()
        for each in getattr(bpy.app.handlers, name):
            if each.__module__ == placed_results.__name__:
                each(bpy.context.scene, None)
        assert asked


def words_of(job: Job) -> str:
    """Return the text of the entry in a job's menu."""
    placed_results.scan()
    calls = calls_of(list_operators.draw_job_menu, JobView(job), False)
    return next(text for _, *words, text, _ in calls if words == ["mint.place"])


def test_the_menu_says_where_a_result_goes(model: Path, tmp_path: Path) -> None:
    """It names the target: the cursor, the point of the click, or the earlier version."""
    later = glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5))
    job = finished(later, delivery=Delivery(replaces=True), source_asset_id=FIRST.asset_id)
    job = replace(job, phase=Phase.READY)
    assert words_of(job) == "Place at 3D Cursor"
    place_here = {"document": session.document_id(), "scene": bpy.context.scene.name}
    here = replace(job, delivery=Delivery(replaces=True, **place_here))
    assert words_of(here) == "Place Result"
    place.place_model(model, FIRST, PlaceOptions(at=(0, 0, 0)))
    assert words_of(job) == words_of(here) == "Replace Model"
    assert words_of(replace(job, delivery=Delivery())) == "Place at 3D Cursor"
    notes = import_job.place(job).notes
    assert any("(earlier)" in note for note in notes)
    assert bpy.data.objects["Lamp (earlier)"].hide_viewport


def test_an_optimized_model_says_how_many_faces_are_left(model: Path, tmp_path: Path) -> None:
    """It is compared with the version that it replaces, once: not with itself."""
    kept = tmp_path / "model-optimized.glb"
    kept.write_bytes(model.read_bytes())
    root = place.place_model(model, FIRST, PlaceOptions(at=(0, 0, 0))).root
    before = len(root.data.polygons)
    job = replace(finished(kept, delivery=Delivery(replaces=True)), source_asset_id=FIRST.asset_id)
    notes = import_job.place(job).notes
    assert f"Optimized: {before} of {before} faces" in notes
    placed = replace(job, notes=notes)
    assert not any("Optimized" in note for note in import_job.place(placed).notes)
    alone = replace(job, source_asset_id="another", delivery=Delivery())
    assert f"Optimized: {before} faces" in import_job.place(alone).notes
    original = finished(model, delivery=Delivery(replaces=True), source_asset_id=FIRST.asset_id)
    assert not any("Optimized" in note for note in import_job.place(original).notes)
