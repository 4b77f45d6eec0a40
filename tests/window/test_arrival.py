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
result += [space.overlay.show_overlays, space.overlay.show_bones, space.local_view is not None]
result += [part('ui.viewport.views').pose(space)]
"""
IN_VIEW = f"""
{SPACE}
result = [each.name for each in bpy.data.objects if each.visible_get(viewport=space)]
"""
PICTURE = "part('jobs.presentation.job_view').JobView(job_service().jobs()[0]).picture"
CHIPS = "[[each.title, each.is_shown] for each in part('ui.viewport.arrival').chips()]"
BUTTON = """
with within('VIEW_3D'):
    rows = part('ui.viewport.chips')._rows(bpy.context)
box, here = getattr(rows[number], name), region('VIEW_3D', 'WINDOW')
result = [here.x + box.x + box.width / 2, window().height - (here.y + box.y + box.height / 2)]
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


def press(blender: BlenderWindow, number: int, name: str = "button") -> None:
    """Click a chip with the mouse."""
    blender.rest_at(*blender.ask(BUTTON, number=number, name=name))
    blender.display.press()
    blender.settle()


def test_the_first_model_comes_in_color_and_fills_the_view(blender: BlenderWindow) -> None:
    """No click is needed, nothing is selected, and one click brings the view back."""
    before, felt = blender.ask(ALL_OF_THE_VIEW), blender.ask(FELT)
    place(blender, "a small ceramic lamp with an orange shade")
    blender.settle()
    path = blender.screenshot("arrival_model")
    assert blender.ask(SHADING) == ["SOLID", "TEXTURE", "STUDIO"] and blender.ask(FELT) == felt
    (root,) = blender.ask("roots()")
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

    blender.over()  # the pointer leaves the chip's place
    press(blender, 0)
    assert blender.ask(ALL_OF_THE_VIEW) == before and blender.ask(CHIPS) == []
    assert "Cube" in blender.ask(IN_VIEW)
    place(blender, "a brass bell")
    blender.settle()
    assert blender.ask(ALL_OF_THE_VIEW) == before, "not again in this file"
    assert blender.ask(CHIPS) == [["a brass bell", False]]
    press(blender, 0)
    assert blender.ask(CHIPS) == [["a brass bell", True]]
    assert blender.ask(POSE) != before[-1]
    press(blender, 0, "close")
    assert blender.ask(CHIPS) == [] and blender.ask(FELT) == felt
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
WALKS = "'VIEW3D_OT_walk' in [each.bl_idname for each in window().modal_operators]"
HAS_MOVED = f"{SPACE}result = list(part('ui.viewport.views').pose(space)[0]) != start"
CAMERA = f"[tuple(row) for row in ({PART}).matrix_world]"


@pytest.mark.feature("import of Worlds")
@pytest.mark.feature("panorama on the collider")
def test_the_first_world_is_seen_from_inside(blender: BlenderWindow) -> None:
    """In its colors, without outlines; the way back and in is a click, and walking moves the view."""
    before, felt = blender.ask(ALL_OF_THE_VIEW), blender.ask(FELT)
    blender.fill(kind="WORLD", prompt=COURTYARD, preset="FAST", review=False)
    assert blender.call("mint.generate_from_form") == ["FINISHED"]
    blender.wait_for("placed", seconds=240)
    blender.settle()
    inside = ["SOLID", "TEXTURE", "FLAT"]
    assert blender.ask(SHADING) == inside and blender.ask(FELT) == felt
    assert not blender.ask("area('VIEW_3D').spaces.active.overlay.show_overlays")
    assert blender.ask(f"({PART}) is not None", name="splats")
    assert blender.ask(f"({PART}).display_type", name="collider") == "BOUNDS"
    in_view = set(blender.ask(IN_VIEW))
    assert "Cube" not in in_view and set(blender.ask("roots()")) <= in_view, "nor when it is turned"
    press(blender, 0)
    assert blender.ask(ALL_OF_THE_VIEW) == before
    assert blender.call("mint.select_result", "INVOKE_DEFAULT", job_id=blender.jobs()[0]["id"]) == [
        "FINISHED"
    ]
    assert blender.ask(SHADING) == inside, "as at its arrival"
    camera, start = blender.ask(CAMERA, name="camera"), blender.ask(POSE)
    blender.click("mint.walk_inside")
    blender.wait(WALKS)
    blender.display.tool("keydown", "w")
    blender.wait(HAS_MOVED, start=start[0])
    blender.display.tool("keyup", "w")
    blender.key("Return")
    blender.wait(f"not {WALKS}")
    assert blender.ask(CAMERA, name="camera") == camera, "the start camera stays"
    blender.click("mint.restore_view")
    blender.wait(f"{SHADING} != inside", inside=inside)
    blender.click("mint.look_inside")
    blender.wait(f"{SHADING} == inside", inside=inside)
