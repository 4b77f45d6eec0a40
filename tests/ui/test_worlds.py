# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing a World, and the operators that change one in the scene."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import import_job
from mint_blender.files.errors import InvalidFile
from mint_blender.jobs import notes
from mint_blender.jobs.job_values import Delivery, Role
from mint_blender.jobs.phases import Phase
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind
from mint_blender.scene.world import edit as world_edit
from mint_blender.scene.world import splats, world_objects
from mint_blender.scene.world.files import Part
from mint_blender.ui import operator_bases, session
from mint_blender.ui.after import splats as after_splats
from mint_blender.ui.create import properties as create_properties
from mint_blender.ui.job_list import auto_import
from mint_blender.ui.selection import selected
from mint_blender.ui.worlds import operators as worlds_operators
from mint_blender.ui.worlds import world_job

from ..conftest import DOES_NOT_APPLY
from ..mint_service.runner import ThreadService
from ..scene.splat_settings import set_display, setting
from .drawings import drawn_by, sidebar
from .world_jobs import make_job, part, world_root


def test_the_settings_of_the_form_are_used(registered: None, tmp_path: Path) -> None:
    """With no background the scene keeps its own; the other parts are as usual."""
    fields = create_properties.of(bpy.context)
    fields.kind, fields.panorama = "WORLD", False
    delivery = create_properties.delivery_of(fields, bpy.context)
    before = bpy.context.scene.world
    import_job.place(make_job(tmp_path, delivery, Role.COLLIDER, Role.PANORAMA))
    assert bpy.context.scene.world == before and part("camera") is not None
    placed = import_job.place(make_job(tmp_path, Delivery(collider="NONE"), Role.PANORAMA))
    assert not any("collider" in note for note in placed.notes), "it is not called missing"


BAD = {
    Role.COLLIDER: notes.part_left_out("collider", InvalidFile("It is empty.")),
    Role.PANORAMA: notes.part_left_out("panorama", InvalidFile("It is 300 × 200 pixels.")),
    Role.SPLATS: notes.part_left_out("splats", InvalidFile("They are cut off.")),
}
LINKS = {"spzUrls": {"100k": "https://files.example/s.spz"}}
OFFERED = Asset.from_json(Kind.WORLD, {"id": "w", "status": "succeeded", "assets": LINKS})


@pytest.mark.parametrize(
    ("lacking", "asset"), [*((role, None) for role in BAD), (Role.SPLATS, OFFERED)]
)
def test_an_unusable_part_is_not_called_missing(
    registered: None, tmp_path: Path, lacking: Role, asset: Asset | None
) -> None:
    """The job's note says why it was left out; the note of the import would contradict."""
    roles = [role for role in BAD if role is not lacking]
    job = replace(make_job(tmp_path, Delivery(), *roles), asset=asset)
    placed = import_job.place(job)
    (note,) = set(placed.notes) - set(import_job.place(make_job(tmp_path)).notes)
    missing = "The splats of this World were not imported" if asset else "This world has no"
    assert note.startswith(missing)
    updated = replace(job, notes=(BAD[lacking],))
    assert note not in import_job.place(updated).notes
    assert note.code in import_job.resolved_codes(updated, placed)
    own = notes.part_missing(Kind.WORLD, lacking)
    assert own.code not in import_job.resolved_codes(replace(job, notes=(own,)), placed)


def test_parts_removed_from_any_copy_are_named(registered: None, tmp_path: Path) -> None:
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


