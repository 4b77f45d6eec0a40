# SPDX-License-Identifier: GPL-3.0-or-later
"""From the prompt of a knight to a clip in which it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..cli.test_animate import animations
from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import known_price

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("no_limits")]

RIG = "next(each for each in bpy.data.objects if each.type == 'ARMATURE')"
TRACKS = f"[each.name for each in {RIG}.animation_data.nla_tracks]"
ACTION = f"{RIG}.animation_data.action.name"
PLAYING = "bpy.context.window_manager.windows[0].screen.is_animation_playing"
KNIGHT = "next(each for each in bpy.data.objects if each.get('mint_asset_id'))"
SELECT = f"""
bpy.data.objects.remove(bpy.data.objects['Cube'])
knight = {KNIGHT}
knight.location = (0.5, 0, 0)
bpy.context.view_layer.objects.active = knight
bpy.ops.ed.undo_push(message='Move')
"""
RUN = """
part('ui.pricing.limit_dialog').in_front().run = True
part('ui.pricing.price_dialog').redraw_popups()
"""
"""As a click on the line does, which has no name that a test could look for."""


SHOW = f"""
clips = part('scene.animation.clips')
clips.show({RIG}, clips.clip_named({RIG}, clip), bpy.context.scene)
"""
SELECT_ONLY = f"""
bpy.context.view_layer.objects.active = {KNIGHT}
{KNIGHT}.select_set(True)
bpy.ops.ed.undo_push(message='Select')
"""
FORM = "bpy.context.window_manager.mint"
TOTAL = f"job_service().budget.total(part('ui.create.properties').prices_of_button({FORM}))"
STOP = "bpy.ops.screen.animation_cancel(restore_frame=False) and None"
STEP = "bpy.context.scene.frame_set(frame)"


MINT = {"assets": "real"}


@pytest.mark.thorough
def test_a_knight_walks_and_runs(blender: BlenderWindow, since: Since, tmp_path: Path) -> None:
    """It is generated in T-Pose, approved, animated, and exported with both clips."""
    blender.fill(preset="FAST", review=True, prompt="a knight in armor", pose="T_POSE")
    assert known_price(blender)
    blender.settle()
    blender.click("mint.generate_from_form")
    blender.wait_for("review")
    blender.review()
    blender.click_in_popup("mint.approve")
    blender.wait_for("placed")
    blender.key("Escape")
    blender.ask(SELECT)
    blender.settle()
    blender.click("mint.animate")
    blender.wait("part('ui.pricing.limit_dialog')._state().open")
    blender.ask(RUN)
    blender.display.still()
    blender.pay()
    blender.wait("sum(each['state'] == 'Animating' for each in jobs()) == 1")
    blender.settle()
    blender.wait("[each['phase'] for each in jobs()] == ['placed'] * 3")
    blender.settle()
    assert blender.ask(f"result = {TRACKS}") == ["Walk in Place", "Run in Place"]
    assert blender.ask(f"{KNIGHT}.location.x") == 0.5
    assert since.count("POST", "/v1/models/*:animate") == 2
    blender.click('mint.play_clip(clip="Run in Place"')
    blender.wait(PLAYING)
    blender.wait("bpy.context.scene.frame_current > 5")
    assert blender.ask(f"result = {ACTION}") == "Run in Place"
    save = "result = list(bpy.ops.mint.export_character('EXEC_DEFAULT', True, filepath=path))"
    assert blender.ask(save, path=str(tmp_path / "knight.glb")) == ["FINISHED"]
    assert animations(tmp_path / "knight.glb") == {"Walk in Place": 0.0, "Run in Place": 0.0}
