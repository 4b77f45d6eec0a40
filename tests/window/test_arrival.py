# SPDX-License-Identifier: GPL-3.0-or-later
"""The first result of a file is shown at once, in color; a view that somebody uses stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from .blender_window import BlenderWindow
from .test_jobs import place

pytestmark = pytest.mark.window

MINT = {"speed": 20, "assets": "real", "credits": 1e6}
COURTYARD = "a walled courtyard in orange evening light"
SPACE = "space = area('VIEW_3D').spaces.active\n"
SHADING = f"{SPACE}result = [space.shading.type, space.shading.color_type, space.shading.light]"
POSE = f"{SPACE}result = part('ui.viewport.views').pose(space)"
FELT = f"""
{SPACE}
shading = space.shading
result = [scene()[name] for name in ('active', 'selected', 'mode')]
"""
ALL_OF_THE_VIEW = f"""
{SPACE}
names = ('type', 'color_type', 'light', 'studio_light', 'background_type')
result = [getattr(space.shading, name) for name in names]
result += [space.overlay.show_overlays, space.overlay.show_bones]
result += [part('ui.viewport.views').pose(space)]
"""
IN_VIEW = f"""
{SPACE}
result = [each.name for each in bpy.data.objects if each.visible_get(viewport=space)]
"""
RENDERED = "[not bpy.data.objects['Cube'].hide_render, bpy.context.scene.camera.name]"
PICTURE = "part('jobs.presentation.job_view').JobView(job_service().jobs()[0]).picture"
SELECTED = "[scene()[name] for name in ('active', 'selected')]"
WHOLE = """
parts = [bpy.data.objects[root], *bpy.data.objects[root].children_recursive]
result = sorted(each.name for each in parts)
"""
CHIPS = "[[each.title, each.is_shown] for each in part('ui.viewport.arrival').chips()]"
BUTTON = """
with within('VIEW_3D'):
    rows = part('ui.viewport.chips')._rows(bpy.context)
boxes = {each: box for each, _, box in rows[number].buttons}
boxes |= {"close": rows[number].close, "whole": rows[number].whole}
box, here = boxes[name], region('VIEW_3D', 'WINDOW')
result = [here.x + box.x + box.width / 2, window().height - (here.y + box.y + box.height / 2)]
"""
WITH_LONG_NAME = """
with within('VIEW_3D'):
    chips = part('ui.viewport.chips')
    (chip,) = part('ui.viewport.arrival').chips()
    result = chips._row(bpy.context, chip, 'a very long name ' * 20, 0.0, 1.0).text
"""
# Where the vertices of the result are in the view, as shares of its width and height.
PLACES = """
import numpy as np
from bpy_extras import view3d_utils
here, view = region('VIEW_3D', 'WINDOW'), area('VIEW_3D').spaces.active.region_3d
root = bpy.data.objects[roots()[-1]]
points = [each.matrix_world @ vertex.co for each in (root, *root.children_recursive)
          if each.type == 'MESH' for vertex in list(each.data.vertices)[::7]]
