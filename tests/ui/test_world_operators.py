# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that change a World in the scene."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.delivery import import_job  # noqa: E402
from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.scene.world import edit as world_edit  # noqa: E402
from mint_blender.scene.world import splats, world_objects  # noqa: E402
from mint_blender.ui.worlds import operators as worlds_operators  # noqa: E402
from mint_blender.ui.worlds import panel as worlds_panel  # noqa: E402
from mint_blender.ui.worlds import parts  # noqa: E402

from ..scene.splat_settings import set_display  # noqa: E402
from .test_job_list import Layout  # noqa: E402
from .world_jobs import make_job, part, the_root  # noqa: E402


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


def test_the_panel_walks_through_the_parts_once(placed, monkeypatch):
    """However many buttons it has; the check of each button walks once more."""
    walks = []
    under = parts.WorldParts.under
    monkeypatch.setattr(parts.WorldParts, "under", lambda root: walks.append(root) or under(root))
    layout = Layout(Counter())
    worlds_panel.MINT_PT_world.draw(SimpleNamespace(layout=layout), bpy.context)
    assert walks == [placed]
    assert layout.drawn["mint.remove_world_part"] == 3
