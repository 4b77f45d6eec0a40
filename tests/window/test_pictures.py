# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user sees with models as Mint makes them, worth showing in the README: `python3 scripts/dev.py images` keeps these pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mint_service.running import Service, running_service

from .blender_window import BlenderWindow
from .conftest import SPEED
from .test_jobs import start

pytestmark = pytest.mark.window

LOOK = """
area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == 'VIEW_3D')
area.spaces.active.shading.type = 'MATERIAL'
area.spaces.active.region_3d.view_distance = 4.5
area.spaces.active.region_3d.view_location = (0.4, 0, 0.6)
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A stand-in whose models are made by Blender."""
    with running_service(speed=SPEED, assets="real", switches=("poll-hint",), retry_after=0.3) as running:
        yield running


def test_a_lamp_from_preview_to_scene(blender: BlenderWindow) -> None:
    """The Preview in the sidebar shows the lamp; approved, it stands in the scene in its colours."""
    blender.ask("[bpy.data.objects.remove(each) for each in list(bpy.data.objects)] and None")
    blender.ask(LOOK)
    start(blender, "a small ceramic lamp with an orange shade", mode="REVIEW")
    blender.wait_for("review", seconds=90)
    blender.wait("jobs()[0]['previews'] == 1 and not jobs()[0]['active']")
    blender.screenshot("picture_preview")
    job = blender.ask("board().jobs()[0].id")
    assert blender.call("mint.approve", job_id=job) == ["FINISHED"]
    blender.wait_for("placed", seconds=90)
    (root,) = blender.ask("roots()")
    assert blender.ask("bpy.data.objects[root].dimensions.z > 0 or len(bpy.data.objects[root].children) > 0", root=root)
    blender.wait("not board().is_active_at_all")
    blender.screenshot("picture_placed")


def test_a_world_from_inside(blender: BlenderWindow) -> None:
    """A click on the card's button shows the World as a place, in colour, through its start camera; the scene's camera stays what it was."""
    blender.ask("[bpy.data.objects.remove(each) for each in list(bpy.data.objects) if each.type != 'CAMERA'] and None")
    start(blender, "a walled courtyard in orange evening light", kind="WORLD", preset="FAST")
    blender.wait_for("placed", seconds=90)
    camera = blender.ask("bpy.context.scene.camera.name")
    blender.ask("setattr(bpy.context.view_layer.objects, 'active', bpy.data.objects[roots()[-1]])")
    blender.settle()
    blender.click("mint.look_inside")
    space = "area('VIEW_3D').spaces.active"
    blender.wait(f"{space}.region_3d.view_perspective == 'CAMERA' and {space}.shading.type == 'MATERIAL'")
    assert blender.ask(f"{space}.camera.name != bpy.context.scene.camera.name == camera", camera=camera)
    blender.ask("setattr(region('VIEW_3D', 'UI'), 'active_panel_category', 'Mint')")
    blender.display.still()
    blender.screenshot("picture_world")
    blender.click("mint.look_outside")
    blender.wait(f"{space}.region_3d.view_perspective == 'PERSP' and {space}.shading.type == 'SOLID'")
    assert "decrement error" not in blender.log(), "Blender complains about who uses the panorama"
