# SPDX-License-Identifier: GPL-3.0-or-later
"""The asset bar in the 3D View: its pictures are clicked, double-clicked and dragged."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mint_service.runner import Service, running_service

from .blender_window import BlenderWindow
from .price_helpers import PREFERENCES
from .sections import open_section
from .test_library import FIELDS, NO_PICTURE, VIEW

pytestmark = pytest.mark.window

BAR = "part('ui.asset_bar.bar')"


@pytest.fixture
def service() -> Iterator[Service]:
    """Run a stand-in for Mint with a library of four pages."""
    with running_service(speed=4.0, library={"models": 40, "worlds": 8}) as running:
        yield running


def open_bar(blender: BlenderWindow) -> None:
    """Open the bar of a library that is loaded."""
    blender.open_sidebar()
    open_section(blender, "mint_library")
    blender.wait(f"{VIEW}.library().count() > 12")
    show_bar(blender)


def show_bar(blender: BlenderWindow) -> None:
    """Click the button of the bar, and wait for the pictures."""
    blender.click("mint.browse_library")
    blender.wait(f"{BAR}.state().area != 0")
    blender.wait(
        f"all({VIEW}.picture_url(each) in {BAR}.state().textures or {NO_PICTURE}"
        f" for each in {VIEW}.on_screen({FIELDS}))"
    )


def at(blender: BlenderWindow, part: str) -> tuple[float, float]:
    """Return the middle of a part of the bar, in pixels from the window's upper left."""
    found: list[float] = blender.ask(_POINT, name=part)
    return found[0], found[1]


def press(blender: BlenderWindow, part: str, times: int = 1) -> None:
    """Click a part of the bar with the mouse."""
    blender.display.move(*at(blender, part))
    blender.settle()
    time.sleep(0.25)  # Blender takes a click only once the pointer rests there
    for _ in range(times):
        blender.display.press()
    blender.settle()


def double_click(blender: BlenderWindow, part: str) -> None:
    """Click a part twice, as often as it takes: a busy machine can make two clicks too slow."""
    blender.ask("bpy.context.preferences.inputs.mouse_double_click_time = 1000")
    for _ in range(5):
        press(blender, "header")  # so that the next click is a first one
        press(blender, part, times=2)
        if blender.jobs():
            break


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


def test_a_click_chooses_and_a_double_click_imports(
    open_blender: Callable[..., BlenderWindow], service: Service
) -> None:
    """The picture under the pointer is shown large; two quick clicks import at the 3D cursor."""
    blender = open_blender()
    open_bar(blender)
    before = blender.ask("scene()")
    blender.display.move(*at(blender, "cells[0]"))
    blender.wait(f"{BAR}.state().hovered == 0")
    blender.screenshot("asset_bar_hovered")
    place = finished(blender)
    press(blender, f"cells[{place}]")
    blender.wait(f"{FIELDS}.chosen == chosen", chosen=ids(blender)[place])
    blender.settle()
    shot = blender.screenshot("asset_bar_chosen")
    shown = blender.ask(_COLOR, asset=ids(blender)[place])
    assert color_at(shot, at(blender, f"cells[{place}]")) == pytest.approx(shown, abs=3)
    assert any("mint.import_asset" in each for each in blender.buttons()), "the details are open"
    assert blender.jobs() == [], "one click imports nothing"
    press(blender, f"cells[{place}]")
    time.sleep(0.5)  # longer than a double click
    assert blender.jobs() == [], "nor do two slow ones"
    press(blender, "header")
    assert blender.ask("scene()") == before, "clicks do not reach the scene below"
    double_click(blender, f"cells[{place}]")
    blender.wait_for("placed")
    assert len(blender.jobs()) == 1
    blender.display.move(*at(blender, "header"))
    blender.key("Escape")
    blender.wait(f"{BAR}.state().area == 0")
    blender.screenshot("asset_bar_imported")


@pytest.mark.feature("asset bar in the 3D View")
def test_a_picture_is_dragged_into_the_scene(
    open_blender: Callable[..., BlenderWindow], service: Service
) -> None:
    """It lands on the surface under the pointer; dropped on the bar, nothing happens."""
    blender = open_blender()
    open_bar(blender)
    start = at(blender, f"cells[{finished(blender)}]")
    drag(blender, start, at(blender, "cells[11]"))
    assert blender.jobs() == [], "dropped on the bar"
    target = blender.ask(_CUBE)
    drag(blender, start, target, shot="asset_bar_dragged")
    placed = blender.wait_for("placed")
    at_z = blender.ask(f"job_service().job({placed['id']!r}).delivery.at[2]")
    assert abs(at_z - 1.0) < 1e-3, "on top of the cube"
    blender.screenshot("asset_bar_dropped")


def test_a_drag_does_not_fill_the_console(
    open_blender: Callable[..., BlenderWindow], service: Service
) -> None:
    """Blender warns when a script reads the type of an event during a drag; a job runs."""
    service.scenario(durations={"final": 1000})
    blender = open_blender()
    open_bar(blender)
    blender.call("mint.generate", prompt="a lamp", preset="FAST")
    blender.wait("jobs()[0]['previews'] and jobs()[0]['active']")
    before = len(blender.log())
    drag(blender, at(blender, "cells[0]"), at(blender, "cells[11]"))
    blender.ask("print('a line of the console', flush=True)")
    blender.wait("part('ui.heartbeat').is_beating()")
    assert "a line of the console" in blender.log()[before:]
    assert "WARN" not in blender.log()[before:]


