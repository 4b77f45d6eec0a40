# SPDX-License-Identifier: GPL-3.0-or-later
"""A Preview in the window: look at it, compare it, and decide about it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tests.mint_service.runner import Service
from tests.service.contract_client import ContractClient

from .blender_window import BlenderWindow
from .conftest import Since
from .display import HEIGHT
from .test_jobs import start
from .test_status_bar import ink

pytestmark = pytest.mark.window

BLUE, RED = (31, 76, 204), (204, 31, 26)
"""What the stand-in paints for these words."""


def extent(picture: Path, color: tuple[int, int, int], area: tuple[int, ...]) -> tuple[int, ...]:
    """Return where a color is in an area of a picture: left, top, right, bottom; empty: nowhere."""
    part = Image.open(picture).convert("RGB").crop(area)
    apart = ImageChops.difference(part, Image.new("RGB", part.size, color))
    near = [band.point(lambda level: 255 if level < 12 else 0) for band in apart.split()]
    alike = ImageChops.multiply(ImageChops.multiply(near[0], near[1]), near[2])
    return alike.getbbox() or ()


def sidebar(blender: BlenderWindow) -> tuple[int, ...]:
    """Return the box of the sidebar on the screen."""
    return tuple(blender.ask("box('VIEW_3D', 'UI')"))


def scale(blender: BlenderWindow, factor: float) -> None:
    """Set the resolution scale of the interface."""
    blender.ask("setattr(bpy.context.preferences.view, 'ui_scale', factor)", factor=factor)
    blender.settle()
    blender._known.clear()


def wait_for_pictures(blender: BlenderWindow, count: int) -> None:
    """Wait until the large icons of so many Previews are drawn."""
    blender.wait("len(part('ui.review.large_previews')._state().heights) == count", count=count)
    blender.display.still()


@pytest.fixture
def usual_size(blender: BlenderWindow) -> Iterator[None]:
    """Give the interface its usual size again."""
    yield
    scale(blender, 1.0)


@pytest.mark.usefixtures("usual_size")
@pytest.mark.parametrize("kind", ["MODEL", "WORLD"])
def test_a_preview_is_as_wide_as_the_sidebar(blender: BlenderWindow, kind: str) -> None:
    """Whatever the width and the scale, and the picture of a World is 16 to 9 without bands."""
    start(blender, "a blue lamp", mode="REVIEW", kind=kind)
    blender.wait_for("review")
    wait_for_pictures(blender, 1)
    for factor in (0.82, 1.0, 1.5):
        scale(blender, factor)
        area = sidebar(blender)
        blender.display.still()
        shot = blender.screenshot(f"review_{kind.lower()}_{area[2] - area[0]}")
        left, top, right, bottom = extent(shot, BLUE, area)
        assert right - left > area[2] - area[0] - 75 * factor
        share = 9 / 16 if kind == "WORLD" else 1.0
        if bottom < area[3] - area[1] - 5:  # else its lower part is out of sight
            assert bottom - top == pytest.approx((right - left) * share, abs=3)
        else:
            assert factor == 1.5


APPROVE_THE_FIRST = """
try:
    call('mint.approve', job_id=jobs()[0]['id'], preview=1)
except RuntimeError as error:
    result = str(error).strip()
