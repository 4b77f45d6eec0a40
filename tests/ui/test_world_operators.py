# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that change a World in the scene."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.delivery import import_job  # noqa: E402
from mint_blender.scene.world import edit as world_edit  # noqa: E402
from mint_blender.scene.world import splats, world_objects  # noqa: E402
from mint_blender.ui import operator_bases  # noqa: E402
from mint_blender.ui.selection import selected  # noqa: E402
from mint_blender.ui.worlds import operators as worlds_operators  # noqa: E402
from mint_blender.ui.worlds import world_job  # noqa: E402

from ..conftest import DOES_NOT_APPLY  # noqa: E402
from ..scene.splat_settings import set_display, setting  # noqa: E402
from .drawings import drawn_by  # noqa: E402
from .world_jobs import make_job, part, world_root  # noqa: E402


def test_the_reason_is_translated(registered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tooltip of a disabled button is translated like every other sentence."""
    monkeypatch.setattr(operator_bases, "translated", lambda text: f"«{text}»")
    for operator, words in (
        (bpy.ops.mint.flip_world, "Select a Mint World"),
        (bpy.ops.mint.restore_scene_world, "no panorama"),
    ):
        with pytest.raises(RuntimeError, match=f"«.*{words}.*»"):
            operator()


def test_flip_turns_the_world_or_only_the_collider(placed: Any) -> None:
    """Any part may be active; a second flip turns it back, and the root never turns."""
    bpy.context.view_layer.objects.active = part("collider")
    before, root = tuple(part("calibration").rotation_euler), placed.matrix_world.copy()
    assert bpy.ops.mint.flip_world() == {"FINISHED"}
    assert tuple(part("calibration").rotation_euler) != pytest.approx(before)
    bpy.ops.mint.flip_world()
    assert tuple(part("calibration").rotation_euler) == pytest.approx(before)
    collider = part("collider").matrix_basis.copy()
    bpy.ops.mint.flip_collider()
    bpy.context.view_layer.update()
    assert part("collider").matrix_basis != collider and placed.matrix_world == root


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


def sidebar() -> Any:
    """Return the context in which a panel is drawn."""
    return SimpleNamespace(
        active_object=bpy.context.active_object,
        space_data=None,
        region=SimpleNamespace(width=300),
        scene=bpy.context.scene,
    )


def drawn_panel() -> Counter[str]:
    """Return what the panel of the World draws, after a timer has looked at it."""
    selected.prepare()
    return drawn_by(worlds_operators.draw, sidebar())


def test_an_applied_scale_is_restored_with_a_button(placed: Any) -> None:
    """The panel offers it in place of the scale, which is wrong; afterwards nothing is offered."""
    holder = part("calibration")
    with pytest.raises(RuntimeError, match="is right"):
        bpy.ops.mint.restore_calibration()
    bpy.ops.object.select_all(action="DESELECT")
    holder.select_set(True)
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    bpy.context.view_layer.update()
    before = part("splats").matrix_world.copy()
    shown = drawn_panel()
    assert shown["mint.restore_calibration"] == 1 and shown["prop"] == 0
    assert bpy.ops.mint.restore_calibration() == {"FINISHED"}
    shown = drawn_panel()
    assert shown["mint.restore_calibration"] == 0 and shown["prop"] == 1
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


def test_rigid_body_is_added_and_removed(placed: Any) -> None:
    """Afterwards nothing of it is left on the collider."""
    bpy.ops.mint.rigid_collider(on=True)
    collider = part("collider")
    assert collider.rigid_body.type == "PASSIVE" and collider.rigid_body.collision_shape == "MESH"
    bpy.ops.mint.rigid_collider(on=False)
    assert collider.rigid_body is None
    assert collider.name not in bpy.context.scene.rigidbody_world.collection.objects
    assert bpy.context.view_layer.objects.active == placed


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
    bpy.ops.mint.show_panorama()
    assert world_edit.shows_panorama(bpy.context.scene)


@pytest.mark.parametrize("saved", [False, True])
def test_the_earlier_world_is_restored_after_deleting_the_mint_world(
    registered: None, tmp_path: Path, saved: bool
) -> None:
    """The button in Properties > World works after two Worlds were deleted."""
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("Mine")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        import_job.place(make_job(tmp_path / name))
    bpy.data.batch_remove(list(scene.objects))
    if saved:
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert world_edit.shows_panorama(bpy.context.scene)
    assert (
        worlds_operators._draw_scene_world in bpy.types.WORLD_PT_context_world._dyn_ui_initialize()
    )
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
        assert (shown["mint.toggle_world_part"], shown["mint.add_world_part"]) == (2, 1)
        with pytest.raises(RuntimeError, match="Add it first"):
            bpy.ops.mint.toggle_world_part(part=name)
        bpy.ops.mint.add_world_part(part=name)
        assert world_objects.has_part(placed, name)


def test_splat_settings_can_be_keyframed(placed: Any) -> None:
    """They are Blender's own properties."""
    if splats.has_native():
        pytest.skip(DOES_NOT_APPLY + "this Blender's own splats have no such settings")
    shown = part("splats")
    set_display(shown, density=0.5, viewport_limit=7)
    for name, expected in (("Density", 0.5), ("Viewport Limit", 7)):
        holder, member = setting(shown, name)
        value = holder.value if member == "value" else holder[member.strip('[]"')]
        assert value == expected
        assert holder.keyframe_insert(member)


def test_native_splats_are_not_offered_for_a_new_world(placed: Any) -> None:
    """They are native already, or this Blender has none."""
    assert not splats.can_become_native(part("splats"))
    assert not bpy.ops.mint.make_splats_native.poll()


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
    bpy.ops.mint.flip_world()
    bpy.ops.mint.show_collider(how="VISIBLE")
    bpy.ops.mint.rigid_collider(on=True)
    bpy.ops.mint.rigid_collider(on=False)
    bpy.ops.mint.remove_world_part(part="SPLATS")
    bpy.ops.mint.add_world_part(part="SPLATS")
    assert [each.name for each in bpy.context.selected_objects] == [part("camera").name]
    assert bpy.context.view_layer.objects.active == placed


def test_removing_a_part_can_be_undone(placed: Any) -> None:
    """Undo restores the part, redo removes it again."""
    names = sorted(each.name for each in bpy.data.objects)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.mint.remove_world_part(part="COLLIDER")
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert sorted(each.name for each in bpy.data.objects) == names
    assert part("collider").parent == part("calibration")
    assert part("calibration").parent == world_root()
    bpy.ops.ed.redo()
    assert part("collider") is None


def test_the_section_draws_what_was_prepared(placed: Any) -> None:
    """It does not look for the parts while drawing; all else is in the menu Object > Mint World."""
    drawn = drawn_by(worlds_operators.draw, sidebar())
    assert drawn["mint.look_inside"] == 1 and drawn["mint.toggle_world_part"] == 0
    shown = drawn_panel()
    assert shown["mint.toggle_world_part"] == 3
    assert world_job.WorldParts.known(placed) == world_job.WorldParts.under(placed)
    assert shown["operator"] + shown["prop"] + shown["operator_menu_enum"] == 1
    assert sum(count for name, count in shown.items() if name.startswith("mint.")) == 4


def test_a_part_is_hidden_and_shown(placed: Any) -> None:
    """A second click shows it again; nothing of the World is gone in between."""

    def shows(name: str) -> bool:
        parts = world_job.WorldParts.under(placed)
        return world_edit.shows(parts.of_kind(name.lower()), name, bpy.context.scene, placed)

    objects = len(bpy.data.objects)
    for name in ("COLLIDER", "PANORAMA", "SPLATS"):
        before = shows(name)
        assert before is (name != "COLLIDER"), "with splats the collider is a box"
        assert bpy.ops.mint.toggle_world_part(part=name) == {"FINISHED"}
        assert shows(name) is not before
        if name == "SPLATS":
            assert part("splats").hide_render and part("splats").hide_get()
        bpy.ops.mint.toggle_world_part(part=name)
        assert shows(name) is before and len(bpy.data.objects) == objects
