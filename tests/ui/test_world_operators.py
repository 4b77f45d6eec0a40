# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist chooses about a World beforehand, and changes afterwards by buttons: each is one
undo step and leaves selection and mode alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.delivery import import_job  # noqa: E402
from mint_blender.files import pictures  # noqa: E402
from mint_blender.files.errors import InvalidFile  # noqa: E402
from mint_blender.jobs import notes  # noqa: E402
from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import Delivery, LocalFile, Role  # noqa: E402
from mint_blender.jobs.new_jobs import new_job  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Asset, Kind  # noqa: E402
from mint_blender.scene.world import edit as world_edit  # noqa: E402
from mint_blender.scene.world import splats, world_objects  # noqa: E402
from mint_blender.ui import registration, session  # noqa: E402
from mint_blender.ui.create import properties as create_properties  # noqa: E402
from mint_blender.ui.create import saved_settings  # noqa: E402
from mint_blender.ui.job_list import auto_import  # noqa: E402
from mint_blender.ui.worlds import operators as worlds_operators  # noqa: E402
from mint_blender.ui.worlds import panel as worlds_panel  # noqa: E402
from mint_blender.ui.worlds import parts  # noqa: E402

from ..mint_service.runner import Service, running_service  # noqa: E402
from ..scene import synthetic_world  # noqa: E402
from ..scene.splat_settings import set_display  # noqa: E402
from ..scene.world_helpers import corner_splats  # noqa: E402
from .test_job_list import Layout  # noqa: E402


@pytest.fixture
def registered() -> Iterator[None]:
    """The add-on is enabled."""
    registration.register()
    yield
    registration.unregister()
    session.close_service()


def make_job(folder: Path, delivery: Delivery = Delivery(), *roles: Role) -> Job:
    """A World's job whose files are on disk: all parts unless told."""
    paths = {
        Role.COLLIDER: synthetic_world.collider(folder / "collider.glb"),
        Role.PANORAMA: synthetic_world.panorama(folder / "panorama.png"),
        Role.SPLATS: corner_splats(folder / "splats-100k.spz"),
    }
    files = tuple(
        LocalFile(role, str(paths[role]), "https://files.example/x") for role in roles or paths
    )
    return replace(
        new_job(GenerationRequest(Kind.WORLD, "a room"), delivery, now=1.0),
        phase=Phase.READY,
        files=files,
    )