"""
RESTS = "jobs()[0]['previews'] == {} and jobs()[0]['phase'] == 'review' and not jobs()[0]['active']"
DRAFT = "bpy.context.window_manager.mint_drafts[0]"


@pytest.mark.covers("R-decide")
def test_previews_are_compared_and_the_newest_approved(
    blender: BlenderWindow, since: Since
) -> None:
    """A click requests a revision, two Previews are side by side, and Approve brings the model."""
    start(blender, "a red ceramic lamp", mode="REVIEW")
    blender.wait_for("review")
    blender.screenshot("review_first_preview")
    blender.write("feedback", "make the shade blue")
    blender.click("mint.revise(")
    blender.wait(RESTS.format(2))
    assert since.count("POST", "/v1/operations/*:revise") == 1
    wait_for_pictures(blender, 2)
    area = sidebar(blender)
    shot = blender.screenshot("review_second_preview")
    red, blue = extent(shot, RED, area), extent(shot, BLUE, area)
    assert red[2] <= blue[0], "the newest is at the right"
    assert red[3] - red[1] == pytest.approx(blue[3] - blue[1], abs=2)
    assert "preview=2" in next(each for each in blender.buttons() if "mint.approve" in each)
    blender.write("feedback", "make it green")
    blender.click("mint.revise(")
    blender.wait(RESTS.format(3))
    wait_for_pictures(blender, 2)
    blender.screenshot("review_third_preview")
    _x, y = blender.find("preview=2")
    blender.display.move(area[0] + 28, y)  # the arrow to the left
    blender.settle()
    time.sleep(0.3)
    blender.display.press()
    blender.wait(f"{DRAFT}.shown == 1")
    wait_for_pictures(blender, 3)
    assert extent(blender.screenshot("review_first_and_third"), RED, area)
    assert blender.ask(APPROVE_THE_FIRST).startswith(
        "Error: a red ceramic lamp: Only the newest Preview, number 3, can be approved"
    )
    blender.click("mint.approve")
    blender.wait_for("placed")
    assert len(blender.ask("roots()")) == 1
    assert since.starts == 1
    assert since.count("POST", "/v1/operations/*:revise") == 2
    assert since.count("POST", "/v1/operations/*:approve") == 1


@pytest.mark.covers("R-decide")
def test_a_preview_that_was_revised_elsewhere_is_not_approved(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """The newer Preview is shown with a note, and the next click approves it."""
    start(blender, "a red ceramic lamp", mode="REVIEW")
    blender.wait_for("review")
    wait_for_pictures(blender, 1)
    other, operation = ContractClient(service), service.operations()[-1].id
    other.post(f"/operations/{operation}:revise", {"feedback": "make the shade blue"})
    while other.operation(operation)["status"] != "preview_ready":
        time.sleep(0.1)
    blender.ask("part('jobs.workflow.decisions').PREVIEW_RECENT_FOR = 0.0")
    blender.click("mint.approve")
    blender.wait(RESTS.format(2))
    wait_for_pictures(blender, 2)
    blender.screenshot("review_revised_elsewhere")
    assert since.count("POST", "/v1/operations/*:approve") == 0
    blender.click("mint.approve")
    blender.wait_for("placed")
    assert since.count("POST", "/v1/operations/*:approve") == 1


def test_only_a_click_sends_the_feedback(blender: BlenderWindow, since: Since) -> None:
    """Without a text Revise is gray; no key sends the text, and only Escape drops it."""
    start(blender, "a red lamp", mode="REVIEW")
    blender.wait_for("review")
    blender.click("mint.revise(")
    for end in ("click", "Tab", "Return", "Escape"):
        blender.click("feedback")
        time.sleep(0.2)
        blender.display.key("ctrl+a")
        blender.display.type(f"in blue, {end}")
        if end == "click":
            left, top, right, bottom = blender.ask("box('VIEW_3D', 'WINDOW')")
            blender.display.move((left + right) / 2, (top + bottom) / 2)
            blender.display.press()
        else:
            blender.display.key(end)
            blender.settle()
            blender.display.key("Escape")
        blender.settle()
        blender.display.key("shift")  # a press, as of anything else
        blender.settle()
    assert blender.ask(f"{DRAFT}.feedback") == "in blue, Return"
    for button in ("mint.revise(", "mint.approve"):
        blender.display.move(*blender.find(button))
        blender.settle()
        time.sleep(0.3)
        blender.key("Return", "KP_Enter")
    time.sleep(0.5)
    assert since.count("POST", "/v1/operations/*:approve") == 0
    assert since.count("POST", "/v1/operations/*:revise") == 0
    blender.click("mint.revise(")
    blender.wait(RESTS.format(2))
    assert since.count("POST", "/v1/operations/*:revise") == 1


def test_cancel_asks_when_credits_were_spent(blender: BlenderWindow, since: Since) -> None:
    """The question names the amount; Esc keeps the job, and a script is not asked."""
    start(blender, "a red lamp", mode="REVIEW")
    blender.wait_for("review")
    assert blender.ask("job_service().jobs()[0].cost") > 0
    blender.until_it_shows(lambda: blender.click("mint.cancel("))
    blender.screenshot("review_cancel_asks")
    blender.until_it_shows(lambda: blender.key("Escape"))
    assert blender.jobs()[0]["phase"] == "review"
    blender.until_it_shows(lambda: blender.click("mint.cancel("))
    blender.key("Return")
    blender.wait_for("canceled")
    assert since.count("POST", "/v1/operations/*:cancel") == 1
    start(blender, "a blue lamp", mode="REVIEW")
    blender.wait_for("review", title="blue")
    assert blender.call("mint.cancel", job_id=blender.jobs()[0]["id"]) == ["FINISHED"]
    blender.wait_for("canceled", title="blue")


IMAGES_IN_FILE = """
with within('VIEW_3D'):
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
with bpy.data.libraries.load(path) as (there, _):
    result = sorted(there.images)
