# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as an edit of the user: changes of objects, not pictures that are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..scene import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.ui.viewport import idle_scene  # noqa: E402


@pytest.fixture
def cube(registered: None) -> Iterator[bpy.types.Object]:
    """Count edits, with a cube in the scene."""
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.view_layer.update()
    idle_scene.add()
    idle_scene.note("job")
    yield bpy.context.object
    idle_scene.remove()


def test_a_loaded_picture_is_no_edit(cube: bpy.types.Object, tmp_path: Path) -> None:
    """The Previews in the sidebar are loaded as pictures, and freed again."""
    path = tmp_path / "preview.png"
    path.write_bytes(glb_fixtures.png((1, 2, 3)))
    image = bpy.data.images.load(str(path))
    bpy.context.view_layer.update()
    bpy.data.images.remove(image)
    bpy.context.view_layer.update()
    assert idle_scene.is_left_alone("job")


def test_a_moved_object_is_an_edit(cube: bpy.types.Object) -> None:
    """Its result would take the selection away."""
    cube.location.x += 1
    bpy.context.view_layer.update()
    assert not idle_scene.is_left_alone("job")
