# SPDX-License-Identifier: GPL-3.0-or-later
"""The first result of a file is shown at once, in color; a view that somebody uses stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.mint_service.runner import Service, running_service

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

PROMPTS = {
    "MODEL": "a small ceramic lamp with an orange shade",
    "WORLD": "a walled courtyard in orange evening light",
}
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
IN_SECOND = """
views = part('ui.viewport.views')
with bpy.context.temp_override(window=bpy.context.window_manager.windows[1]):
"""
LEAVE_ALONE = "part('ui.viewport.arrival').leave_alone()"
"""The view is not to move when a result arrives."""
PICTURE = "part('jobs.presentation.job_view').JobView(job_service().jobs()[0]).picture"
CHIPS = "[[each.title, each.is_shown] for each in part('ui.viewport.arrival').chips()]"
CHIP = """
arrival = part('ui.viewport.arrival')
arrival._add_chip(arrival.Chip('1', 'a bell', False))
area('VIEW_3D').tag_redraw()
"""
IS_STARTED = """
beats = part('ui.heartbeat')
result = not bpy.app.timers.is_registered(beats._resume) and not beats._state().is_file_new
"""
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


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Run a stand-in for Mint with real models and places."""
    with running_service(
        speed=20, assets="real", credits=1e6, switches=("poll-hint",), retry_after=0.3
    ) as running:
        yield running


def generate(blender: BlenderWindow, prompt: str, kind: str = "MODEL") -> None:
    """Generate something, and wait until it is placed."""
    words: dict[str, Any] = {"prompt": prompt, "mode": "AUTO", "preset": "FAST", "kind": kind}
    assert blender.call("mint.generate", **words) == ["FINISHED"]


def press(blender: BlenderWindow, number: int, name: str = "button") -> None:
    """Click a chip with the mouse."""
    blender.display.move(*blender.ask(BUTTON, number=number, name=name))
    blender.settle()
    time.sleep(0.25)  # Blender takes a click only once the pointer rests there
    blender.display.press()
    blender.settle()


def test_the_first_model_comes_in_color_and_fills_the_view(blender: BlenderWindow) -> None:
    """No click is needed, nothing is selected, and one click brings the view back."""
    before, felt = blender.ask(ALL_OF_THE_VIEW), blender.ask(FELT)
    generate(blender, PROMPTS["MODEL"])
    blender.wait_for("placed")
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
    generate(blender, "a brass bell")
    blender.wait_for("placed", title="bell")
    blender.settle()
    assert blender.ask(ALL_OF_THE_VIEW) == before, "not again in this file"
    assert blender.ask(CHIPS) == [["a brass bell", False]]
    blender.screenshot("arrival_chip")
    press(blender, 0)
    assert blender.ask(CHIPS) == [["a brass bell", True]]
    assert blender.ask(POSE) != before[-1]
    press(blender, 0, "close")
    assert blender.ask(CHIPS) == [] and blender.ask(FELT) == felt
    blender.ask(f"{SPACE}space.shading.type = 'WIREFRAME'")
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.mint.restore_view()")
    assert blender.ask(POSE) == before[-1]
    assert blender.ask(SHADING)[0] == "WIREFRAME", "what was chosen since stays"


def _color(path: Any, box: tuple[int, ...] | None = None) -> NDArray[np.float64]:
    """Return the mean of what has a color rather than gray, from 0 to 255."""
    with Image.open(path) as picture:
        pixels = np.array(picture.convert("RGB").crop(box or picture.getbbox())).reshape(-1, 3)
    most = pixels.max(axis=1).astype(float)
    is_colored = (most > 60) & (most - pixels.min(axis=1) > most / 2)
    found: NDArray[np.float64] = pixels[is_colored].mean(axis=0)
    return found


def test_a_chip_is_clicked_after_preferences_were_loaded(blender: BlenderWindow) -> None:
    """Blender then clears its own keymaps when the next file is opened."""
    blender.ask("bpy.ops.wm.read_userpref()")
    blender.fresh()
    blender.wait(IS_STARTED)
    blender.ask(CHIP)
    press(blender, 0, "close")
    assert blender.ask(CHIPS) == []


def test_what_is_clicked_before_the_add_on_has_started_counts(blender: BlenderWindow) -> None:
    """It resumes earlier jobs after a second, which is not another file."""
    blender.ask("leave()")
    blender.ask("[str(addon_utils.enable(MODULE))]")
    blender.ask(CHIP)
    blender.call("mint.generate", prompt="a lamp", preset="FAST")
    blender.wait(IS_STARTED)
    assert blender.ask(CHIPS)[0] == ["a bell", False]