"""
WINDOWS = "len(bpy.context.window_manager.windows)"
SPACE = "bpy.context.window_manager.windows[-1].screen.areas[0].spaces.active"
PICTURES = "[each.name for each in bpy.data.images if each.get('mint_preview')]"
CUBES = """
with within('VIEW_3D'):
    for _ in range(2):
        bpy.ops.mesh.primitive_cube_add()
        bpy.ops.ed.undo_push(message='Cube')
"""
UNDO = """
with within('VIEW_3D'):
    bpy.ops.ed.undo()
"""


def test_view_full_size_fits_and_leaves_nothing(blender: BlenderWindow, tmp_path: Path) -> None:
    """It has a window of its own; nothing of it is saved, and after Esc nothing is left."""
    start(blender, "a red lamp", mode="REVIEW")
    blender.wait_for("review")
    areas = blender.ask("[each.type for each in window().screen.areas]")
    screens = blender.ask("len(bpy.data.screens)")
    blender.click("mint.show_preview")
    blender.wait(f"{WINDOWS} == 2 and {SPACE}.type == 'IMAGE_EDITOR' and {SPACE}.zoom[0] > 3")
    blender.display.still()
    shot = blender.screenshot("review_full_size")
    x, low, wide, high = blender.ask(
        "[getattr(bpy.context.window_manager.windows[-1], each) for each in ('x', 'y', 'width', 'height')]"
    )
    edge = (x, HEIGHT - low - high, x + wide, HEIGHT - low)
    left, top, right, bottom = extent(shot, RED, edge)
    assert right - left == pytest.approx(bottom - top, abs=2)
    assert bottom - top > 0.8 * high, "the picture fits its window"
    blender.ask(CUBES)
    saved = set(blender.ask(IMAGES_IN_FILE, path=str(tmp_path / "saved.blend")))
    assert saved <= {"Render Result", "Viewer Node"}, "these are Blender's own"
    blender.display.move((edge[0] + edge[2]) / 2, (edge[1] + edge[3]) / 2)
    blender.key("Escape")
    blender.wait(f"{WINDOWS} == 1")
    assert blender.ask(PICTURES) == []
    assert blender.ask("len(bpy.data.screens)") == screens
    assert blender.ask("[each.type for each in window().screen.areas]") == areas
    blender.ask(UNDO)
    blender.settle()
    saved = set(blender.ask(IMAGES_IN_FILE, path=str(tmp_path / "undone.blend")))
    assert saved <= {"Render Result", "Viewer Node"}
    assert blender.ask(PICTURES) == [], "an undo brings the picture back"


def test_the_picture_goes_with_the_file(blender: BlenderWindow) -> None:
    """Opening another file closes the window; the picture is in neither file."""
    start(blender, "a red lamp", mode="REVIEW")
    blender.wait_for("review")
    blender.click("mint.show_preview")
    blender.wait(f"{WINDOWS} == 2 and {SPACE}.zoom[0] > 3")
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.read_homefile()")
    blender.wait(f"{WINDOWS} == 1")
    assert blender.ask(PICTURES) == []


def test_a_waiting_preview_is_noticed(blender: BlenderWindow) -> None:
    """The status bar keeps it while the sidebar is closed, and its button leads to the card."""
    before = blender.screenshot("review_bar_before")
    blender.ask("setattr(area('VIEW_3D').spaces.active, 'show_region_ui', False)")
    start(blender, "a red lamp", mode="REVIEW")
    blender.wait_for("review")
    time.sleep(12)  # a report of Blender's stands there for some seconds
    assert ink(blender.screenshot("review_bar")) > ink(before), "nothing is said"
    blender.call("mint.review")
    blender.wait("region('VIEW_3D', 'UI').width > 1")
    blender.wait("region('VIEW_3D', 'UI').active_panel_category == 'Mint'")
    assert any("mint.approve" in each for each in blender.buttons())


def test_a_rejected_prompt_is_edited(blender: BlenderWindow, since: Since) -> None:
    """The first button fills the form with the prompt, and starts nothing."""
    start(blender, "a red lamp [moderation]")
    blender.wait_for("failed")
    blender.screenshot("review_moderation")
    assert not any("mint.retry" in each for each in blender.buttons())
    blender.click("mint.use_prompt")
    blender.wait("bpy.context.window_manager.mint.prompt == 'a red lamp [moderation]'")
    assert since.starts == 1
    assert blender.jobs()[0]["phase"] == "failed"
