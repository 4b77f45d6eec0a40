# SPDX-License-Identifier: GPL-3.0-or-later
"""The asset bar in the 3D View: its pictures are clicked, double-clicked and dragged."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.mint_service.runner import running_service

from .blender_window import BlenderWindow
from .library_bar import FIELDS, NO_PICTURE, VIEW, at, press
from .picture_check import read

pytestmark = pytest.mark.window

MINT = {"library": {"models": 40, "worlds": 8}}

BAR = "part('ui.asset_bar.bar')"
SHOWN = (
    f"all({VIEW}.picture_url(each) in {BAR}.state().textures or {NO_PICTURE}"
    f" for each in {VIEW}.on_screen({FIELDS}))"
)
"""Whether all pictures of the page are there."""


def open_bar(blender: BlenderWindow) -> None:
    """Show the bar as the menu Add does, and wait for the pictures."""
    blender.open_sidebar()
    blender.call("mint.browse_library", "INVOKE_DEFAULT")
    blender.wait(f"{BAR}.state().area != 0")
    blender.wait(f"{VIEW}.on_screen({FIELDS})")
    blender.wait(SHOWN)


def ids(blender: BlenderWindow) -> list[str]:
    """Return the ids of the page that the bar shows."""
    found: list[str] = blender.ask(f"[each.id for each in {VIEW}.on_screen({FIELDS})]")
    return found


def finished(blender: BlenderWindow) -> int:
    """Return the place of a finished model on the page."""
    found: int = blender.ask(
        f"next(place for place, each in enumerate({VIEW}.on_screen({FIELDS}))"
        f" if each.kind.value == 'model' and {VIEW}.cell(each).state.value == 'done')"
    )
    return found


def above(blender: BlenderWindow, shot: Path, place: int) -> NDArray[np.uint8]:
    """Return some pixels of a screenshot: where the lower margin of a picture's card may be."""
    here = blender.ask("box('VIEW_3D', 'WINDOW')")
    _, low, _, tall = blender.ask(_FRAME)
    x, _ = map(round, at(blender, f"cells[{place}]"))
    y = round(here[3] - low - tall)
    pixels: NDArray[np.uint8] = read(shot)[y - 13 : y - 10, x - 30 : x + 30]
    return pixels


def test_a_double_click_imports(blender: BlenderWindow) -> None:
    """The picture under the pointer is shown large; two quick clicks import at the 3D cursor.

    The card with the large picture is away then, until the pointer comes back: it would cover what
    is said about the result.
    """
    open_bar(blender)
    before = blender.ask("scene()")
    place = finished(blender)
    blender.display.move(*at(blender, f"cells[{place}]"))
    blender.wait(f"{BAR}.state().hovered == place", place=place)
    shot = blender.screenshot("asset_bar_hovered")
    above_bar = above(blender, shot, place)
    x, y = map(round, at(blender, f"cells[{place}]"))
    shown = blender.ask(_COLOR, asset=ids(blender)[place])
    assert list(read(shot)[y, x]) == pytest.approx(shown, abs=3)
    press(blender, f"cells[{place}]")
    assert blender.jobs() == [], "one click imports nothing"
    press(blender, f"cells[{place}]")
    time.sleep(0.5)  # longer than a double click
    assert blender.jobs() == [], "nor do two slow ones"
    press(blender, "status")
    assert blender.ask("scene()") == before, "clicks do not reach the scene below"
    # each press is a process of its own, which can take a second on a busy machine
    inputs = "bpy.context.preferences.inputs"
    blender.ask(f"setattr({inputs}, 'mouse_double_click_time', 1000)")
    for _ in range(5):
        press(blender, f"cells[{place}]", times=2)
        if blender.ask(f"{BAR}.state().imported"):  # its job comes a moment later
            break
    blender.ask(f"setattr({inputs}, 'mouse_double_click_time', 350)")
    blender.wait_for("placed")
    assert len(blender.jobs()) == 1
    blender.settle()
    assert not np.array_equal(
        above(blender, blender.screenshot("asset_bar_imported"), place), above_bar
    )
    blender.display.move(*at(blender, "status"))
    blender.display.move(*at(blender, f"cells[{place}]"))
    blender.settle()
    assert np.array_equal(
        above(blender, blender.screenshot("asset_bar_hovered_again"), place), above_bar
    )
    blender.display.move(*at(blender, "status"))
    blender.key("Escape")
    blender.wait(f"{BAR}.state().area == 0")