@pytest.mark.parametrize("meanwhile", ["navigated", "selected", "edited", "rendered"])
def test_a_view_that_is_used_stays(blender: BlenderWindow, meanwhile: str) -> None:
    """A chip says that the result is here; its button shows it."""
    acts = {
        "navigated": "area('VIEW_3D').spaces.active.region_3d.view_distance += 1",
        "selected": "bpy.data.objects['Cube'].select_set(False)",
        "edited": "bpy.data.objects['Cube'].location.x += 1",
        "rendered": "area('VIEW_3D').spaces.active.shading.type = 'WIREFRAME'",
    }
    generate(blender, "a wooden stool")
    blender.ask(acts[meanwhile])
    before = blender.ask(ALL_OF_THE_VIEW)
    blender.wait_for("placed")
    blender.settle()
    assert blender.ask(ALL_OF_THE_VIEW) == before
    assert blender.ask(CHIPS) == [["a wooden stool", False]]


def test_only_the_cube_of_a_new_file_is_hidden(blender: BlenderWindow) -> None:
    """What arrives later is in view, and so is the cube once somebody has made something of it."""
    generate(blender, "a wooden stool")
    blender.wait_for("placed")
    generate(blender, "a brass bell")
    blender.wait_for("placed", title="bell")
    blender.settle()
    in_view = set(blender.ask(IN_VIEW))
    assert set(blender.ask("roots()")) <= in_view and "Cube" not in in_view
    blender.ask("bpy.data.objects['Cube'].location.x += 3")
    blender.settle()
    press(blender, 0)
    assert {"Cube", *blender.ask("roots()")} <= set(blender.ask(IN_VIEW))


def test_the_cube_stays_hidden_when_a_result_comes_into_another_window(
    blender: BlenderWindow,
) -> None:
    """Each window has its own scene, and what is in view of one is not in the other."""
    generate(blender, "a wooden stool")
    blender.wait_for("placed")
    blender.settle()
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.window_new_main()")
    blender.wait("len(bpy.context.window_manager.windows) == 2")
    blender.ask("bpy.context.window_manager.windows[1].scene = bpy.data.scenes.new('Other')")
    try:
        in_view = blender.ask(IN_VIEW)
        blender.ask(IN_SECOND + "    views.show_all()")
        assert "Cube" in blender.ask(IN_VIEW)
        blender.ask(IN_SECOND + "    views.hide_cube_again()")
        assert blender.ask(IN_VIEW) == in_view
    finally:
        blender.ask(IN_SECOND + "    bpy.ops.wm.window_close()")


@pytest.mark.parametrize("kind", ["MODEL", "WORLD"])
def test_what_is_edited_is_seen(blender: BlenderWindow, kind: str) -> None:
    """Tab edits the active object, also the cube of a new file that was not in view."""
    generate(blender, PROMPTS[kind], kind)
    blender.wait_for("placed", seconds=240)
    blender.settle()
    assert "Cube" not in blender.ask(IN_VIEW)
    blender.over()
    blender.key("Tab")
    blender.wait("bpy.context.mode == 'EDIT_MESH'")
    blender.settle()
    assert "Cube" in blender.ask(IN_VIEW)
    assert blender.ask("area('VIEW_3D').spaces.active.overlay.show_overlays")
    blender.screenshot(f"arrival_edited_{kind.lower()}")
    blender.key("Tab")
    blender.wait("bpy.context.mode == 'OBJECT'")
    press(blender, 0)
    assert blender.ask("area('VIEW_3D').spaces.active.local_view is None")


def test_the_first_world_is_seen_from_inside(blender: BlenderWindow) -> None:
    """In its colors, without outlines, from where it was captured; nothing is clicked."""
    before, felt = blender.ask(ALL_OF_THE_VIEW), blender.ask(FELT)
    generate(blender, PROMPTS["WORLD"], kind="WORLD")
    blender.wait_for("placed", seconds=240)
    blender.settle()
    blender.screenshot("arrival_world")
    assert blender.ask(SHADING) == ["SOLID", "TEXTURE", "FLAT"] and blender.ask(FELT) == felt
    assert not blender.ask("area('VIEW_3D').spaces.active.overlay.show_overlays")
    in_view = set(blender.ask(IN_VIEW))
    assert "Cube" not in in_view and set(blender.ask("roots()")) <= in_view, "nor when it is turned"
    press(blender, 0)
    assert blender.ask(ALL_OF_THE_VIEW) == before
    shown = blender.call("mint.select_result", "INVOKE_DEFAULT", job_id=blender.jobs()[0]["id"])
    assert shown == ["FINISHED"]
    assert blender.ask(SHADING) == ["SOLID", "TEXTURE", "FLAT"], "from inside, as at its arrival"
