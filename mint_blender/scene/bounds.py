# SPDX-License-Identifier: GPL-3.0-or-later
"""Where objects are and how large, measured on their vertices as they are shown: with armatures,
shape keys and parents.
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Iterator

import bpy
import numpy as np
from mathutils import Matrix

from .staging import staging_scene

Bounds = tuple[tuple[float, float, float], tuple[float, float, float]]


def bounds(
    objects: Iterable[bpy.types.Object], within: bpy.types.Object | None = None
) -> Bounds | None:
    """Lowest and highest corner over all vertices in world space; None when there is no vertex at
    all.

    With `within`, one of the objects, they are measured in its space instead: as if it were not
    moved, turned or scaled. Measured in a scene of its own, so that neither a hidden collection nor
    the current frame changes the answer.
    """
    objects = list(objects)
    lowest, highest = np.full(3, np.inf), np.full(3, -np.inf)
    with evaluated_depsgraph(objects) as depsgraph:
        space = (
            None if within is None else within.evaluated_get(depsgraph).matrix_world.inverted_safe()
        )
        for each in objects:
            shown = each.evaluated_get(depsgraph)
            if isinstance(shown.data, bpy.types.Mesh) and len(shown.data.vertices):
                points = world_points(shown, space)
                lowest, highest = (
                    np.minimum(lowest, points.min(axis=0)),
                    np.maximum(highest, points.max(axis=0)),
                )
    if not (np.isfinite(lowest).all() and np.isfinite(highest).all()):
        return None
    return _as_tuple(lowest), _as_tuple(highest)


def world_points(shown: bpy.types.Object, space: Matrix | None = None) -> np.ndarray:
    """The vertices of an evaluated mesh object in world space, or in another `space`, shape (n, 3)."""  # noqa: E501
    count = len(shown.data.vertices)
    flat = np.empty(count * 3, dtype=np.float32)
    shown.data.vertices.foreach_get("co", flat)
    matrix = np.array(
        shown.matrix_world if space is None else space @ shown.matrix_world, dtype=np.float64
    )
    return flat.reshape(count, 3) @ matrix[:3, :3].T + matrix[:3, 3]


@contextlib.contextmanager
def evaluated_depsgraph(objects: Iterable[bpy.types.Object]) -> Iterator[bpy.types.Depsgraph]:
    """Yield a dependency graph with these objects evaluated at frame 1, in a staging scene."""
    with staging_scene(objects) as scene:
        scene.view_layers[0].update()
        yield scene.view_layers[0].depsgraph


def update_view_layers(scene: bpy.types.Scene) -> None:
    """Make true what objects say of their place: on the view layers that are shown.

    The others may never have been worked out, which would change what the user has made (physics),
    and need not be now.
    """
    for view_layer in _visible_view_layers(scene):
        view_layer.update()


def world_matrix(each: bpy.types.Object, known: Container[bpy.types.Object] | None) -> Matrix:
    """Its matrix in the world.

    Of what was not worked out, since its collection is excluded, Blender does not know it: then it
    follows from where it and its parents were put. Constraints, and what bones do, are left out of
    that.
    """
    matrix = Matrix()
    while known is not None and each not in known:
        matrix = each.matrix_basis @ matrix
        if each.parent is None:
            return matrix
        each, matrix = each.parent, each.matrix_parent_inverse @ matrix
    return each.matrix_world @ matrix


def evaluated_objects(scene: bpy.types.Scene) -> set[bpy.types.Object]:
    """The objects of which `update_view_layers` makes true what they say."""
    return {each for view_layer in _visible_view_layers(scene) for each in view_layer.objects}


def _visible_view_layers(scene: bpy.types.Scene) -> list[bpy.types.ViewLayer]:
    shown = [
        window.view_layer for window in bpy.context.window_manager.windows if window.scene == scene
    ]
    return shown or list(scene.view_layers[:1])


def _as_tuple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