@pytest.mark.thorough
def test_a_right_click_opens_a_menu_of_the_item(blender: BlenderWindow) -> None:
    """Its first entry imports the item; Blender's menu with Delete is not opened."""
    open_bar(blender)
    place = finished(blender)
    objects = blender.ask("scene()")["objects"]
    blender.rest_at(*at(blender, f"cells[{place}]"))
    blender.until_it_shows(lambda: blender.display.press(3))
    blender.display.press()  # Blender opens a menu with its first entry below the pointer
    placed = blender.wait_for("placed")
    assert (
        blender.ask(f"job_service().job({placed['id']!r}).source_asset_id") == ids(blender)[place]
    )
    assert set(objects) < set(blender.ask("scene()")["objects"]), "nothing was deleted"


@pytest.mark.thorough
def test_letters_filter_while_they_are_typed(blender: BlenderWindow) -> None:
    """The field is ready to type; a state narrows further, and the cross shows everything again.

    Enter closes the field.
    """
    open_bar(blender)
    # beside the sidebar its words need a second line while everything is shown
    blender.ask("area('VIEW_3D').spaces.active.show_region_ui = False")
    blender.settle()
    frame = blender.ask(_FRAME)
    everything = blender.ask(f"len({VIEW}.shown({FIELDS}))")
    press(blender, "buttons[SEARCH]")
    blender.display.still()
    counts = [everything]
    for letter in "lamp":
        blender.type(letter)
        blender.wait(f"{FIELDS}.words == words", words="lamp"[: len(counts)])
        counts.append(blender.ask(f"len({VIEW}.shown({FIELDS}))"))
    assert counts[-1] < everything, "before Enter"
    blender.wait(SHOWN)
    blender.key("Return")
    blender.display.still()
    blender.screenshot("asset_bar_searched")
    press(blender, "buttons[CLEAR]")
    blender.wait(f"{FIELDS}.words == ''")
    press(blender, "buttons[SEARCH]")
    blender.display.still()
    blender.type("lamp")
    blender.key("Return")
    blender.display.still()
    assert blender.ask(f"{FIELDS}.words") == "lamp"
    assert blender.ask(_FRAME) == frame, "what is typed above the pictures stays where it is"
    press(blender, "buttons[CLEAR]")
    blender.wait(f"{FIELDS}.words == ''")


@pytest.mark.thorough
def test_a_menu_chooses_the_kind(blender: BlenderWindow) -> None:
    """It opens below the pointer, with the keyboard on the current entry."""
    open_bar(blender)
    blender.rest_at(*at(blender, "buttons[KIND]"))
    blender.until_it_shows(blender.display.press)
    blender.key("w")
    blender.wait(f"{FIELDS}.kind == 'WORLD'")
    blender.wait(SHOWN)
    kinds = blender.ask(f"[each.kind.value for each in {VIEW}.on_screen({FIELDS})]")
    assert set(kinds) == {"world"}


@pytest.mark.feature("asset bar in the 3D View")
def test_a_picture_is_dragged_into_the_scene(blender: BlenderWindow) -> None:
    """It lands on the surface under the pointer; dropped on the bar, nothing happens."""
    open_bar(blender)
    start = at(blender, f"cells[{finished(blender)}]")
    drag(blender, start, at(blender, "cells[11]"))
    assert blender.jobs() == [], "dropped on the bar"
    blender.ask("area('VIEW_3D').spaces.active.region_3d.view_location.z = -2")  # above the bar
    blender.settle()
    target = blender.ask(_CUBE)
    drag(blender, start, target)
    placed = blender.wait_for("placed")
    at_z = blender.ask(f"job_service().job({placed['id']!r}).delivery.at[2]")
    assert abs(at_z - 1.0) < 1e-3, "on top of the cube"