def test_an_exception_in_the_import_is_shown_and_not_retried(
    placed: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
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


def test_parts_that_were_left_out_are_fetched_later(service: ThreadService, enabled: None) -> None:
    """They get the same root, another tier replaces the splats, and nothing is paid."""
    job_service = session.service()
    here = {"document": session.document_id(), "scene": bpy.context.scene.name}
    delivery = Delivery(at=(0, 0, 0), collider="NONE", **here)
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


def test_the_reason_is_translated(registered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tooltip of a disabled button is translated like every other sentence."""
    monkeypatch.setattr(operator_bases, "translated", lambda text: f"«{text}»")
    for operator, words in (
        (bpy.ops.mint.repair_world, "Select a Mint World"),
        (bpy.ops.mint.restore_scene_world, "no panorama"),
    ):
        with pytest.raises(RuntimeError, match=f"«.*{words}.*»"):
            operator()


def test_the_scale_of_a_world_is_one_number(placed: Any) -> None:
    """It is a property of the object that has the scale; undo restores it."""
    scaled = world_job.WorldParts.under(placed).holder
    assert scaled == part("calibration") and scaled.mint_world_scale == pytest.approx(1)
    bpy.ops.ed.undo_push(message="before")
    scaled.mint_world_scale = 3
    bpy.ops.ed.undo_push(message="after")
    assert tuple(part("calibration").scale) == pytest.approx((7.5, 7.5, 7.5))
    bpy.ops.ed.undo()
    assert part("calibration").mint_world_scale == pytest.approx(1)


def drawn_panel() -> Counter[str]:
    """Return what the panel of the World draws, after a timer has looked at it."""
    selected.prepare()
    return drawn_by(worlds_operators.draw, sidebar())


def test_an_applied_scale_is_restored_with_a_button(placed: Any) -> None:
    """The panel offers it in place of the scale, which is wrong; afterwards nothing is offered."""
    holder = part("calibration")
    with pytest.raises(RuntimeError, match="is right"):
        bpy.ops.mint.repair_world(what="SCALE")
    bpy.ops.object.select_all(action="DESELECT")
    holder.select_set(True)
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    bpy.context.view_layer.update()
    before = part("splats").matrix_world.copy()
    shown = drawn_panel()
    assert shown["mint.repair_world"] == 1 and shown["prop"] == 0
    assert bpy.ops.mint.repair_world(what="SCALE") == {"FINISHED"}
    shown = drawn_panel()
    assert shown["mint.repair_world"] == 0 and shown["prop"] == 1
    assert holder.mint_world_scale == pytest.approx(1)
    bpy.context.view_layer.update()
    assert np.allclose(before, part("splats").matrix_world, atol=1e-4)


def test_the_choice_for_the_collider_is_kept_when_parts_are_removed(placed: Any) -> None:
    """With splats it is a box by default; the user's choice stays without them."""
    assert part("collider").display_type == "BOUNDS"
    bpy.ops.mint.show_collider(how="VISIBLE")
    assert part("collider").display_type == "TEXTURED" and not part("collider").hide_render
    bpy.ops.mint.show_collider(how="PHYSICS")
    bpy.ops.mint.remove_world_part(part="SPLATS")
    assert part("splats") is None and part("collider").display_type == "WIRE"
    bpy.ops.mint.show_collider(how="AUTO")
    assert part("collider").display_type == "TEXTURED"


def test_the_background_switches_between_panorama_and_earlier_world(
    registered: None, tmp_path: Path
) -> None:
    """Each has its button. Undo restores the earlier one, redo shows the panorama."""
    bpy.context.scene.world = bpy.data.worlds.new("Mine")
    bpy.ops.ed.undo_push(message="before")
    bpy.context.view_layer.objects.active = import_job.place(make_job(tmp_path)).root
    bpy.ops.ed.undo_push(message="World")
    bpy.ops.ed.undo()
    assert bpy.context.scene.world.name == "Mine"
    bpy.ops.ed.redo()
    assert world_edit.shows_panorama(bpy.context.scene)
    bpy.ops.mint.restore_scene_world()
    assert bpy.context.scene.world.name == "Mine"
    bpy.ops.mint.toggle_world_part(part="PANORAMA")
    assert world_edit.shows_panorama(bpy.context.scene)


def test_the_earlier_world_is_restored_after_deleting_the_mint_world(
    registered: None, tmp_path: Path
) -> None:
    """The button in Properties > World works after two Worlds were deleted, also in a saved file."""
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("Mine")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        import_job.place(make_job(tmp_path / name))
    bpy.data.batch_remove(list(scene.objects))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert world_edit.shows_panorama(bpy.context.scene)
    drawing = bpy.types.WORLD_PT_context_world._dyn_ui_initialize()
    assert worlds_operators._draw_scene_world in drawing
    assert bpy.ops.mint.restore_scene_world() == {"FINISHED"}
    assert bpy.context.scene.world.name == "Mine"


def test_a_part_is_removed_and_added_from_disk(placed: Any) -> None:
    """The file is kept; the root becomes active when the active part is removed."""
    for name in ("COLLIDER", "PANORAMA", "SPLATS"):
        bpy.context.view_layer.objects.active = part(name.lower()) or placed
        bpy.ops.mint.remove_world_part(part=name)
        assert not world_objects.has_part(placed, name)
        assert bpy.context.view_layer.objects.active == placed
        shown = drawn_panel()
        assert (shown["mint.toggle_world_part"], shown["mint.fetch_world_part"]) == (2, 1)
        with pytest.raises(RuntimeError, match="Add it first"):
            bpy.ops.mint.toggle_world_part(part=name)
        bpy.ops.mint.fetch_world_part(part=name)
        assert world_objects.has_part(placed, name)


def test_splat_settings_can_be_keyframed(placed: Any) -> None:
    """They are Blender's own properties; a new World's splats need not become native ones."""
    assert not splats.can_become_native(part("splats"))
    assert not bpy.ops.mint.make_splats_native.poll()
    if splats.has_native():
        pytest.skip(DOES_NOT_APPLY + "this Blender's own splats have no such settings")
    shown = part("splats")
    set_display(shown, density=0.5, viewport_limit=7)
    for name, expected in (("Density", 0.5), ("Viewport Limit", 7)):
        holder, member = setting(shown, name)
        value = holder.value if member == "value" else holder[member.strip('[]"')]
        assert value == expected
        assert holder.keyframe_insert(member)


def test_a_part_in_edit_mode_is_not_changed(placed: Any) -> None:
    """The user stays in Edit Mode."""
    bpy.context.view_layer.objects.active = part("collider")
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="Switch to Object Mode"):
        bpy.ops.mint.show_collider(how="VISIBLE")
    assert bpy.context.mode == "EDIT_MESH"
    bpy.ops.object.mode_set(mode="OBJECT")


def test_selection_and_mode_stay(placed: Any) -> None:
    """None of the operators changes the selection or the active object."""
    for each in bpy.context.scene.objects:
        each.select_set(each == part("camera"))
    for what in ("UPRIGHT", "COLLIDER"):
        bpy.ops.mint.repair_world(what=what)
    bpy.ops.mint.show_collider(how="VISIBLE")
    bpy.ops.mint.remove_world_part(part="SPLATS")
    bpy.ops.mint.fetch_world_part(part="SPLATS")
    assert [each.name for each in bpy.context.selected_objects] == [part("camera").name]
    assert bpy.context.view_layer.objects.active == placed


def test_the_section_draws_what_was_prepared(placed: Any) -> None:
    """It does not look for the parts while drawing; all else is in the menu Object > Mint World."""
    drawn = drawn_by(worlds_operators.draw, sidebar())
    assert drawn["mint.look_inside"] == 1 and drawn["mint.toggle_world_part"] == 0
    shown = drawn_panel()
    assert shown["mint.toggle_world_part"] == 3
    assert world_job.WorldParts.known(placed) == world_job.WorldParts.under(placed)
    assert shown["operator"] + shown["prop"] + shown["operator_menu_enum"] == 1
    assert sum(count for name, count in shown.items() if name.startswith("mint.")) == 6
    assert (
        shown["mint.save_viewpoint"] == shown["mint.render_from_here"] == 1 and shown["menu"] == 2
    )


def test_a_part_is_hidden_and_shown(placed: Any) -> None:
    """A second click shows it again; nothing of the World is gone in between."""

    def shows(name: Part) -> bool:
        parts = world_job.WorldParts.under(placed)
        return world_edit.shows(parts.of_kind(name.lower()), name, bpy.context.scene, placed)

    objects = len(bpy.data.objects)
    names: tuple[Part, ...] = ("COLLIDER", "PANORAMA", "SPLATS")
    for name in names:
        before = shows(name)
        assert before is (name != "COLLIDER"), "with splats the collider is a box"
        assert bpy.ops.mint.toggle_world_part(part=name) == {"FINISHED"}
        assert shows(name) is not before
        if name == "SPLATS":
            assert part("splats").hide_render and part("splats").hide_get()
        bpy.ops.mint.toggle_world_part(part=name)
        assert shows(name) is before and len(bpy.data.objects) == objects


def test_the_panel_says_how_a_crop_goes_on(placed: Any) -> None:
    """While a box crops the splats, also when the box is selected; not before, and not after."""
    drawn_panel()
    assert drawn_panel()["mint.end_crop"] == 0
    assert bpy.ops.mint.crop_splats() == {"FINISHED"}
    drawn_panel()
    assert drawn_panel()["mint.end_crop"] == 2
    assert bpy.ops.mint.end_crop() == {"FINISHED"}
    drawn_panel()
    assert drawn_panel()["mint.end_crop"] == 0


def test_saved_splats_are_named_after_their_world() -> None:
    """Also while the box that crops them is selected."""
    world, cropped, box = (bpy.data.objects.new(name, None) for name in ("yard", "splats", "Crop"))
    cropped.parent, box.parent = world, cropped
    asked: Any = SimpleNamespace(filepath="")
    manager = SimpleNamespace(fileselect_add=lambda operator: None)
    context: Any = SimpleNamespace(active_object=box, window_manager=manager)
    after_splats.MINT_OT_save_splats.invoke(asked, context, None)
    assert Path(asked.filepath).name == "yard.ply"
