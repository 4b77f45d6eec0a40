# SPDX-License-Identifier: GPL-3.0-or-later
"""A World in a window: its settings, the start camera, and the buttons of its panel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mint_service.runner import Service, running_service

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

LOOK = """
space = area('VIEW_3D').spaces.active
space.shading.type = 'MATERIAL'
space.shading.use_scene_world = True
space.region_3d.view_perspective = 'CAMERA'
world = next(each for each in bpy.context.scene.objects if 'mint_flipped' in each.keys())
bpy.context.scene.camera = next(each for each in world.children_recursive if each.type == 'CAMERA')
bpy.context.view_layer.objects.active = world
bpy.ops.ed.undo_push(message='Look')
"""
PART = "next((each for each in bpy.context.scene.objects if each.get('mint_part') == name), None)"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Run a stand-in for Mint whose World is a real place."""
    with running_service(
        speed=4, assets="real", switches=("poll-hint",), retry_after=0.3
    ) as running:
        yield running
        assert not running.leaks(), "the key went to the file host"


def test_a_world_is_shown_and_changed_by_its_panel(blender: BlenderWindow) -> None:
    """A click fetches splats, and undo reverts what a click did."""
    blender.fill(kind="WORLD", prompt="a greenhouse", preset="FAST", review=False)
    assert blender.call("mint.generate_from_form") == ["FINISHED"]
    blender.wait_for("placed", seconds=90)
    blender.ask(LOOK)
    blender.settle()
    blender.screenshot("world_through_its_camera")
    assert blender.ask(f"({PART}).display_type", name="collider") == "TEXTURED"

    blender.click("mint.show_collider(how='PHYSICS')")
    blender.wait(f"({PART}).display_type == 'WIRE'", name="collider")
    blender.over()
    blender.key("ctrl+z")
    blender.wait(f"({PART}).display_type == 'TEXTURED'", name="collider")

    assert blender.call("mint.fetch_world_part", part="SPLATS", splats="100k") == ["FINISHED"]
    blender.wait(f"({PART}) is not None", name="splats", seconds=90)
    blender.wait_for("placed")
    assert (
        blender.ask(f"'mint_flipped' in ({PART}).parent.keys() and len(roots())", name="splats")
        == 1
    )
    blender.settle()
    blender.screenshot("world_with_splats")