seen = [view3d_utils.location_3d_to_region_2d(here, view, each) for each in points]
result = [[each.x / here.width, each.y / here.height] for each in seen]
"""


def press(blender: BlenderWindow, number: int, name: str = "restore") -> None:
    """Click a button of a chip with the mouse."""
    blender.rest_at(*blender.ask(BUTTON, number=number, name=name))
    blender.display.press()
    blender.settle()


def test_the_first_model_comes_in_color_and_fills_the_view(blender: BlenderWindow) -> None:
    """No click is needed. It takes the place of the cube, and each click and undo takes back one."""
    before = blender.ask(ALL_OF_THE_VIEW)
    place(blender, "a small ceramic lamp with an orange shade")
    blender.settle()
    path = blender.screenshot("arrival_model")
    (root,) = blender.ask("roots()")
    assert blender.ask(SHADING) == ["SOLID", "TEXTURE", "STUDIO"]
    felt = blender.ask(FELT)
    assert felt == [root, [root], "OBJECT"], "in place of the cube, which was selected"
    assert blender.ask(RENDERED) == [False, "Mint Picture Camera"]
    in_view = set(blender.ask(IN_VIEW))
    assert root in in_view and "Cube" not in in_view, "the cube of a new file is not behind it"
    assert blender.ask(f"{SPACE}result = -space.region_3d.view_matrix[2][1]") > 0.7, "its front"
    places = np.array(blender.ask(PLACES))
    lowest, highest = places.min(axis=0), places.max(axis=0)
    assert lowest.min() > 0 and highest.max() < 1, "all of it is seen"
    assert (highest - lowest).max() > 0.8, "it fills the view in one direction"
    assert np.prod(highest - lowest) >= 0.25
    left, top, right, bottom = blender.ask("box('VIEW_3D', 'WINDOW')")
    box = (
        int(left + (right - left) * lowest[0]),
        int(bottom - (bottom - top) * highest[1]),
        int(left + (right - left) * highest[0]),
        int(bottom - (bottom - top) * lowest[1]),
    )
    seen, expected = _color(path, box), _color(blender.ask(PICTURE))
    assert seen.max() > 0.75 * expected.max(), "a dark orange is brown"
    apart = np.abs(seen / seen.max() - expected / expected.max()) * 255
    assert apart[:2].max() <= 15, "red and green, which make its hue, are as in the Preview"

    words = blender.ask(WITH_LONG_NAME)
    said = " · Cube hidden, light and camera added"
    assert words.endswith(said), "what has changed beside it is said in any case"

    blender.over()  # the pointer leaves the chip's place
    press(blender, 0, "cube")
    assert "Cube" in blender.ask(IN_VIEW) and blender.ask(RENDERED)[0]
    blender.over()
    for is_cube_seen, camera in ((False, "Mint Picture Camera"), (True, "Camera")):
        blender.key("ctrl+z")
        blender.wait(f"{RENDERED} == shown", shown=[is_cube_seen, camera])
        assert ("Cube" in blender.ask(IN_VIEW)) == is_cube_seen
    assert blender.ask("roots()") == []
    blender.screenshot("arrival_undone")
    press(blender, 0)
    assert blender.ask(ALL_OF_THE_VIEW) == before, "an undo leaves a way back out of the close view"
    assert blender.ask(CHIPS) == []
    blender.over()
    blender.key("ctrl+shift+z")
    blender.wait("len(roots()) == 1")
    assert blender.ask(RENDERED) == [False, "Mint Picture Camera"]
    _a_later_one_is_only_said(blender, before, felt)


def _a_later_one_is_only_said(blender: BlenderWindow, before: Any, felt: Any) -> None:
    """Place another model, whose chip selects and shows it, and restore the view."""
    place(blender, "a brass bell")
    blender.settle()
    assert blender.ask(ALL_OF_THE_VIEW) == before, "not again in this file"
    assert blender.ask(CHIPS) == [["brass bell", False]] and blender.ask(FELT) == felt
    press(blender, 0, "show")
    blender.wait(f"{CHIPS} == [['brass bell', True]]")
    bell = "brass bell"
    assert blender.ask(FELT) == [bell, [bell], "OBJECT"], "as *Show* of its job does"
    assert blender.ask(POSE) != before[-1]
    press(blender, 0, "close")
    assert blender.ask(CHIPS) == []
    blender.ask(f"{SPACE}space.shading.type = 'WIREFRAME'")
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.mint.restore_view()")
    assert blender.ask(POSE) == before[-1]
    assert blender.ask(SHADING)[0] == "WIREFRAME", "what was chosen since stays"


def _color(path: Any, box: tuple[int, int, int, int] | None = None) -> NDArray[np.float64]:
    """Return the mean of what has a color rather than gray, from 0 to 255."""
    with Image.open(path) as picture:
        pixels = np.array(picture.convert("RGB").crop(box or picture.getbbox())).reshape(-1, 3)
    most = pixels.max(axis=1).astype(float)
    is_colored = (most > 60) & (most - pixels.min(axis=1) > most / 2)
    found: NDArray[np.float64] = pixels[is_colored].mean(axis=0)
    return found


PART = "next((each for each in bpy.context.scene.objects if each.get('mint_part') == name), None)"
WALKS = "'MINT_OT_walk_inside' in [each.bl_idname for each in window().modal_operators]"
VIEW_MATRIX = f"{SPACE}result = [tuple(row) for row in space.region_3d.view_matrix.inverted()]"
QUICK_RENDER = """
render = bpy.context.scene.render
render.engine, render.resolution_x, render.resolution_y = 'BLENDER_WORKBENCH', 480, 270
"""
HAS_MOVED = f"{SPACE}result = list(part('ui.viewport.views').pose(space)[0]) != start"
MATRIX = f"[tuple(row) for row in ({PART}).matrix_world]"
EYE = f"""
import mathutils
{SPACE}
space.region_3d.update()
box = [obj.matrix_world @ mathutils.Vector(each) for obj in bpy.data.objects
       if obj.get('mint_part') == 'collider' and obj.type == 'MESH' for each in obj.bound_box]
eye = space.region_3d.view_matrix.inverted().translation
result = all(min(each[axis] for each in box) < eye[axis] < max(each[axis] for each in box)
             for axis in range(3))
