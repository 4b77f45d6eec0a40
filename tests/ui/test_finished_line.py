# SPDX-License-Identifier: GPL-3.0-or-later
"""What the row of a job shows, and what is in its menu."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import pytest

from ..files.build_glb import box_parts, pack
from ..scene import glb_fixtures
from .drawings import drawn_by

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import import_job
from mint_blender.jobs.child_process import ChildProcess
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Delivery, LocalFile, Problem, Role
from mint_blender.jobs.paid_requests.record import made_elsewhere
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_groups import Row
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService
from mint_blender.message import Message
from mint_blender.mint.schema import Asset, Format, Kind, Operation, OptimizationLevel
from mint_blender.scene import notes as scene_notes
from mint_blender.scene import place, tags
from mint_blender.scene.place import PlaceOptions
from mint_blender.scene.staging_scene import SceneUnits
from mint_blender.scene.tags import Provenance
from mint_blender.ui import session
from mint_blender.ui.job_list import (
    auto_import,
    grouped_jobs,
    list_operators,
    panel,
    placed_results,
)

from ..scene.replace_helpers import FIRST
from .drawings import Call, calls_of
from .sample_jobs import URL, a_job
from .test_job_list import drawn, in_menu, said

NOTE = Message("This world has no panorama.")


def add(job_service: JobService, **more: Any) -> Job:
    """Add a job that is in the scene, unless told otherwise."""
    job = a_job(now=time.time(), **more)
    job_service.cache.add(job)
    return job_service.job(job.id)


def in_scene(job: Job) -> None:
    """Put something of a job into the scene."""
    root = bpy.data.objects.new("Result", None)
    bpy.context.scene.collection.objects.link(root)
    tags.write(root, Provenance(job_id=job.id))
    placed_results.scan()


def test_a_placed_model_is_shown_from_its_row(job_service: JobService) -> None:
    """There are a title, a state, Show and the menu."""
    for prompt in ("a lamp", "a chair"):
        in_scene(add(job_service, prompt=prompt))
    shown = drawn(job_service)
    assert (shown["a lamp"], shown["a chair"], shown["In scene"]) == (1, 1, 2)
    assert (shown["mint.select_result"], shown["mint.job_menu"], shown["box"]) == (2, 2, 1)
    assert not shown["mint.place"]


def test_the_menu_of_a_result_has_five_entries(job_service: JobService) -> None:
    """What is rarely needed is in More."""
    operation = Operation.from_json({"id": "op_1", "status": "succeeded", "mintUrl": "https://m/1"})
    asset = Asset.from_json(Kind.MODEL, {"id": "model_1"})
    job = add(job_service, asset=asset, requests=(made_elsewhere("job_1", operation),))
    in_scene(job)
    entries = ["place", "place_with_mouse", "use_prompt", "dismiss"]
    menu = in_menu(job)
    assert [each for each in menu if each.startswith("mint.")] == [f"mint.{e}" for e in entries]
    assert menu["menu"] == 1
    more = drawn_by(list_operators.draw_more, JobView(job))
    assert more["mint.copy_report"] == more["mint.copy_diagnostics"] == 1
    assert more["mint.open_in_mint"] == 1
    failed = in_menu(add(job_service, phase=Phase.FAILED))
    names = {each.removeprefix("mint.") for each in failed if each.startswith("mint.")}
    assert names == {"use_prompt", "retry", "dismiss"}, "there is nothing to place"


def test_a_result_of_another_file_is_placed_from_its_line(job_service: JobService) -> None:
    """Its line says Place instead of Show, since there is nothing to show."""
    add(job_service)
    placed_results.scan()
    shown = drawn(job_service)
    assert (shown["mint.place"], shown["mint.select_result"], shown["Ready"]) == (1, 0, 1)
    assert in_menu(job_service.jobs()[0])["Ready"] == 1


def test_the_menu_has_the_note_of_a_finished_job(job_service: JobService) -> None:
    """Its line has no room for it."""
    job = add(job_service, notes=(NOTE,))
    assert drawn(job_service)[NOTE] == 0
    assert in_menu(job)[NOTE] == 1


def test_saved_files_open_their_folder(job_service: JobService) -> None:
    """The line has the folder, the menu the names of the files, and the title names the formats."""
    path = str(PurePath("/models/lamp.obj"))
    kept = LocalFile(Role.OBJ, path, "https://files.example/lamp.obj")
    folder = Delivery(folder="/models")
    converted = add(job_service, convert=(Format.OBJ,), files=(kept,), delivery=folder)
    written = add(job_service, delivery=Delivery(output=path))
    shown = drawn(job_service)
    assert (shown["a lamp (OBJ)"], shown["a lamp"]) == (1, 1)
    assert (shown["wm.path_open"], shown["mint.select_result"]) == (2, 0)
    for menu in map(in_menu, (converted, written)):
        assert (menu["lamp.obj"], menu["wm.path_open"]) == (1, 1)


def test_a_canceled_job_has_only_its_menu(job_service: JobService) -> None:
    """Its row says that it was canceled."""
    add(job_service, phase=Phase.CANCELED)
    shown = drawn(job_service)
    assert (shown["a lamp"], shown["Canceled"], shown["mint.job_menu"]) == (1, 1, 1)
    assert not any(name.startswith("mint.") for name in shown if name != "mint.job_menu")


def test_a_button_has_words_where_there_is_room(job_service: JobService) -> None:
    """In a narrow sidebar the title gets the room, and the button is an icon."""
    in_scene(add(job_service))
    grouped_jobs.prepare(job_service)
    calls = [call for width in (240, 320) for call in said(width=width)]
    assert [call[-2] for call in calls if "mint.select_result" in call] == ["", "Show"]


def test_the_narrowest_sidebar_has_no_pictures(job_service: JobService) -> None:
    """Otherwise no more than a letter of the title had room."""
    in_scene(add(job_service))
    grouped_jobs.prepare(job_service)
    for width, pictures in ((200, 0), (300, 1)):
        shown = Counter(call[0] for call in said(width=width))
        assert (shown["template_icon"], "a lamp" in str(said(width=width))) == (pictures, True)


def test_a_preview_has_the_title_of_a_narrow_sidebar(job_service: JobService) -> None:
    """Beside the word Jobs its button would be too narrow for its words."""
    add(job_service, phase=Phase.REVIEW)
    grouped_jobs.prepare(job_service)
    for width, is_titled in ((240, False), (320, True)):
        shown = str(said(width=width))
        assert ("Review 1" in shown, "'Jobs'" in shown) == (True, is_titled)


def test_an_optimized_model_has_the_same_row(job_service: JobService) -> None:
    """Its menu says how many faces are left; it is dismissed together with the earlier version."""
    made = Asset.from_json(Kind.MODEL, {"id": "model_1"})
    faces = scene_notes.note("optimized", after=812, before=1814)
    add(job_service, asset=made)
    of_it: dict[str, Any] = {"optimize": OptimizationLevel.LIGHT, "source_asset_id": "model_1"}
    job = add(job_service, asset=made, notes=(faces,), **of_it)
    assert drawn(job_service)["a lamp"] == 1
    assert in_menu(job)["Optimized: 812 of 1,814 faces"] == 1
    assert bpy.ops.mint.dismiss(job_id=job.id) == {"FINISHED"}
    assert job_service.jobs() == []


def test_what_waits_for_the_user_has_a_button(job_service: JobService) -> None:
    """It has a word; what is to be decided is in the menu that it opens, or in the card."""
    for phase in (Phase.READY, Phase.FAILED, Phase.PAUSED, Phase.BILLING, Phase.REVIEW):
        add(job_service, phase=phase)
    grouped_jobs.prepare(job_service)
    buttons = Counter(call[1] for call in said() if call[0] == "operator" and call[-2])
    assert (buttons["mint.place"], buttons["mint.job_menu"]) == (1, 3)
    assert buttons["mint.review"] >= 1


def test_a_script_opens_no_menu(job_service: JobService) -> None:
    """It is told so in a sentence."""
    job = add(job_service)
    with pytest.raises(RuntimeError, match="A menu needs a window and a mouse"):
        bpy.ops.mint.job_menu(job_id=job.id)


# -- a file that our check refused can be given to Blender's importer when the user insists


def refused(
    job_service: JobService, path: Path, role: Role = Role.MODEL, kind: Kind = Kind.MODEL
) -> Job:
    """Return a job with a file that we refuse and Blender reads: an unused picture is invalid."""
    document, binary = box_parts()
    document["images"] = [{"bufferView": 0, "mimeType": "image/png"}]
    path.write_bytes(pack(document, binary))
    problem, kept = Problem(Cause.IMPORT, "It is kept."), (LocalFile(role, str(path), URL),)
    job = a_job(Phase.PAUSED, kind=kind, now=time.time(), refused=kept, problem=problem)
    job_service.cache.add(job)
    return job


@pytest.mark.covers("R-files-kept")
@pytest.mark.parametrize(("role", "kind"), [(Role.MODEL, Kind.MODEL), (Role.COLLIDER, Kind.WORLD)])
def test_import_anyway_places_a_refused_file(
    job_service: JobService, tmp_path: Path, role: Role, kind: Kind
) -> None:
    """The object has its provenance, and the job notes that the file was not checked."""
    job = refused(job_service, tmp_path / "model.refused.glb", role, kind)
    with pytest.raises(RuntimeError, match="is not ready to place"):
        bpy.ops.mint.place(job_id=job.id)
    assert bpy.ops.mint.place(job_id=job.id, raw=True) == {"FINISHED"}
    (root,) = tags.roots(job_id=job.id)
    assert len(root.data.polygons) == 12
    done = job_service.job(job.id)
    assert done.phase is Phase.PLACED and any("without checks" in note for note in done.notes)
    assert (tmp_path / "model.refused.glb").is_file()


def test_importing_an_unreadable_file_changes_nothing(
    job_service: JobService, tmp_path: Path
) -> None:
    """There is a sentence and no object, and the file is kept for another try."""
    job = refused(job_service, tmp_path / "model.refused.glb")
    (tmp_path / "model.refused.glb").write_bytes(b"glTF, or so it says")
    objects = set(bpy.data.objects)
    with pytest.raises(RuntimeError, match=r"could not read “model\.refused\.glb”"):
        bpy.ops.mint.place(job_id=job.id, raw=True)
    assert set(bpy.data.objects) == objects
    assert job_service.job(job.id).phase is Phase.PAUSED
    assert (tmp_path / "model.refused.glb").is_file()


def test_the_menu_offers_to_import_a_refused_file(job_service: JobService, tmp_path: Path) -> None:
    """It is beside Resume, which downloads again; not after a failed download."""
    job = refused(job_service, tmp_path / "model.refused.glb")
    panorama = (LocalFile(Role.PANORAMA, "p.webp", URL),)
    for kept, times in ((job.refused, 1), ((), 0), (panorama, 0)):
        menu = in_menu(replace(job, refused=kept))
        assert (menu["mint.place"], menu["mint.resume"]) == (times, 1)


SILENT = [sys.executable, "-c", "import sys; sys.stdin.read()"]
"""A child process that never answers."""


@pytest.fixture
def preparations(job_service: JobService) -> Iterator[Any]:
    """Return the preparations of the session, with a silent child and a clock that stands still."""
    found: Any = auto_import._preparations()
    found._start, found._clock = (lambda: ChildProcess(SILENT)), (lambda: 100.0)
    yield found
    found.close()


def ready(job_service: JobService) -> Job:
    """Return a new job whose result can be placed."""
    (job,) = job_service.cache.add(a_job(Phase.READY))
    return job_service.job(job.id)


def row_of(job_service: JobService, job: Job) -> list[Call]:
    return calls_of(panel.draw_row, panel.Sidebar(job_service, 300), Row(job.id, (job,)))


def test_a_row_says_how_far_its_result_is(
    job_service: JobService, preparations: Any, tmp_path: Path
) -> None:
    """One is prepared at a time: it has a progress bar, the next one waits. Neither has a button."""
    first, second = ready(job_service), ready(job_service)
    assert any("mint.place" in each for each in row_of(job_service, first))
    for job in (first, second):
        preparations.request(job, SceneUnits(), tmp_path)
    preparations._clock = lambda: 100.0 + preparations._expected / 4
    assert ("progress", "Preparing", 0.25) in row_of(job_service, first)
    assert ("label", "Preparing", None) in row_of(job_service, second)
    for job in (first, second):
        assert not any("mint.place" in each for each in row_of(job_service, job))


def test_the_bar_is_redrawn_when_it_has_moved(
    job_service: JobService, preparations: Any, tmp_path: Path
) -> None:
    """A beat in which it has not moved redraws nothing."""
    preparations.request(ready(job_service), SceneUnits(), tmp_path)
    auto_import.poll(job_service)
    assert preparations.shown == 0
    preparations._clock = lambda: 100.0 + preparations._expected / 2
    auto_import.poll(job_service)
    assert preparations.shown == auto_import.BAR_STEPS / 2


def test_a_model_is_prepared_before_its_picture_is_here(
    job_service: JobService, preparations: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is requested as soon as its file is, and not before."""
    monkeypatch.setattr(auto_import, "is_used", lambda: True)
    monkeypatch.setattr(auto_import.placed_results, "is_document_open", lambda job: True)
    job = replace(ready(job_service), phase=Phase.FETCHING)
    job_service.cache.save(job)
    auto_import.warm_up(job_service)
    assert preparations.is_result_expected and not preparations.is_busy
    file = LocalFile(Role.MODEL, "model.glb", "https://files.example/a.glb")
    job_service.cache.save(replace(job, files=(file,)))
    auto_import.warm_up(job_service)
    assert preparations.is_pending(job.id)


