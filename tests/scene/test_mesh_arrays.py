# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick way to read a mesh returns what its vertices, corners and faces say one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import mesh_arrays  # noqa: E402


def pentagon_and_triangle() -> Any:
    """Return a mesh with faces of two sizes and a loose vertex."""
    mesh = bpy.data.meshes.new("faces")
    points = [(x, x * x, 0.5) for x in range(8)]
    mesh.from_pydata(points, [], [(0, 1, 2, 3, 4), (4, 5, 6)])
    return mesh


def check(mesh: Any) -> None:
    """Compare all arrays with the properties of the single elements."""
    corners = [each.vertex_index for each in mesh.loops]
    flat = [value for each in mesh.vertices for value in each.co]
    assert mesh_arrays.positions(mesh).tolist() == flat
    assert mesh_arrays.corner_vertices(mesh).tolist() == corners
    assert mesh_arrays.positions(mesh).dtype == np.float32
    assert mesh_arrays.corner_vertices(mesh).dtype == np.int32


def test_faces_of_different_sizes() -> None:
    """Every array has the values of the single elements, and a type of 32 bits."""
    check(pentagon_and_triangle())


def test_a_mesh_without_faces_or_vertices() -> None:
    """Nothing is missed where Blender keeps no attribute."""
    check(bpy.data.meshes.new("empty"))
    loose = bpy.data.meshes.new("loose")
    loose.from_pydata([(1, 2, 3)], [], [])
    check(loose)


def test_edit_mode_shows_the_mesh_before_the_edit() -> None:
    """So a model that is being edited does not seem to be empty."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    thing = bpy.data.objects.new("thing", pentagon_and_triangle())
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        check(thing.data)
        assert len(mesh_arrays.positions(thing.data)) == 24
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