@pytest.fixture
def placed(registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bpy.types.Object:
    """A World with all its parts, its root active; its job is on the list."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    job = make_job(tmp_path)
    session.service().cache.add(job)
    root = import_job.place(job).root
    bpy.context.view_layer.objects.active = root
    return root


def part(name: str) -> bpy.types.Object | None:
    """The first object of that kind, found anew as after an undo."""
    return next((each for each in bpy.context.scene.objects if each.get("mint_part") == name), None)


def the_root() -> bpy.types.Object:
    """The World, found anew."""
    return next(each for each in bpy.context.scene.objects if world_objects.is_root(each))


def test_what_was_chosen_beforehand_goes_with_the_job_and_into_the_scene(registered, tmp_path):
    """Physics only, rigid, no background, no camera: so it lands."""
    fields = create_properties.of(bpy.context)
    fields.kind, fields.collider, fields.rigid_body, fields.panorama, fields.camera = (
        "WORLD",
        "PHYSICS",
        True,
        False,
        False,
    )
    delivery = create_properties.delivery_of(fields, bpy.context)
    assert (delivery.collider, delivery.rigid_body, delivery.panorama, delivery.camera) == (
        "PHYSICS",
        True,
        False,
        False,
    )
    before = bpy.context.scene.world
    import_job.place(make_job(tmp_path, delivery, Role.COLLIDER, Role.PANORAMA))
    collider = part("collider")
    assert (
        collider.display_type == "WIRE"
        and collider.hide_render
        and collider.rigid_body.type == "PASSIVE"
    )
    assert bpy.context.scene.world == before and part("camera") is None


def test_a_collider_that_was_left_out_is_not_called_missing(registered, tmp_path):
    """The note is for what Mint has not made."""
    placed = import_job.place(make_job(tmp_path, Delivery(collider="NONE"), Role.PANORAMA))
    assert part("collider") is None
    assert not any("collider" in note for note in placed.notes)


BAD = {
    Role.COLLIDER: notes.part_left_out("collider", InvalidFile("It is empty.")),
    Role.PANORAMA: notes.part_left_out("panorama", InvalidFile("It is 300 × 200 pixels.")),
    Role.SPLATS: notes.part_left_out("splats", InvalidFile("They are cut off.")),
}
OFFERED = Asset.from_json(
    Kind.WORLD,
    {
        "id": "w",
        "status": "succeeded",
        "assets": {"spzUrls": {"100k": "https://files.example/s.spz"}},
    },
)


@pytest.mark.parametrize("asset", [None, OFFERED])
@pytest.mark.parametrize("lacking", BAD)
def test_a_part_that_cannot_be_used_is_not_said_to_be_lacking_too(
    registered, tmp_path, lacking, asset
):
    """The job has told why it was left out; that none came, or that nobody wanted it, would be
    another story.
    """
    job = replace(
        make_job(tmp_path, Delivery(), *(role for role in BAD if role is not lacking)), asset=asset
    )
    placed = import_job.place(job)
    (note,) = set(placed.notes) - set(import_job.place(make_job(tmp_path)).notes)
    assert note.startswith(
        "The splats of this World were not imported"
        if asset and lacking is Role.SPLATS
        else "This world came without"
    )
    told = replace(job, notes=(BAD[lacking],))
    assert note not in import_job.place(told).notes
    assert note.code in import_job.resolved_codes(told, placed), (
        "nor does it stay when the part was fetched later and is bad"
    )
    told = replace(
        job,
        notes=(notes.part_missing(Kind.WORLD, lacking),),
    )
    assert told.notes[0].code not in import_job.resolved_codes(told, placed), (
        "what the job says itself stays"
    )


def test_a_panorama_whose_pixels_cannot_be_read_holds_nothing_up(registered, tmp_path):
    """Its header was looked at when it came, its pixels only now: the rest lands, and the card has
    a note, as for any other bad part.
    """
    job, job_service = make_job(tmp_path), session.service()
    noisy = bytearray(synthetic_world.png(np.random.default_rng(1).random((32, 64, 3))))
    noisy[3000:] = bytes(byte ^ 0x55 for byte in noisy[3000:])
    Path(job.file(Role.PANORAMA).path).write_bytes(noisy)
    pictures.check_panorama(Path(job.file(Role.PANORAMA).path))
    job_service.cache.add(job)
    assert auto_import.import_result(job_service, job) is None
    told = job_service.job(job.id)
    assert told.phase is Phase.PLACED and told.problem is None
    assert [note for note in told.notes if "panorama" in note] == [
        "The panorama cannot be used. Blender cannot read the panorama panorama.png. Download it again."
    ]
    assert (
        part("collider") is not None
        and part("splats") is not None
        and the_root().get("mint_panorama_image") is None
    )


def test_what_goes_from_any_copy_is_said(registered, tmp_path):
    """The same World of Mint's stands in the scene twice, once without splats; of the later version
    the splats and the panorama are bad.
    """
    delivery = Delivery(replaces=True, splats="100k")
    for number, roles in enumerate(((Role.COLLIDER, Role.PANORAMA), (Role.COLLIDER, Role.SPLATS))):
        (tmp_path / str(number)).mkdir()
        import_job.place(
            replace(make_job(tmp_path / str(number), Delivery(), *roles), asset=OFFERED)
        )
    later = replace(
        make_job(tmp_path, delivery, Role.COLLIDER),
        asset=OFFERED,
        notes=(BAD[Role.PANORAMA], BAD[Role.SPLATS]),
    )
    assert set(import_job.place(later).notes) == {
        f"The {what} of the earlier version was removed: the new version has none."
        for what in ("panorama", "splats")
    }
    assert part("splats") is None and part("panorama") is None and bpy.context.scene.world is None


def test_a_mistake_in_the_import_is_a_sentence_and_not_tried_again_at_every_beat(
    placed, monkeypatch, caplog
):
    """The job waits with `Place`, as after any other import that went wrong; the log has the
    details.
    """
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


def test_settings_of_a_world_come_back_next_time(registered, tmp_path, monkeypatch):
    """They are remembered like the others."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path))
    fields = create_properties.of(bpy.context)
    fields.collider, fields.panorama = "VISIBLE", False
    saved_settings.save(fields)
    fields.collider, fields.panorama = "AUTO", True
    saved_settings.restore()
    assert (fields.collider, fields.panorama) == ("VISIBLE", False)


def test_without_a_world_the_reason_is_said(registered):
    """The operators are about the World of the active object."""
    with pytest.raises(RuntimeError, match="Select a Mint World"):
        bpy.ops.mint.flip_world()


def test_the_reason_is_said_in_the_users_language(registered, monkeypatch):
    """The tooltip of a grayed button is translated as every other sentence is."""
    monkeypatch.setattr(worlds_operators, "translated", lambda text: f"«{text}»")
    for operator, words in (
        (bpy.ops.mint.flip_world, "Select a Mint World"),
        (bpy.ops.mint.restore_scene_world, "no panorama"),
    ):
        with pytest.raises(RuntimeError, match=f"«.*{words}.*»"):
            operator()


def test_flip_turns_the_world_of_whatever_part_is_active(placed):
    """From the collider as from the root; a second one brings it back."""
    bpy.context.view_layer.objects.active = part("collider")
    before = tuple(placed.rotation_euler)
    assert bpy.ops.mint.flip_world() == {"FINISHED"}
    assert tuple(placed.rotation_euler) != pytest.approx(before)
    bpy.ops.mint.flip_world()
    assert tuple(placed.rotation_euler) == pytest.approx(before)


def test_flip_collider_leaves_the_rest(placed):
    """Only the collider turns."""
    root, collider = placed.matrix_world.copy(), part("collider").matrix_basis.copy()
    bpy.ops.mint.flip_collider()
    bpy.context.view_layer.update()
    assert part("collider").matrix_basis != collider and placed.matrix_world == root


def test_the_collider_stays_as_it_was_chosen_when_parts_go(placed):
    """With splats it is physics by itself; what a person has chosen outlives the other parts."""
    assert part("collider").display_type == "WIRE"
    bpy.ops.mint.show_collider(how="VISIBLE")
    assert part("collider").display_type == "TEXTURED" and not part("collider").hide_render
    bpy.ops.mint.show_collider(how="PHYSICS")
    bpy.ops.mint.remove_world_part(part="SPLATS")
    assert part("splats") is None and part("collider").display_type == "WIRE"
    bpy.ops.mint.show_collider(how="AUTO")
    assert part("collider").display_type == "TEXTURED"


def test_rigid_body_on_and_off(placed):
    """Afterwards there is no trace of it on the collider."""
    bpy.ops.mint.rigid_collider(on=True)
    collider = part("collider")
    assert collider.rigid_body.type == "PASSIVE" and collider.rigid_body.collision_shape == "MESH"
    bpy.ops.mint.rigid_collider(on=False)
    assert (
        collider.rigid_body is None
        and collider.name not in bpy.context.scene.rigidbody_world.collection.objects
    )
    assert bpy.context.view_layer.objects.active == placed


def test_panorama_and_earlier_world(placed):
    """Back and forth."""
    shown = bpy.context.scene.world
    assert world_edit.shows_panorama(bpy.context.scene, placed)
    bpy.ops.mint.restore_scene_world()
    assert bpy.context.scene.world != shown
    bpy.ops.mint.show_panorama()
    assert bpy.context.scene.world == shown


def test_the_earlier_world_comes_back_after_an_undo(registered, tmp_path):
    """Undo of the landing alone has the scene's own World back, redo shows the panorama, and then
    one click restores it.
    """
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("Mine")
    bpy.ops.ed.undo_push(message="before")
    import_job.place(make_job(tmp_path, Delivery()))
    bpy.ops.ed.undo_push(message="World")
    bpy.ops.ed.undo()
    assert bpy.context.scene.world.name == "Mine"
    bpy.ops.ed.redo()
    assert world_edit.shows_panorama(bpy.context.scene)
    bpy.ops.mint.restore_scene_world()
    assert bpy.context.scene.world.name == "Mine"


@pytest.mark.parametrize("saved", [False, True])
def test_the_earlier_world_comes_back_though_the_mint_world_is_gone(registered, tmp_path, saved):
    """Two Worlds landed one after the other and were deleted with all that is in them: the button
    in Properties > World still works.
    """
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("Mine")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        import_job.place(make_job(tmp_path / name, Delivery()))
    bpy.data.batch_remove(list(scene.objects))
    if saved:
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert world_edit.shows_panorama(bpy.context.scene)
    assert worlds_panel._draw_scene_world in bpy.types.WORLD_PT_context_world._dyn_ui_initialize()
    assert bpy.ops.mint.restore_scene_world() == {"FINISHED"}
    assert bpy.context.scene.world.name == "Mine"


def test_a_part_goes_and_comes_back_from_disk(placed):
    """The file is kept; the root is active when the active part goes."""
    for name in ("COLLIDER", "PANORAMA", "SPLATS"):
        bpy.context.view_layer.objects.active = part(name.lower()) or placed
        bpy.ops.mint.remove_world_part(part=name)
        assert (
            not world_objects.has_part(placed, name)
            and bpy.context.view_layer.objects.active == placed
        )
        bpy.ops.mint.add_world_part(part=name)
        assert world_objects.has_part(placed, name)


def test_splat_settings_are_blenders_own_properties(placed):
    """What the panel draws can be written and keyed."""
    shown = part("splats")
    set_display(shown, density=0.5, viewport_limit=7)
    for name, expected in (("Density", 0.5), ("Viewport Limit", 7)):
        holder, member = splats.setting(shown, name)
        value = holder.value if member == "value" else holder[member.strip('[]"')]
        assert value == expected
        assert holder.keyframe_insert(member)


def test_native_splats_are_offered_only_where_there_are_any(placed):
    """Elsewhere the reason names the version that has them."""
    assert bpy.ops.mint.make_splats_native.poll() == splats.has_native()


def test_a_part_that_is_being_edited_is_left_alone(placed):
    """Nobody is thrown out of Edit Mode."""
    bpy.context.view_layer.objects.active = part("collider")
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="Go back to Object Mode"):
        bpy.ops.mint.show_collider(how="VISIBLE")
    assert bpy.context.mode == "EDIT_MESH"
    bpy.ops.object.mode_set(mode="OBJECT")


