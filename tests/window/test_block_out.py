# SPDX-License-Identifier: GPL-3.0-or-later
"""A result takes the place of the selected object, in the window."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .sections import open_section

pytestmark = pytest.mark.window

POSE = """
cube = bpy.data.objects['Cube']
cube.scale, cube.location, cube.rotation_euler = (0.4, 0.4, 1.0), (2, 1, 1), (0, 0, 0.5)
bpy.ops.ed.undo_push(message='Block-out')
"""
MOVE = "setattr(bpy.data.objects['Cube'], 'location', (-2, 1, 1))"
CUBE = "[bpy.data.objects['Cube'].hide_get(), bpy.data.objects['Cube'].hide_render]"
EXTENT = """
import mathutils
bpy.context.view_layer.update()
root = bpy.data.objects[roots()[-1]]
own = [each for each in (root, *root.children_recursive) if each.type == 'MESH']
inverse = bpy.data.objects['Cube'].matrix_world.inverted()
points = [inverse @ each.matrix_world @ mathutils.Vector(corner)
          for each in own for corner in each.bound_box]
result = [[f(point[axis] for point in points) for axis in range(3)] for f in (min, max)]
"""
SELECT = "setattr(bpy.context.view_layer.objects, 'active', bpy.data.objects[roots()[-1]])"


def test_a_result_stands_in_the_box_of_the_selected_object(blender: BlenderWindow) -> None:
    """As the box is at arrival; the object is hidden, one undo brings it back, and so does a click."""
    blender.ask(POSE)
    blender.fill(kind="MODEL", prompt="a wardrobe", preset="FAST", review=False, place="SELECTED")
    assert blender.call("mint.generate_from_form") == ["FINISHED"]
    blender.ask(MOVE)
    blender.wait_for("placed")
    assert blender.ask(CUBE) == [True, True]
    low, high = blender.ask(EXTENT)
    assert low[2] == pytest.approx(-1, abs=0.01), "on the bottom of the box, where that is now"
    assert min(low) >= -1.01 and max(high) <= 1.01, "inside"
    blender.over()
    blender.key("ctrl+z")
    blender.wait("roots() == []")
    assert blender.ask(CUBE) == [False, False]
    blender.key("ctrl+shift+z")
    blender.wait("len(roots()) == 1")
    assert blender.ask(CUBE) == [True, True]
    blender.ask(SELECT)
    open_section(blender, "mint_selected")
    blender.click("mint.show_block_out(shown='BEFORE'")
    blender.wait(f"{CUBE} == [False, False]")
    blender.click("mint.show_block_out(shown='AFTER'")
    blender.wait(f"{CUBE} == [True, True]")
    blender.click("mint.delete_block_out")
    blender.wait("'Cube' not in bpy.data.objects and len(roots()) == 1")


@pytest.mark.thorough
def test_a_result_waits_while_its_block_out_is_edited(blender: BlenderWindow) -> None:
    """It comes when the user has left Edit Mode."""
    blender.fill(kind="MODEL", prompt="a crate", preset="FAST", review=False, place="SELECTED")
    assert blender.call("mint.generate_from_form") == ["FINISHED"]
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.object.mode_set(mode='EDIT')")
    blender.wait("jobs()[0]['phase'] == 'ready'")
    blender.settle()
    assert blender.ask("roots()") == []
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.object.mode_set(mode='OBJECT')")
    blender.wait_for("placed")
    assert blender.ask(CUBE) == [True, True]
