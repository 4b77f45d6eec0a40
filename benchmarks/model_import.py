# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing a model in this process, beside Blender's own importer: whole imports, in turn.

In 4.2 and 4.5, an import with normals from a list takes as long as the importer; from 5.2 on, less.
With another Blender than the default one: `python -m benchmarks.run_one model_import FILE`, with
the Python of its environment.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.scene.glb_fixtures import Glb

from .measure import Row, in_turn_by_processor

TIMES = 3


def measure() -> Iterator[Row]:
    """Measure models whose normals Blender computes by itself, and one where they are set."""
    for what, (goal, make) in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = make(Glb()).save(Path(folder) / "model.glb")
            ours, theirs = in_turn_by_processor(
                partial(_import, path), partial(_blenders_own, path), TIMES
            )
        ratio = min(ours) / min(theirs)
        yield Row(
            f"Import of {what}",
            f"≤ {goal} × Blender's own",
            f"{ratio:.2f} × ({min(ours):.2f} s)",
            ratio <= goal,
            f"Blender's own importer {min(theirs):.2f} s",
        )


def _import(path: Path) -> None:
    import bpy

    from mint_blender.scene.gltf.gltf_import import import_glb

    collection: Any = bpy.data.collections.new("Target")
    import_glb(path, collection)
    _remove_all()


def _blenders_own(path: Path) -> None:
    import bpy

    bpy.ops.import_scene.gltf(filepath=str(path))
    _remove_all()


def _remove_all() -> None:
    import bpy

    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.meshes, *bpy.data.collections])


def _sphere(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a sphere of radius 1, open at its poles, and the corners."""
    columns = 2 * rows
    v, u = np.meshgrid(np.linspace(0.01, 0.99, rows + 1), np.arange(columns) / columns)
    v, u = np.pi * v.T, 2 * np.pi * u.T
    points = np.stack((np.sin(v) * np.cos(u), np.cos(v), np.sin(v) * np.sin(u)), axis=-1)
    start = np.arange(rows)[:, None] * columns + np.arange(columns)
    right = np.arange(rows)[:, None] * columns + (np.arange(columns) + 1) % columns
    start, right = start.reshape(-1), right.reshape(-1)
    below, beside = start + columns, right + columns
    corners = np.stack((start, right, below, right, beside, below), axis=-1)
    return points.reshape(-1, 3), corners.reshape(-1)


def _flat(glb: Glb) -> Glb:
    """Every triangle has its own vertices, with the normals of its face."""
    points, corners = _sphere(350)
    points = points[corners]
    faces = points.reshape(-1, 3, 3)
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return _whole(glb, points, np.repeat(normals, 3, axis=0), np.arange(len(points)))


def _smooth(glb: Glb) -> Glb:
    """Triangles share vertices, and the normals are those that Blender computes."""
    points, corners = _sphere(350)
    return _whole(glb, points, points, corners)


def _other(glb: Glb) -> Glb:
    """Likewise, with normals that have to be set."""
    points, corners = _sphere(350)
    normals = points + np.array((0.3, 0, 0))
    return _whole(glb, points, normals / np.linalg.norm(normals, axis=1, keepdims=True), corners)


def _whole(glb: Glb, points: np.ndarray, normals: np.ndarray, corners: np.ndarray) -> Glb:
    attributes = {"POSITION": glb.accessor(points, "f4"), "NORMAL": glb.accessor(normals, "f4")}
    mesh = glb.mesh({"attributes": attributes, "indices": glb.accessor(corners, "u4")})
    glb.node(mesh=mesh)
    return glb


MODELS: dict[str, tuple[float, Callable[[Glb], Glb]]] = {
    "490,000 flat triangles, whose normals Blender computes by itself": (0.5, _flat),
    "490,000 smooth triangles, likewise": (0.65, _smooth),
    "490,000 smooth triangles with normals of their own": (1.0, _other),
}
