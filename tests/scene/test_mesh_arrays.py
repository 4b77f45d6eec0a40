# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick way to read a mesh returns what its vertices, corners and faces say one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import mesh_arrays


def mesh_of(points: Sequence[tuple[float, float, float]], *faces: tuple[int, ...]) -> Any:
    """Return a new mesh."""
    mesh = bpy.data.meshes.new("mesh")
    mesh.from_pydata(points, [], faces)
    return mesh


def test_all_values_are_read() -> None:
    """Of faces of several sizes, a loose vertex and nothing, where Blender keeps no attribute."""
    points = [(x, x * x, 0.5) for x in range(8)]
    edited = mesh_of(points, (0, 1, 2, 3, 4), (4, 5, 6))
    thing = bpy.data.objects.new("thing", edited)
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    for mesh in (edited, mesh_of([]), mesh_of([(1, 2, 3)]), edited):
        flat, corners = mesh_arrays.positions(mesh), mesh_arrays.corner_vertices(mesh)
        assert flat.tolist() == [value for each in mesh.vertices for value in each.co]
        assert corners.tolist() == [each.vertex_index for each in mesh.loops]
        assert (flat.dtype, corners.dtype) == (np.float32, np.int32)
        bpy.ops.object.mode_set(mode="EDIT")
    assert len(mesh_arrays.positions(edited)) == 24
    bpy.ops.object.mode_set(mode="OBJECT")
