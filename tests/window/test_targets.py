# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a result will be is shown in the viewport while its job runs, with a chip to click."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import known_price
from .test_interruptions import OPEN, SAVE
from .test_jobs import start
from .test_landing import LEAVE_ALONE
from .test_place_with_mouse import RUNNING
from .test_review import RED, extent, waiting

pytestmark = pytest.mark.window

STATE = "part('ui.session').state(part('ui.viewport.targets')._State)"
BOXES = f"[[each.title, each.state, each.corners[0].x, each.picture is not None] for each in {STATE}.targets]"
HANDLER = f"{STATE}.handler is not None"
CHIPS = """
chips = part('ui.viewport.chips')
here = region('VIEW_3D', 'WINDOW')
def on_screen(box):
    top = window().height - here.y - box.y
    return [here.x + box.x, top - box.height, here.x + box.x + box.width, top]
with within('VIEW_3D'):
    rows = chips._rows(bpy.context)
    stack = chips._stack(bpy.context, rows)
result = {
    'jobs': [[each.title, each.state, on_screen(box)] for each, box, _ in stack.chips],
    'approve': [on_screen(button) for _, _, button in stack.chips if button is not None],
    'results': [on_screen(row.whole) for row in rows],
}
"""
"""The chips, each with left, top, right and bottom on the screen."""
NEAR = """
view = area('VIEW_3D').spaces.active.region_3d
view.view_location, view.view_distance = {}.targets[0].above, 1.2
"""
CLICKS = "part('ui.session').state(part('ui.pricing.paid_clicks')._State)"
MENU_OF = "part('ui.job_list.list_operators').MINT_MT_job.job_id"


def chips(blender: BlenderWindow) -> dict[str, Any]:
    """Return the chips of the viewport."""
    found: dict[str, Any] = blender.ask(CHIPS)
    return found


def point_at(blender: BlenderWindow, box: list[float]) -> None:
    """Move the pointer onto a chip, and let it rest there."""
    left, top, right, bottom = box
    blender.rest_at((left + right) / 2, (top + bottom) / 2)


def point_at_approve(blender: BlenderWindow) -> None:
    """Move the pointer onto the button beside a chip, and wait until a click on it counts."""
    blender.wait(f"{CHIPS}result = bool(result['approve'])")
    point_at(blender, chips(blender)["approve"][0])
    blender.wait("part('ui.pricing.paid_clicks').is_settled()")


def test_a_box_stands_where_the_result_will_be(
    blender: BlenderWindow, service: Service, leisurely: None
) -> None:
    """It takes the place of the start-up cube, with the Preview; it goes when the result comes."""
    assert not blender.ask(HANDLER)
    start(blender, "a small ceramic lamp")
    blender.wait(f"len({BOXES}) == 1")
    blender.wait("jobs()[0]['previews']")
    blender.wait(f"{BOXES}[0][3]")
    ((title, state, left, _),) = blender.ask(BOXES)
    assert title == "a small ceramic lamp" and ("Finishing" in state or "min left" in state)
    assert left == pytest.approx(-0.5, abs=0.01)
    assert blender.ask(HANDLER)
    service.advance(2000)
    blender.wait_for("placed")
    blender.wait(f"not {HANDLER}")
    assert blender.ask(BOXES) == []
    (root,) = blender.ask("roots()")
    assert blender.ask("bpy.data.objects[root].location.x - 0.5", root=root) == pytest.approx(
        left, abs=0.01
    )


SPACES = f"[[each.corners[0].x, each.corners[7].x] for each in {STATE}.targets]"
CUBE = (
    "with within('VIEW_3D'):\n    bpy.ops.mesh.primitive_cube_add(size=0.5, location=(at, 0, 0.5))"
)


@pytest.mark.thorough
def test_a_box_makes_way_for_what_comes_to_its_place(
    blender: BlenderWindow, leisurely: None
) -> None:
    """The result will be beside it, too. What comes elsewhere moves no box."""
    blender.ask(CUBE, at=-30)  # from now on the start-up cube stays
    start(blender, "a lamp")
    blender.wait(f"len({SPACES}) == 1")
    ((left, right),) = blender.ask(SPACES)
    blender.ask(CUBE, at=left - 20)
    blender.wait("part('ui.job_list.placed_results')._known().objects == len(bpy.data.objects)")
    blender.settle()
    assert blender.ask(SPACES) == [[left, right]]
    blender.ask(CUBE, at=(left + right) / 2)
    blender.wait(f"{SPACES}[0][0] >= at + 0.25", at=(left + right) / 2)


@pytest.mark.thorough
def test_boxes_are_shown_where_they_are_wanted(blender: BlenderWindow, tmp_path: Path) -> None:
    """Another file has none; its own has them when it is opened again, where they were."""
    blender.ask("bpy.data.objects['Cube'].location.x = -30")
    waiting(blender)
    blender.wait(f"len({SPACES}) == 1")
    before = blender.ask(SPACES)
    path = str(tmp_path / "own.blend")
    blender.ask(SAVE, path=path)
    blender.ask(OPEN, path=path)
    blender.wait(f"{SPACES} == before", before=before)
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.read_homefile()")
    blender.wait(f"not {HANDLER}")


def overlap(one: list[float], other: list[float]) -> bool:
    """Return whether two boxes on the screen overlap."""
    return all(one[each] < other[each + 2] and other[each] < one[each + 2] for each in (0, 1))


