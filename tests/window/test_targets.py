# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a result will be is shown in the viewport while its job runs, and only then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .price_helpers import PREFERENCES
from .test_jobs import start
from .test_languages import SWITCH

pytestmark = pytest.mark.window

STATE = "part('ui.session').state(part('ui.viewport.targets')._State)"
BOXES = f"[[each.title, each.state, each.space.left, each.picture is not None] for each in {STATE}.targets]"
HANDLERS = f"len({STATE}.handlers)"


@pytest.fixture
def long(service: Service) -> Iterator[None]:
    """Have everything after the Preview take long."""
    service.scenario(durations={"final": 1000})
    yield
    service.scenario(durations={"final": 40})


def test_a_box_stands_where_the_result_will_be(
    blender: BlenderWindow, service: Service, long: None
) -> None:
    """It is beside the cube, with the Preview; it goes when the result comes."""
    assert blender.ask(HANDLERS) == 0
    start(blender, "a small ceramic lamp")
    blender.wait(f"len({BOXES}) == 1")
    blender.wait("jobs()[0]['previews']")
    blender.wait(f"{BOXES}[0][3]")
    ((title, state, left, _),) = blender.ask(BOXES)
    assert title == "a small ceramic lamp" and "inishing" in state
    assert left >= 1.0
    assert blender.ask(HANDLERS) == 2
    blender.screenshot("target_with_preview")
    service.advance(2000)
    blender.wait_for("placed")
    blender.wait(f"{HANDLERS} == 0")
    assert blender.ask(BOXES) == []
    (root,) = blender.ask("roots()")
    assert blender.ask("bpy.data.objects[root].location.x - 0.5", root=root) == pytest.approx(
        left, abs=0.01
    )
    blender.screenshot("target_is_gone")


def test_the_box_speaks_the_language_of_the_interface(blender: BlenderWindow, long: None) -> None:
    """The state above the box is translated, also when the language changes; the title is not."""
    start(blender, "World")
    blender.wait("jobs()[0]['previews']")
    blender.wait(f"{BOXES}[0][1] == 'Finishing'")
    blender.ask(SWITCH, language="de_DE")
    try:
        blender.wait(f"{BOXES}[0][:2] == ['World', 'Fertigstellung']")
        blender.screenshot("target_german")
    finally:
        blender.ask(SWITCH, language="en_US")
    blender.wait(f"{BOXES}[0][1] == 'Finishing'")


def test_two_boxes_stand_side_by_side(blender: BlenderWindow, long: None) -> None:
    """They do not overlap, and go when their jobs are canceled."""
    start(blender, "a lamp")
    start(blender, "a World of lamps", kind="WORLD")
    start(blender, "a chair")
    blender.wait(f"len({BOXES}) == 3")
    blender.wait(f"all(each[3] for each in {BOXES})")
    blender.screenshot("targets_of_three_jobs")
    blender.ask("[job_service().cancel(job.id) for job in job_service().jobs()] and None")
    blender.wait(f"{HANDLERS} == 0")


SPACES = f"[[each.space.left, each.space.right] for each in {STATE}.targets]"
CUBE = (
    "with within('VIEW_3D'):\n    bpy.ops.mesh.primitive_cube_add(size=0.5, location=(at, 0, 0.5))"
)


def test_a_box_makes_way_for_what_comes_to_its_place(blender: BlenderWindow, long: None) -> None:
    """The result will be beside it, too. What comes elsewhere moves no box."""
    start(blender, "a lamp")
    blender.wait(f"len({SPACES}) == 1")
    ((left, right),) = blender.ask(SPACES)
    blender.ask(CUBE, at=left - 20)
    blender.wait("part('ui.job_list.placed_results')._known().objects == len(bpy.data.objects)")
    blender.settle()
    assert blender.ask(SPACES) == [[left, right]]
    blender.ask(CUBE, at=(left + right) / 2)
    blender.wait(f"{SPACES}[0][0] >= at + 0.25", at=(left + right) / 2)


def test_the_boxes_can_be_switched_off(blender: BlenderWindow, long: None) -> None:
    """At once, in the preferences; and on again."""
    start(blender, "a lamp")
    blender.wait(f"{HANDLERS} == 2")
    blender.ask(f"setattr({PREFERENCES}, 'show_targets', False)")
    try:
        blender.wait(f"{HANDLERS} == 0")
    finally:
        blender.ask(f"setattr({PREFERENCES}, 'show_targets', True)")
    blender.wait(f"{HANDLERS} == 2")


def test_another_file_shows_no_box(blender: BlenderWindow, long: None) -> None:
    """The result will not be placed there."""
    start(blender, "a lamp")
    blender.wait(f"{HANDLERS} == 2")
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.read_homefile()")
    blender.wait(f"{HANDLERS} == 0")


COUNT = """
targets = part('ui.viewport.targets')
targets._counted, targets._original = [], targets.tag_viewports
targets.tag_viewports = lambda: (targets._counted.append(1), targets._original())
"""
STOP_COUNTING = "targets = part('ui.viewport.targets')\ntargets.tag_viewports = targets._original"


def test_the_viewport_is_not_drawn_for_a_second_of_time(blender: BlenderWindow, long: None) -> None:
    """It is drawn again for each step of the progress, not for each beat."""
    start(blender, "a lamp")
    blender.wait("jobs()[0]['previews']")
    blender.wait(f"{BOXES}[0][3]")
    blender.ask(COUNT)
    try:
        before = blender.ask("part('ui.viewport.targets').targets()[0].fraction")
        second = blender.ask("part('ui.session').state(part('ui.heartbeat')._State).second")
        blender.wait(
            "part('ui.session').state(part('ui.heartbeat')._State).second >= second + 3",
            second=second,
        )
        after = blender.ask("part('ui.viewport.targets').targets()[0].fraction")
        drawn = blender.ask("len(part('ui.viewport.targets')._counted)")
        assert drawn <= 1 + (before != after)
    finally:
        blender.ask(STOP_COUNTING)
