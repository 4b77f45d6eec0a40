# SPDX-License-Identifier: GPL-3.0-or-later
"""How large the scene of a glTF is, from the `min` and `max` of its positions and the transforms of its nodes. Only for checked JSON."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
Matrix = NDArray[np.float64]
NORMALIZED = {5120: 127.0, 5121: 255.0, 5122: 32767.0, 5123: 65535.0}
CORNERS = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)], dtype=bool)


def of_scene(document: dict[str, Any]) -> tuple[Vector, Vector] | None:
    """Lowest and highest corner in glTF axes; None where the JSON does not tell (no min/max, skins, instances on the GPU)."""
    nodes = document.get("nodes", [])
    if any("skin" in node or "EXT_mesh_gpu_instancing" in (node.get("extensions") or {}) for node in nodes if "mesh" in node):
        return None
    boxes = [_box(mesh, document["accessors"]) for mesh in document.get("meshes", [])]
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    with np.errstate(all="ignore"):
        for node, world in _placed(nodes, _roots(document)):
            if "mesh" not in node:
                continue
            box = boxes[node["mesh"]]
            if box is None:
                return None
            corners = np.where(CORNERS, box[1], box[0]) @ world[:3, :3].T + world[:3, 3]
            low, high = np.minimum(low, corners.min(axis=0)), np.maximum(high, corners.max(axis=0))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    return _vector(low), _vector(high)


def _roots(document: dict[str, Any]) -> list[int]:
    """The nodes without a parent: those of the scene that is shown, or all where there are no scenes."""
    scenes, nodes = document.get("scenes", []), document.get("nodes", [])
    born = {child for node in nodes for child in node.get("children", [])}
    offered = scenes[document.get("scene", 0)].get("nodes", []) if scenes else range(len(nodes))
    return [number for number in offered if number not in born]


def _placed(nodes: list[dict[str, Any]], roots: list[int]) -> Iterator[tuple[dict[str, Any], Matrix]]:
    """Each node of the tree with its transform into the scene."""
    waiting = [(number, np.eye(4)) for number in roots]
    while waiting:
        number, above = waiting.pop()
        world = above @ _local(nodes[number])
        yield nodes[number], world
        waiting += [(child, world) for child in nodes[number].get("children", [])]


def _local(node: dict[str, Any]) -> Matrix:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    x, y, z, w = _unit(node.get("rotation", (0, 0, 0, 1)))
    turn = np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
    local = np.eye(4)
    local[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), dtype=np.float64)
    local[:3, 3] = node.get("translation", (0, 0, 0))
    return local


def _unit(rotation: Any) -> Matrix:
    quaternion = np.array(rotation, dtype=np.float64)
    length = float(np.linalg.norm(quaternion))
    return quaternion / length if length else np.array([0.0, 0.0, 0.0, 1.0])


def _box(mesh: dict[str, Any], accessors: list[dict[str, Any]]) -> tuple[Matrix, Matrix] | None:
    """Lowest and highest corner of a mesh in its own space."""
    lows, highs = [], []
    for primitive in mesh.get("primitives", []):
        position = (primitive.get("attributes") or {}).get("POSITION")
        if position is None:
            continue
        accessor = accessors[position]
        low, high = accessor.get("min"), accessor.get("max")
        if not low or not high or len(low) != 3 or len(high) != 3:
            return None
        scale = NORMALIZED.get(accessor["componentType"], 1.0) if accessor.get("normalized") is True else 1.0
        lows.append(np.array(low, dtype=np.float64) / scale)
        highs.append(np.array(high, dtype=np.float64) / scale)
    return (np.min(lows, axis=0), np.max(highs, axis=0)) if lows else None


def _vector(values: Matrix) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])