@pytest.mark.thorough
def test_chips_are_stacked_and_none_overlaps(blender: BlenderWindow, leisurely: None) -> None:
    """No more than fit, the oldest first; the list of jobs has all."""
    blender.ask(LEAVE_ALONE)
    for number in range(22):
        start(blender, f"a lamp {number}")
    blender.wait(f"len({BOXES}) == 20")
    for each in (1, 2, 3):
        blender.ask(ADD_RESULT, number=each)
    blender.ask("area('VIEW_3D').spaces.active.overlay.show_stats = True")
    blender.over()
    found = chips(blender)
    shown = [title for title, _, _ in found["jobs"]]
    assert shown == [f"a lamp {number}" for number in range(len(shown))] and 3 < len(shown) < 20
    boxes = [*(box for _, _, box in found["jobs"]), *found["results"]]
    assert not any(overlap(*pair) for pair in combinations(boxes, 2))
    inner = blender.ask("box('VIEW_3D', 'WINDOW')")
    for kind in ("TOOLS", "UI", "HEADER", "TOOL_HEADER"):
        region = blender.ask("box('VIEW_3D', kind)", kind=kind)
        assert not any(overlap(each, region) for each in boxes)
    assert all(inner[0] <= each[0] and each[3] <= inner[3] for each in boxes)


ADD_RESULT = """
arrival = part('ui.viewport.arrival')
arrival._add_chip(arrival.Chip(str(number), f"a bell {number}", False))
bpy.context.view_layer.update()
"""


@pytest.mark.thorough
def test_a_click_opens_the_menu_of_the_job(blender: BlenderWindow, leisurely: None) -> None:
    """One that ends elsewhere does nothing, as with a button."""
    start(blender, "a lamp")
    start(blender, "a chair")
    blender.wait(f"len({BOXES}) == 2")
    _, (_, _, box) = chips(blender)["jobs"]
    point_at(blender, box)
    blender.display.drag(box[2] + 100, box[3] + 100)
    blender.settle()
    assert not blender.ask(RUNNING)
    point_at(blender, box)
    blender.until_it_shows(blender.display.press)
    chair = blender.jobs()[0]
    assert (chair["title"], blender.ask(MENU_OF)) == ("a chair", chair["id"])
    blender.key("Escape")


def test_a_click_on_a_preview_opens_its_review(blender: BlenderWindow) -> None:
    """The chip says that it waits."""
    waiting(blender, "a lamp")
    blender.wait(f"{BOXES}[0][1] == 'Preview ready'")
    blender.ask("area('VIEW_3D').spaces.active.show_region_ui = False")
    blender.settle()
    ((_, _, box),) = chips(blender)["jobs"]
    point_at(blender, box)
    blender.until_it_shows(blender.display.press)
    blender.key("Escape")


def test_a_preview_is_approved_in_the_viewport(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """By the button with the price, which is there unless something is written."""
    blender.fill(preset="FAST", prompt="a lamp")
    known_price(blender)
    waiting(blender, "a red lamp")
    point_at_approve(blender)
    job = blender.jobs()[0]["id"]
    blender.ask("part('ui.review.card_state').write(job, 'taller')", job=job)
    assert chips(blender)["approve"] == []
    blender.ask("part('ui.review.card_state').drop(job)", job=job)
    point_at_approve(blender)
    _a_refused_click_leaves_nothing(blender)
    point_at_approve(blender)
    blender.display.press()
    blender.wait_for("placed")
    assert since.count("POST", "/v1/operations/*:approve") == 1 and since.starts == 1


def _a_refused_click_leaves_nothing(blender: BlenderWindow) -> None:
    """The button says what a second click would do, and is as before when the pointer has left."""

    def view() -> bytes:
        blender.over()
        blender.display.still()
        return blender.display.picture(blender.ask("box('VIEW_3D', 'WINDOW')")).tobytes()

    before = view()
    point_at_approve(blender)
    blender.ask(f"{CLICKS}.changed_at += 1e6")
    blender.display.press()
    blender.wait(f"{CLICKS}.refused is not None")
    assert view() == before


@pytest.mark.covers("C17-price")
def test_a_resting_pointer_approves_what_it_rests_on(blender: BlenderWindow, since: Since) -> None:
    """The chip of another job goes, and the one below the pointer stays where it is."""
    blender.fill(preset="FAST", prompt="a lamp")
    known_price(blender)
    for prompt in ("a red lamp", "a yellow crate", "a stone lion"):
        waiting(blender, prompt)
    point_at_approve(blender)
    crate = chips(blender)["approve"][1]
    blender.display.press()
    point_at(blender, crate)
    blender.wait_for("placed", title="lamp")
    blender.settle()
    point_at(blender, crate)  # no hand is quite still
    blender.wait_until_settled()
    blender.display.press()
    blender.wait_for("placed", title="crate")
    assert [each["title"] for each in blender.jobs() if each["phase"] == "review"] == [
        "a stone lion"
    ]
    assert since.count("POST", "/v1/operations/*:approve") == 2


@pytest.mark.thorough
def test_a_preview_in_its_box_hides_little(blender: BlenderWindow) -> None:
    """However near the box is: it may stand between the view and the first result."""
    waiting(blender, "a red lamp")
    blender.wait(f"{BOXES}[0][3]")
    blender.over("OUTLINER")
    blender.ask(f"{NEAR.format(STATE)}")
    blender.display.still()
    left, top, _, bottom = blender.ask("box('VIEW_3D', 'WINDOW')")
    area = (left + 300, top, blender.ask("region('VIEW_3D', 'UI').x"), bottom)  # without the chip
    seen = extent(blender, RED, area)
    assert 60 < seen[2] - seen[0] < 140