def test_selection_and_mode_stay(placed):
    """Nothing is selected or deselected by any of them."""
    for each in bpy.context.scene.objects:
        each.select_set(each == part("camera"))
    bpy.ops.mint.flip_world()
    bpy.ops.mint.show_collider(how="VISIBLE")
    bpy.ops.mint.rigid_collider(on=True)
    bpy.ops.mint.rigid_collider(on=False)
    bpy.ops.mint.remove_world_part(part="SPLATS")
    bpy.ops.mint.add_world_part(part="SPLATS")
    assert [each.name for each in bpy.context.selected_objects] == [part("camera").name]
    assert bpy.context.view_layer.objects.active == placed


def test_removing_a_part_is_undone_exactly(placed):
    """Undo has the part back, redo takes it again."""
    names = sorted(each.name for each in bpy.data.objects)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.mint.remove_world_part(part="COLLIDER")
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert sorted(each.name for each in bpy.data.objects) == names
    assert part("collider").parent == the_root()
    bpy.ops.ed.redo()
    assert part("collider") is None


@pytest.fixture
def service(registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A stand-in for Mint with an account of this Blender's."""
    with running_service(speed=1000) as running:
        monkeypatch.setenv("MINT_API_KEY", running.key)
        monkeypatch.setenv("MINT_API_BASE_URL", running.api)
        monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
        yield running
        session.close_service()


def test_parts_that_were_left_out_are_fetched_and_land_under_the_same_root(service: Service):
    """First without splats and collider; each comes later, another tier takes the earlier one's
    place, and nothing is paid for it.
    """
    job_service: JobService = session.service()
    delivery = Delivery(
        document=session.document_id(), scene=bpy.context.scene.name, at=(0, 0, 0), collider="NONE"
    )
    job = job_service.start(GenerationRequest(Kind.WORLD, "a greenhouse"), delivery)
    job_service.watch([job.id])
    assert auto_import.import_result(job_service, job_service.job(job.id)) is None
    root = the_root()
    assert part("splats") is None and part("collider") is None
    root.location.x = 5
    bpy.context.view_layer.objects.active = root
    starts, credits = len(service.requests("POST", "/v1/worlds:generate")), service.credits()

    assert any("were not imported" in note for note in job_service.job(job.id).notes)
    counts = []
    for tier in ("100k", "500k"):
        assert bpy.ops.mint.fetch_world_part(part="SPLATS", splats=tier) == {"FINISHED"}
        counts.append(part("splats")[splats.MARK])
        assert part("splats").parent == root
        assert not any("were not imported" in note for note in job_service.job(job.id).notes)
    assert counts[0] < counts[1]
    assert bpy.ops.mint.fetch_world_part(part="COLLIDER") == {"FINISHED"}
    assert part("collider").parent == root and root.location.x == 5

    assert len([each for each in bpy.context.scene.objects if world_objects.is_root(each)]) == 1
    assert job_service.job(job.id).phase is Phase.PLACED
    assert (len(service.requests("POST", "/v1/worlds:generate")), service.credits()) == (
        starts,
        credits,
    )


def test_the_panel_walks_through_the_parts_once(placed, monkeypatch):
    """However many buttons it has; the check of each button walks once more."""
    walks = []
    under = parts.WorldParts.under
    monkeypatch.setattr(parts.WorldParts, "under", lambda root: walks.append(root) or under(root))
    layout = Layout(Counter())
    worlds_panel.MINT_PT_world.draw(SimpleNamespace(layout=layout), bpy.context)
    assert walks == [placed]
    assert layout.drawn["mint.remove_world_part"] == 3
