# SPDX-License-Identifier: GPL-3.0-or-later
"""A character in the window: a click plays a clip, and each change is one undo step."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..scene.rig_fixtures import Clip, Rig, odd_axes
from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

PLACE = """
from pathlib import Path
bpy.data.objects.remove(bpy.data.objects['Cube'])
known = part('scene.tags').Provenance(job_id='j', asset_id='mdl_1', name='Knight')
where = part('scene.place').PlaceOptions(at=(0, 0, 0))
part('scene.undo_step').begin()
placed = part('scene.place').place_model(Path(path), known, where)
part('scene.undo_step').push('Knight')
part('scene.place').select(placed)
"""
RIG = "next(each for each in bpy.data.objects if each.type == 'ARMATURE')"
PLAYING = "bpy.context.window_manager.windows[0].screen.is_animation_playing"
TRACKS = f"[each.name for each in {RIG}.animation_data.nla_tracks]"
ACTION = f"{RIG}.animation_data.action.name"


def test_a_character_walks(blender: BlenderWindow, tmp_path: Path) -> None:
    """A click plays and stops, another clip is added in one step, and all are exported."""
    run = Clip("Armature|Running|baselayer", seconds=1.0)
    blender.ask(PLACE, path=str(Rig().save(tmp_path / "knight.glb", Clip(), run)))
    blender.settle()
    assert blender.ask(f"result = {TRACKS}") == ["Walking", "Running"]
    blender.click("mint.play_clip")
    blender.wait(PLAYING)
    blender.wait("bpy.context.scene.frame_current > 5")
    blender.click("mint.play_clip")
    blender.wait(f"not {PLAYING}")
    jump = Rig(axes=odd_axes()).save(tmp_path / "jump.glb", Clip("Armature|Jump|baselayer"))
    add = "result = list(bpy.ops.mint.import_clip('EXEC_DEFAULT', True, filepath=path))"
    assert blender.ask(add, path=str(jump)) == ["FINISHED"]
    assert blender.ask(f"result = {TRACKS}") == ["Walking", "Running", "Jump"]
    assert blender.ask(f"result = {ACTION}") == "Walking"
    save = "result = list(bpy.ops.mint.export('EXEC_DEFAULT', True, engine='unity', folder=path))"
    scene = "result = bpy.context.window.scene.name, bpy.context.mode, bpy.context.object.name"
    before = blender.ask(scene)
    assert blender.ask(save, path=str(tmp_path)) == ["FINISHED"]
    blender.wait(f"__import__('os').path.exists({str(tmp_path / 'Knight.fbx')!r})")
    assert blender.ask(scene) == before  # and there is no undo step of it
    blender.ask("bpy.ops.ed.undo()")
    assert blender.ask(f"result = {TRACKS}") == ["Walking", "Running"]