def test_few_items_have_a_small_bar(
    open_blender: Callable[..., BlenderWindow], service: Service
) -> None:
    """It has no empty row below what a search has found."""
    blender = open_blender()
    open_bar(blender)
    blender.ask(f"setattr({PREFERENCES}, 'picture_size', 160)")
    all_kinds, columns = blender.ask(_SHAPE)
    assert all_kinds == 12 and columns in {4, 6}, "several rows"
    blender.ask(f"setattr({FIELDS}, 'kind', 'WORLD')")
    blender.ask(f"setattr({FIELDS}, 'words', 'chest')")
    blender.wait(f"len({VIEW}.shown({FIELDS})) == 2")
    assert blender.ask(_SHAPE) == [columns, columns], "one row"
    blender.settle()
    blender.screenshot("asset_bar_small")


def test_the_page_is_turned(open_blender: Callable[..., BlenderWindow], service: Service) -> None:
    """By the wheel over the bar, and by its arrows; the view is not zoomed."""
    blender = open_blender()
    open_bar(blender)
    view = blender.ask(_DISTANCE)
    blender.display.move(*at(blender, "cells[3]"))
    blender.settle()
    blender.display.press(5)
    blender.wait(f"{FIELDS}.start == 12")
    blender.display.press(4)
    blender.wait(f"{FIELDS}.start == 0")
    press(blender, "forward")
    blender.wait(f"{FIELDS}.start == 12")
    press(blender, "back")
    blender.wait(f"{FIELDS}.start == 0")
    assert blender.ask(_DISTANCE) == view
    press(blender, "close")
    blender.wait(f"{BAR}.state().area == 0")


def test_the_button_brings_the_bar_back_when_gizmos_were_hidden(
    open_blender: Callable[..., BlenderWindow], service: Service
) -> None:
    """With Blender's gizmos the bar is hidden too; then the panel has its own pictures again."""
    blender = open_blender()
    open_bar(blender)
    assert not any("choose_asset" in each for each in blender.buttons()), "one grid at a time"
    blender.ask("area('VIEW_3D').spaces.active.show_gizmo = False")
    blender.settle()
    blender.find("mint.choose_asset")
    blender.screenshot("asset_bar_no_gizmos")
    blender.click("mint.browse_library")
    blender.wait("area('VIEW_3D').spaces.active.show_gizmo")
    assert blender.ask(f"{BAR}.is_shown_in(area('VIEW_3D'))")


def test_the_size_of_pictures_is_remembered(
    open_blender: Callable[..., BlenderWindow], service: Service
) -> None:
    """It is a preference, which Blender saves; the page always fits into the view."""
    blender = open_blender()
    open_bar(blender)
    blender.write("(field)", "200")  # Blender gives preferences no path
    blender.wait("part('addon_settings').picture_size() == 200")
    assert blender.ask("bpy.context.preferences.is_dirty")
    blender.screenshot("asset_bar_large")
    blender.ask(
        "bpy.context.preferences.view.language = 'de_DE'; bpy.context.preferences.view.use_translate_interface = True"
    )
    blender.display.move(*at(blender, "cells[2]"))
    blender.screenshot("asset_bar_de")
    blender.click("mint.browse_library")
    blender.wait(f"{BAR}.state().area == 0")
    blender.settle()
    blender.screenshot("library_large_pictures")
    blender.set_sidebar_width(240)
    blender.screenshot("library_narrow")


def color_at(shot: Path, point: tuple[float, float]) -> list[float]:
    """Return the color of a point of a screenshot, from 0 to 255."""
    x, y = (round(each) for each in point)
    channels = ",".join(f"%[fx:255*p{{{x},{y}}}.{name}]" for name in "rgb")
    words = ["convert", str(shot), "-format", channels, "info:"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return [float(each) for each in done.stdout.split(",")]


def drag(
    blender: BlenderWindow,
    start: tuple[float, float],
    end: tuple[float, float],
    shot: str | None = None,
) -> None:
    """Press at a point, move in steps, and release at another one."""
    blender.display.move(*start)
    blender.settle()
    blender.display.tool("mousedown", 1)
    for step in range(1, 11):
        share = step / 10
        x, y = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
        blender.display.tool("mousemove", x, y)
        blender.settle()
    if shot is not None:
        blender.screenshot(shot)
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

# How many cells the bar has, and how many side by side.
_SHAPE = """
with within('VIEW_3D'):
    cells = part('ui.asset_bar.bar').layout_in(bpy.context).cells
result = [len(cells), len({each.x for each in cells})]
"""

_DISTANCE = "area('VIEW_3D').spaces.active.region_3d.view_distance"

_POINT = """
with within('VIEW_3D'):
    box = eval('layout.' + name, {'layout': part('ui.asset_bar.bar').layout_in(bpy.context)})
here = region('VIEW_3D', 'WINDOW')
result = [here.x + box.x + box.width / 2, window().height - (here.y + box.y + box.height / 2)]
"""