def test_a_module_imports_directly(job_service: JobService) -> None:
    """The preferences say why: it knows no program that could be started."""
    assert "the path of Blender's program is unknown" in auto_import.way_in_words()


def shown_after(job: Job) -> Phase:
    """Return what the row says once the objects were checked."""
    placed_results.scan()
    return placed_results.shown(job).phase


def test_a_result_that_is_not_in_the_file_is_offered_again(
    job_service: JobService, model: Path
) -> None:
    """It is ready to place after it was deleted, and in another file."""
    job = a_job(model=model)
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


def test_exported_results_stay_placed(job_service: JobService, model: Path) -> None:
    """Only results that were placed into scenes are offered again; conversions are not."""
    for delivery in (Delivery(output="a.glb"), Delivery(render="a.png")):
        assert shown_after(a_job(model=model, delivery=delivery)) is Phase.PLACED
    assert shown_after(a_job(model=model, convert=(Format.OBJ,))) is Phase.PLACED


def test_changes_of_the_file_trigger_a_check(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    """Adding, undo, redo and opening a file do; moving an object does not."""
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
    asked.clear()
    placed_results.file_opened()
    assert asked
    for name in ("undo_post", "redo_post"):
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


def test_the_menu_says_where_a_result_goes(
    job_service: JobService, model: Path, tmp_path: Path
) -> None:
    """It names the target: the cursor, the point of the click, or the earlier version."""
    later = glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5))
    job = a_job(model=later, delivery=Delivery(replaces=True), source_asset_id=FIRST.asset_id)
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


def test_an_optimized_model_says_how_many_faces_are_left(
    job_service: JobService, model: Path, tmp_path: Path
) -> None:
    """It is compared with the version that it replaces, once: not with itself."""
    kept = tmp_path / "model-optimized.glb"
    kept.write_bytes(model.read_bytes())
    root = place.place_model(model, FIRST, PlaceOptions(at=(0, 0, 0))).root
    before = len(root.data.polygons)
    job = replace(
        a_job(model=kept, delivery=Delivery(replaces=True)), source_asset_id=FIRST.asset_id
    )
    notes = import_job.place(job).notes
    assert f"Optimized: {before} of {before} faces" in notes
    placed = replace(job, notes=notes)
    assert not any("Optimized" in note for note in import_job.place(placed).notes)
    alone = replace(job, source_asset_id="another", delivery=Delivery())
    assert f"Optimized: {before} faces" in import_job.place(alone).notes
    original = a_job(model=model, delivery=Delivery(replaces=True), source_asset_id=FIRST.asset_id)
    assert not any("Optimized" in note for note in import_job.place(original).notes)