@pytest.mark.thorough
def test_the_page_is_turned(blender: BlenderWindow) -> None:
    """By the wheel over the bar, and by its arrows; the view is not zoomed."""
    open_bar(blender)
    view = blender.ask(_DISTANCE)
    blender.rest_at(*at(blender, "cells[3]"))
    blender.display.press(5)
    blender.wait(f"{FIELDS}.start == 12")
    blender.display.press(4)
    blender.wait(f"{FIELDS}.start == 0")
    press(blender, "buttons[FORWARD]")
    blender.wait(f"{FIELDS}.start == 12")
    press(blender, "buttons[BACK]")
    blender.wait(f"{FIELDS}.start == 0")
    assert blender.ask(_DISTANCE) == view
    press(blender, "buttons[CLOSE]")
    blender.wait(f"{BAR}.state().area == 0")


@pytest.mark.thorough
def test_the_button_brings_the_bar_back_when_gizmos_were_hidden(blender: BlenderWindow) -> None:
    """With Blender's gizmos the bar is hidden too."""
    open_bar(blender)
    blender.ask("area('VIEW_3D').spaces.active.show_gizmo = False")
    blender.settle()
    assert not blender.ask(f"{BAR}.is_shown_in(area('VIEW_3D'))")
    blender.call("mint.browse_library", "INVOKE_DEFAULT")
    blender.wait("area('VIEW_3D').spaces.active.show_gizmo")
    assert blender.ask(f"{BAR}.is_shown_in(area('VIEW_3D'))")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "words", "operator"),
    [
        ("offline", "Online access is off", "extensions.userpref_allow_online"),
        ("no_key", "needs a working API key", "preferences.addon_show"),
        ("down", "temporarily unavailable", "mint.refresh_library"),
    ],
)
def test_an_empty_bar_says_why_and_what_to_do(
    open_blender: Callable[..., BlenderWindow], name: str, words: str, operator: str
) -> None:
    """The button beside its words does something about it."""
    with running_service(speed=4.0) as empty:
        key = None if name == "no_key" else empty.key
        blender = open_blender(api=empty.api, key=key, online=name != "offline")
        unavailable = {"method": "GET", "path": "/v1/*", "times": 99, "answer": {"status": 503}}
        empty.scenario(answers=[unavailable] if name == "down" else [])
        blender.call("mint.browse_library")
        blender.wait(f"words in {VIEW}.status({FIELDS}).words", words=words)
        blender.settle()
        assert blender.ask(f"{VIEW}.status({FIELDS}).operator") == operator
        before = len(empty.requests("GET", "/v1/models"))
        press(blender, "buttons[ACTION]")
        if name == "offline":
            blender.wait(f"'Write a prompt' in {VIEW}.status({FIELDS}).words")
        elif name == "no_key":
            blender.wait("len(bpy.context.window_manager.windows) == 2")
        else:
            blender.wait(f"words in {VIEW}.status({FIELDS}).words", words=words)
            assert len(empty.requests("GET", "/v1/models")) > before


def drag(blender: BlenderWindow, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press at a point, move in steps, and release at another one."""
    blender.rest_at(*start)
    blender.display.tool("mousedown", 1)
    for step in range(1, 11):
        share = step / 10
        x, y = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
        blender.display.tool("mousemove", x, y)
        blender.settle()
    blender.display.tool("mouseup", 1)
    blender.settle()


# The point of the window at the middle of the cube's top.
_CUBE = """
from bpy_extras.view3d_utils import location_3d_to_region_2d
here = region('VIEW_3D', 'WINDOW')
found = location_3d_to_region_2d(here, area('VIEW_3D').spaces.active.region_3d, (0.0, 0.0, 1.0))
result = [here.x + found.x, window().height - (here.y + found.y)]
"""

# The color in the middle of an item's picture file, from 0 to 255.
_COLOR = f"""
url = {VIEW}.picture_url({VIEW}.library().get(asset))
width, height, values = part('ui.icons').cache().pixels('library', url)
middle = 4 * (height // 2 * width + width // 2)
result = [float(each) * 255 for each in values[middle:middle + 3]]
"""

_FRAME = """
with within('VIEW_3D'):
    frame = part('ui.asset_bar.bar').layout_in(bpy.context).frame
result = [frame.x, frame.y, frame.width, frame.height]
"""

_DISTANCE = "area('VIEW_3D').spaces.active.region_3d.view_distance"
