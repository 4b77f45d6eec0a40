# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of a rigged figure: the parts of a shape, each with the joint that it follows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.mint_service.figure import PAINTS

from .model_shapes import Part, knight

Points = NDArray[np.float64]


def make(folder: Path) -> None:
    """Make `body.npz`: points in the axes of glTF, 1 high, their normals, joints and paints."""
    parts = knight().parts
    low = min(part.points[:, 2].min() for part in parts)
    high = max(part.points[:, 2].max() for part in parts)
    points = [_in_gltf(part.points - [0, 0, low]) / (high - low) for part in parts]
    counts = [len(each) for each in points]
    starts = np.cumsum([0, *counts[:-1]])
    corners = [_triangles(part) for part in parts]
    normals = [_normals(*each) for each in zip(points, corners, strict=True)]
    joints, paints = sorted({part.joint for part in parts}), ["main", *PAINTS]
    np.savez_compressed(
        folder / "body.npz",
        points=np.concatenate(points).astype(np.float32),
        normals=np.concatenate(normals).astype(np.float32),
        triangles=np.concatenate([c + s for c, s in zip(corners, starts, strict=True)]),
        joints=joints,
        joint_of=np.repeat([joints.index(part.joint) for part in parts], counts),
        paint_of=np.repeat([paints.index(part.paint) for part in parts], counts),
    )


def _in_gltf(points: Points) -> Points:
    """Return points with Y up that face Z."""
    return np.asarray(points[:, [0, 2, 1]] * [1.0, 1.0, -1.0])


def _triangles(part: Part) -> NDArray[np.int64]:
    return np.array(
        [(face[0], face[i], face[i + 1]) for face in part.faces for i in range(1, len(face) - 1)]
    )


def _normals(points: Points, triangles: NDArray[np.int64]) -> Points:
    """Return the normals of the points: the mean of those of their triangles, by area."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    across, found = np.cross(b - a, c - a), np.zeros_like(points)
    for corner in range(3):
        np.add.at(found, triangles[:, corner], across)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1), 1e-12)[:, None])
