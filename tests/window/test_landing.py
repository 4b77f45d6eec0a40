# SPDX-License-Identifier: GPL-3.0-or-later
"""A result is seen: beside what is there, without a change of the selection, framed by a click."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .test_arrival import LEAVE_ALONE
from .test_jobs import place, start

pytestmark = pytest.mark.window

LEFT = "min((each.matrix_world @ __import__('mathutils').Vector(corner)).x for each in bpy.data.objects if each.name in names and each.type == 'MESH' for corner in each.bound_box)"
VIEW = "[list(area('VIEW_3D').spaces.active.region_3d.view_location), area('VIEW_3D').spaces.active.region_3d.view_distance]"


def test_a_result_comes_beside_the_cube(blender: BlenderWindow) -> None:
    """Selection, active object and mode stay, also if nothing was done meanwhile."""
    before = blender.ask("scene()")
    assert (before["active"], before["selected"]) == ("Cube", ["Cube"])
    place(blender)
    (root,) = blender.ask("roots()")
    after = blender.ask("scene()")
    for felt in ("active", "selected", "mode"):
        assert after[felt] == before[felt]
    assert blender.ask(LEFT, names=[root]) >= 1.0
    blender.screenshot("first_result_beside_the_cube")
    blender.over()
    blender.key("ctrl+z")
    blender.wait("roots() == []")
    assert blender.ask("scene()")["active"] == "Cube"
    blender.key("ctrl+shift+z")
    blender.wait("len(roots()) == 1")
    assert blender.ask("scene()") == after


def test_two_results_are_side_by_side(blender: BlenderWindow) -> None:
    """The second one comes beside the first one."""
    for prompt in ("a lamp", "a chair"):
        start(blender, prompt)
    blender.wait("sum(each['phase'] == 'placed' for each in jobs()) >= 1")
    blender.wait("all(each['phase'] == 'placed' for each in jobs())")
    first, second = blender.ask("roots()")
    assert blender.ask("scene()")["selected"] == ["Cube"]
    assert abs(blender.ask(LEFT, names=[first]) - blender.ask(LEFT, names=[second])) >= 0.1


def test_show_in_viewport_selects_and_frames(blender: BlenderWindow) -> None:
    """From the card's menu, after something else was selected and the view has moved away."""
    blender.ask(LEAVE_ALONE)
    blender.ask("bpy.context.scene.cursor.location = (40, 0, 0)")
    place(blender)
    (root,) = blender.ask("roots()")
    blender.ask("bpy.data.objects[root].select_set(False)", root=root)
    blender.ask("setattr(bpy.context.view_layer.objects, 'active', bpy.data.objects['Cube'])")
    before = blender.ask(VIEW)
    job = blender.jobs()[0]
    assert blender.call("mint.select_result", "INVOKE_DEFAULT", job_id=job["id"]) == ["FINISHED"]
    (x, _, _), _ = blender.ask(VIEW)
    assert blender.ask(VIEW) != before and abs(x - 40) < 2
    after = blender.ask("scene()")
    assert (after["active"], after["selected"]) == (root, [root])
    blender.screenshot("show_in_viewport")
