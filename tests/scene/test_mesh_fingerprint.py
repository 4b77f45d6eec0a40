# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint of a mesh notices every change of its shape, UV maps, shape keys and colors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.update import fingerprint  # noqa: E402

SIDE = 60
"""Quads along one side: more numbers than one row of the table of sums has."""


def grid() -> Any:
    """Return a large grid with a UV map."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=SIDE, y_subdivisions=SIDE)
    mesh = bpy.context.object.data
    fingerprint.store([mesh])
    return mesh


def swap_uv(mesh: Any) -> None:
    """Exchange the UV coordinates of two corners."""
    data = mesh.uv_layers[0].data
    data[0].uv, data[4000].uv = data[4000].uv.copy(), data[0].uv.copy()


def flip_face(mesh: Any) -> None:
    """Turn one face around."""
    mesh.polygons[7].flip()


def move_vertex(mesh: Any) -> None:
    """Move one vertex by the smallest amount."""
    point = mesh.vertices[100].co
    point.x = np.nextafter(np.float32(point.x), np.float32(9))


def exchange_vertices(mesh: Any) -> None:
    """Exchange two vertices, which keeps every total."""
    first, second = mesh.vertices[3].co.copy(), mesh.vertices[2003].co.copy()
    mesh.vertices[3].co, mesh.vertices[2003].co = second, first


def last_vertex(mesh: Any) -> None:
    """Move the last vertex, which is behind the last whole row of the table."""
    mesh.vertices[len(mesh.vertices) - 1].co.z += 1


def rename_uv_map(mesh: Any) -> None:
    """Rename the UV map."""
    mesh.uv_layers[0].name = "mine"


@pytest.mark.parametrize(
    "change", [swap_uv, flip_face, move_vertex, exchange_vertices, last_vertex, rename_uv_map]
)
def test_a_change_is_noticed(change: Callable[[Any], None]) -> None:
    """Each changes one thing only."""
    mesh = grid()
    assert not fingerprint.is_modified(mesh)
    change(mesh)
    assert fingerprint.is_modified(mesh)


def test_a_shape_key_is_noticed() -> None:
    """It has coordinates of its own."""
    mesh = grid()
    bpy.context.object.shape_key_add(name="Basis")
    fingerprint.store([mesh])
    bpy.context.object.shape_key_add(name="Bent").data[5].co.z = 2
    assert fingerprint.is_modified(mesh)


def test_colors_are_noticed() -> None:
    """Both a further layer, and one value in a layer that came with the model."""
    mesh = grid()
    layer = mesh.color_attributes.new("Paint", "BYTE_COLOR", "CORNER")
    assert fingerprint.is_modified(mesh)
    fingerprint.store([mesh])
    layer.data[7].color = (1, 0, 0, 1)
    assert fingerprint.is_modified(mesh)


def test_a_forgotten_fingerprint_is_no_edit() -> None:
    """The add-on forgets it before it changes a mesh itself, and stores a new one afterwards."""
    mesh = grid()
    fingerprint.forget(mesh)
    move_vertex(mesh)
    assert not fingerprint.is_stored(mesh) and not fingerprint.is_modified(mesh)
    fingerprint.store([mesh])
    assert fingerprint.is_stored(mesh) and not fingerprint.is_modified(mesh)