"""


def walk_and_come_back(blender: BlenderWindow, camera: list[list[float]]) -> None:
    """Walk to a wall, render what is seen there, and go back by the toast."""
    first = blender.ask(POSE)
    blender.click("mint.walk_inside")
    blender.wait(WALKS)
    assert blender.ask(CHIPS) == [], "nothing is said during a walk"
    start = blender.ask(POSE)
    blender.display.tool("keydown", "w")
    blender.wait(HAS_MOVED, start=start[0])
    for _ in range(40):
        blender.settle()
    blender.display.tool("keyup", "w")
    blender.screenshot("world_walked")
    assert blender.ask(EYE), "behind a wall there is nothing"
    screen = (0, 0, *blender.display.size)
    walking = blender.display.picture(screen)
    blender.key("Return")
    blender.wait(f"not {WALKS}")
    x, y = map(round, blender.ask(BUTTON, number=0, name="whole"))
    blender.display.still()
    is_same = blender.display.picture(screen)[y, x] == walking[y, x]
    assert not is_same.all(), "the toast is drawn, although nothing else in the view changes"
    assert blender.ask(MATRIX, name="camera") == camera, "the camera stays"
    blender.ask(QUICK_RENDER)
    eye = blender.ask(VIEW_MATRIX)
    press(blender, 0, "render")
    blender.wait("len(bpy.context.window_manager.windows) == 2")
    blender.wait("not bpy.app.is_job_running('RENDER')")
    assert blender.ask(MATRIX, name="camera") == [pytest.approx(row, abs=1e-4) for row in eye]
    blender.screenshot("world_rendered_from_here")
    blender.key("Escape")
    blender.wait("len(bpy.context.window_manager.windows) == 1")
    press(blender, 0, "inside")
    blender.wait(HAS_MOVED.replace("!=", "=="), start=first[0])


@pytest.mark.feature("import of Worlds")
@pytest.mark.feature("panorama on the collider")
def test_the_first_world_is_seen_from_inside(blender: BlenderWindow) -> None:
    """In its colors, also in a render; the way back and in is a click, and nobody walks out."""
    before = blender.ask(ALL_OF_THE_VIEW)
    blender.fill(kind="WORLD", prompt=COURTYARD, preset="FAST", review=False, splats="100k")
    assert blender.call("mint.generate_from_form") == ["FINISHED"]
    blender.wait_for("placed", seconds=240)
    blender.settle()
    (root,) = blender.ask("roots()")
    inside = ["SOLID", "TEXTURE", "STUDIO"]
    assert blender.ask(SHADING) == inside
    assert not blender.ask("area('VIEW_3D').spaces.active.overlay.show_overlays")
    assert blender.ask(f"({PART}) is not None", name="splats")
    assert blender.ask(f"({PART}).display_type", name="collider") == "BOUNDS"
    in_view = set(blender.ask(IN_VIEW))
    assert "Cube" not in in_view and root in in_view, "nor when it is turned"
    assert blender.ask(RENDERED) == [False, blender.ask(f"({PART}).name", name="camera")]
    said = " · Cube hidden, camera and 3D cursor set"
    assert blender.ask(WITH_LONG_NAME).endswith(said), "what has changed beside it"

    blender.ask("for each in bpy.data.objects:\n    each.select_set(False)")
    blender.over()
    blender.display.press()
    whole = blender.ask(WHOLE, root=root)
    blender.wait(f"{SELECTED} == [root, whole]", root=root, whole=whole)
    camera = blender.ask(MATRIX, name="camera")
    blender.key("g")
    blender.key("x")
    blender.key("2")
    blender.key("Return")
    blender.wait("abs(bpy.data.objects[root].location.x - 2) < 1e-4", root=root)
    apart = "[round(({}).matrix_world.translation.x - 2, 4) for name in ('splats', 'collider')]"
    assert blender.ask(apart.format(PART)) == [0.0, 0.0], "they stay together"
    blender.key("ctrl+z")
    blender.wait("abs(bpy.data.objects[root].location.x) < 1e-4", root=root)
    assert blender.ask(MATRIX, name="camera") == camera
    blender.over()
    blender.key("Delete")
    blender.wait("not set(whole) & {each.name for each in bpy.data.objects}", whole=whole)
    blender.key("ctrl+z")
    blender.wait("set(whole) <= {each.name for each in bpy.context.scene.objects}", whole=whole)
    blender.ask("bpy.context.view_layer.objects.active = None")
    blender.settle()

    walk_and_come_back(blender, camera)
    blender.find("mint.render_from_here")  # it stays, also when the toast has faded
    blender.screenshot("world_panel")
    blender.click("mint.restore_view")
    blender.wait(f"{SHADING} != inside", inside=inside)
    assert blender.ask(ALL_OF_THE_VIEW) == before
    blender.click("mint.look_inside")
    blender.wait(f"{SHADING} == inside", inside=inside)
    _more_splats_are_no_result(blender)


def _more_splats_are_no_result(blender: BlenderWindow) -> None:
    """They come, and nothing says that a result is here."""
    count = f"len(({PART}).data.attributes['position'].data)"
    before = blender.ask(count, name="splats")
    blender.call("mint.fetch_world_part", part="SPLATS", splats="500k")
    blender.wait(f"{count} != before", name="splats", before=before)
    blender.settle()
    assert blender.ask(CHIPS) == []
