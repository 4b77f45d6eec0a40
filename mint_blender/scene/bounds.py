# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounding boxes and world matrices of objects as they are shown.

Measured on evaluated vertices: with armatures, shape keys and parents.
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Iterator
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from . import mesh_arrays
from .data_blocks import is_linked
from .model import cleanup
from .staging_scene import staging_scene

_STRAIGHT = 1e-6
"""Share of the largest number of a matrix that does not count as a rotation."""

Bounds = tuple[tuple[float, float, float], tuple[float, float, float]]


def bounds(
    objects: Iterable[bpy.types.Object], within: bpy.types.Object | None = None
) -> Bounds | None:
    """Return the lowest and highest corner over all vertices, or None without any vertex.

    Measured in a staging scene, so that neither a hidden collection nor the current frame changes
    the result. Characters with clips are measured at rest.

    Args:
        objects: The objects; those that are not meshes are ignored.
        within: One of them, whose local space is used instead of world space, in scene units.
    """
    objects = list(objects)
    with _at_rest(objects), evaluated_depsgraph(objects) as depsgraph:
        space = None
        if within is not None:
            space = within.evaluated_get(depsgraph).matrix_world.inverted_safe()
        return bounds_as_shown(objects, depsgraph, space)


def bounds_as_shown(
    objects: Iterable[bpy.types.Object], depsgraph: bpy.types.Depsgraph, space: Matrix | None = None
) -> Bounds | None:
    """Return the lowest and highest corner of evaluated meshes, as `bounds`, but in their pose."""
    meshes = (obj.evaluated_get(depsgraph) for obj in objects)
    spans = [
        (points.min(axis=0), points.max(axis=0))
        for shown in meshes
        if isinstance(shown.data, bpy.types.Mesh) and len(shown.data.vertices)
        for points in [_outermost(shown, space)]
    ]
    if not np.isfinite(spans).all() or not spans:
        return None
    lows, highs = zip(*spans, strict=True)
    return _as_tuple(np.min(lows, axis=0)), _as_tuple(np.max(highs, axis=0))


@contextlib.contextmanager
def _at_rest(objects: Iterable[bpy.types.Object]) -> Iterator[None]:
    """Show armatures whose bones are animated in their rest pose."""
    changed = {
        obj.data: obj.data.pose_position
        for obj in objects
        if isinstance(obj.data, bpy.types.Armature)
        and not is_linked(obj.data)
        and any(
            curve.data_path.startswith("pose.bones")
            for action in cleanup.actions(obj)
            for curve in cleanup.curves(action)
        )
    }
    for data in changed:
        data.pose_position = "REST"
    try:
        yield
    finally:
        for data, position in changed.items():
            data.pose_position = position


def extent(
    objects: Iterable[bpy.types.Object], root: bpy.types.Object
) -> tuple[float, float, float] | None:
    """Return width, depth and height in scene units along the axes of a root; None without objects.

    Turning the root does not change them, as with Blender's *Dimensions*.
    """
    corners = box(objects, root.matrix_world.inverted_safe())
    if corners is None:
        return None
    scaled = np.subtract(corners[1], corners[0]) * np.array(root.matrix_world.to_scale())
    return _as_tuple(np.abs(scaled))  # the scale of what is mirrored is negative


def box(objects: Iterable[bpy.types.Object], space: Matrix = Matrix()) -> Bounds | None:
    """Return the lowest and highest corner from the bounding boxes as last evaluated.

    Fast, and a little too large where a rotated object does not fill its box. None without objects.
    Measured in world space, multiplied by the matrix `space`.
    """
    corners: list[Any] = [
        space @ obj.matrix_world @ Vector(corner) for obj in objects for corner in obj.bound_box
    ]
    if not corners:
        return None
    return _as_tuple(np.min(corners, axis=0)), _as_tuple(np.max(corners, axis=0))


def bounds_in_meters(objects: Iterable[bpy.types.Object], scene: bpy.types.Scene) -> Bounds | None:
    """Return the lowest and highest corner in world space in meters; None without a solid object.

    From bounding boxes, as `box`.
    """
    scale = Matrix.Scale(scene.unit_settings.scale_length, 4)
    return box((obj for obj in objects if obj.type in {"MESH", "POINTCLOUD"}), scale)


def world_points(shown: bpy.types.Object, space: Matrix | None = None) -> np.ndarray:
    """Return the vertices of an evaluated mesh object, shape (n, 3).

    They are in world space, multiplied by the matrix `space` if one is given.
    """
    points = mesh_arrays.positions(shown.data).reshape(-1, 3)
    return _transformed(points, _matrix(shown, space))


def _outermost(shown: bpy.types.Object, space: Matrix | None) -> np.ndarray:
    """Return points with the same bounding box as `world_points`, shape (n, 3).

    Blender knows that of the mesh. If it is not rotated, no vertex has to be read.
    """
    matrix = _matrix(shown, space)
    is_axis = np.abs(matrix[:3, :3]) > _STRAIGHT * np.abs(matrix[:3, :3]).max()
    if is_axis.sum(axis=1).max() > 1:
        return world_points(shown, space)
    return _transformed(np.array(shown.bound_box), matrix)


def _matrix(shown: bpy.types.Object, space: Matrix | None) -> np.ndarray:
    matrix = shown.matrix_world if space is None else space @ shown.matrix_world
    return np.array(matrix, dtype=np.float64)


def _transformed(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


@contextlib.contextmanager
def evaluated_depsgraph(objects: Iterable[bpy.types.Object]) -> Iterator[bpy.types.Depsgraph]:
    """Yield a dependency graph with these objects evaluated at frame 1, in a staging scene."""
    with staging_scene(objects) as scene:
        scene.view_layers[0].update()
        yield scene.view_layers[0].depsgraph


def update_view_layers(scene: bpy.types.Scene) -> None:
    """Update the visible view layers of a scene, so that world matrices are correct.

    Other view layers may never have been evaluated; evaluating them could change a simulation.
    """
    for view_layer in visible_view_layers(scene):
        view_layer.update()


def world_matrix(obj: bpy.types.Object, evaluated: Container[bpy.types.Object] | None) -> Matrix:
    """Return the world matrix of an object.

    Blender does not evaluate objects in excluded collections, those not in `evaluated`: their
    matrix is computed from the parents, without constraints and bones.
    """
    matrix = Matrix()
    while evaluated is not None and obj not in evaluated:
        matrix = obj.matrix_basis @ matrix
        if obj.parent is None:
            return matrix
        matrix = obj.matrix_parent_inverse @ matrix
        obj = obj.parent
    return obj.matrix_world @ matrix


def evaluated_objects(scene: bpy.types.Scene) -> set[bpy.types.Object]:
    """Return the objects that `update_view_layers` evaluates."""
    return {obj for view_layer in visible_view_layers(scene) for obj in view_layer.objects}


def visible_view_layers(scene: bpy.types.Scene) -> list[bpy.types.ViewLayer]:
    """Return the view layers of a scene that windows show; without any, its first one."""
    shown = [
        window.view_layer for window in bpy.context.window_manager.windows if window.scene == scene
    ]
    return shown or list(scene.view_layers[:1])


def _as_tuple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
