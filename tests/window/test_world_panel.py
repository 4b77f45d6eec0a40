# SPDX-License-Identifier: GPL-3.0-or-later
"""A World in a window: what it looks like at once, looking inside, and the buttons of its panel."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .test_languages import SWITCH

pytestmark = pytest.mark.window

ACTIVATE = """
world = next(each for each in bpy.context.scene.objects if 'mint_flipped' in each.keys())
bpy.context.view_layer.objects.active = world
bpy.ops.ed.undo_push(message='Look')
"""
PART = "next((each for each in bpy.context.scene.objects if each.get('mint_part') == name), None)"
SHADING = "[space.shading.type, space.shading.color_type]"
SPACE = "space = area('VIEW_3D').spaces.active\nresult = "
CAMERA = (
    "[tuple(row) for row in next("
    "each for each in bpy.context.scene.objects if each.get('mint_part') == 'camera').matrix_world]"
)
VIEW = "space.region_3d.view_perspective, tuple(space.region_3d.view_location)"


MINT = {"assets": "real"}


@pytest.mark.feature("import of Worlds")
@pytest.mark.feature("panorama on the collider")
def test_a_world_looks_good_at_once(blender: BlenderWindow) -> None:
    """It is seen from inside, in color and without wires over its splats; walking moves the view."""
    blender.fill(kind="WORLD", prompt="a greenhouse", preset="FAST", review=False)
    assert blender.call("mint.generate_from_form") == ["FINISHED"]
    blender.wait_for("placed", seconds=240)
    assert blender.ask(f"({PART}) is not None", name="splats")
    assert blender.ask(f"({PART}).display_type", name="collider") == "BOUNDS"
    blender.wait(f"{SPACE}{SHADING} == ['SOLID', 'TEXTURE']")
    blender.ask(ACTIVATE)
    blender.settle()
    blender.screenshot("world_placed")
    blender.ask(SWITCH, language="de_DE")
    try:
        blender.screenshot("world_placed_german")
    finally:
        blender.ask(SWITCH, language="en_US")

    before = blender.ask(CAMERA)
    start = blender.ask(f"{SPACE}[{VIEW}]")
    blender.click("mint.walk_inside")
    blender.display.hold("w", 0.6)
    blender.key("Return")
    blender.wait(f"{SPACE}[{VIEW}] != start", start=start)
    blender.screenshot("world_walked")
    assert blender.ask(CAMERA) == before, "walking moves the view, not the start camera"
    blender.click("mint.restore_view")
    blender.wait(f"{SPACE}{SHADING} == ['SOLID', 'MATERIAL']")
    blender.click("mint.look_inside")
    blender.wait(f"{SPACE}{SHADING} == ['SOLID', 'TEXTURE']")
