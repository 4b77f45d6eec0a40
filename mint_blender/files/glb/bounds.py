# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounding box of a glTF scene from accessors' `min` and `max` and node transforms.

The JSON must have been checked. A few numbers for each node are not worth loading NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

Vector = tuple[float, float, float]
Rows = tuple[
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
]
"""The upper three rows of an affine 4 × 4 matrix."""
IDENTITY: Rows = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
NORMALIZED = {5120: 127.0, 5121: 255.0, 5122: 32767.0, 5123: 65535.0}


def scene_bounds(document: dict[str, Any]) -> tuple[Vector, Vector] | None:
    """Return the lowest and highest corner (x, y, z) in glTF axes and units.

    None if the JSON does not say: no min and max, skins, GPU instances.
    """
    nodes = document.get("nodes", [])
    if any(
        "skin" in node or "EXT_mesh_gpu_instancing" in (node.get("extensions") or {})
        for node in nodes
        if "mesh" in node
    ):
        return None
    boxes = [_box(mesh, document["accessors"]) for mesh in document.get("meshes", [])]
    low, high = [math.inf] * 3, [-math.inf] * 3
    for node, world in _world_transforms(nodes, _roots(document)):
        if "mesh" not in node:
            continue
        box = boxes[node["mesh"]]
        if box is None:
            return None
        for axis, (center, reach) in enumerate(_transformed(box, world)):
            low[axis], high[axis] = min(low[axis], center - reach), max(high[axis], center + reach)
    if not all(map(math.isfinite, low + high)):
        return None
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _transformed(box: tuple[Vector, Vector], world: Rows) -> Iterator[tuple[float, float]]:
    """Yield center and half extent along each axis of the box around a transformed box."""
    low, high = box
    center = [(low[axis] + high[axis]) / 2 for axis in range(3)]
    half = [(high[axis] - low[axis]) / 2 for axis in range(3)]
    for x, y, z, shift in world:
        yield (
            x * center[0] + y * center[1] + z * center[2] + shift,
            abs(x * half[0]) + abs(y * half[1]) + abs(z * half[2]),
        )


def _roots(document: dict[str, Any]) -> list[int]:
    """Return the root nodes of the default scene, or all root nodes if there are no scenes."""
    scenes, nodes = document.get("scenes", []), document.get("nodes", [])
    children = {child for node in nodes for child in node.get("children", [])}
    candidates = scenes[document.get("scene", 0)].get("nodes", []) if scenes else range(len(nodes))
    return [number for number in candidates if number not in children]


def _world_transforms(
    nodes: list[dict[str, Any]], roots: list[int]
) -> Iterator[tuple[dict[str, Any], Rows]]:
    """Yield each node of the trees with its world transform."""
    pending = [(number, IDENTITY) for number in roots]
    while pending:
        number, above = pending.pop()
        world = _multiply(above, _local_transform(nodes[number]))
        yield nodes[number], world
        pending += [(child, world) for child in nodes[number].get("children", [])]


def _multiply(outer: Rows, inner: Rows) -> Rows:
    """Return the matrix product: `inner` is applied first."""

    def row(a: float, b: float, c: float, d: float) -> tuple[float, float, float, float]:
        x, y, z = inner
        return (
            a * x[0] + b * y[0] + c * z[0],
            a * x[1] + b * y[1] + c * z[1],
            a * x[2] + b * y[2] + c * z[2],
            a * x[3] + b * y[3] + c * z[3] + d,
        )

    return row(*outer[0]), row(*outer[1]), row(*outer[2])


def _local_transform(node: dict[str, Any]) -> Rows:
    if "matrix" in node:
        m = [float(number) for number in node["matrix"]]  # column by column
        return (m[0], m[4], m[8], m[12]), (m[1], m[5], m[9], m[13]), (m[2], m[6], m[10], m[14])
    x, y, z, w = _normalize(node.get("rotation", (0, 0, 0, 1)))
    a, b, c = (float(number) for number in node.get("scale", (1, 1, 1)))
    tx, ty, tz = (float(number) for number in node.get("translation", (0, 0, 0)))
    return (
        (a * (1 - 2 * (y * y + z * z)), b * 2 * (x * y - z * w), c * 2 * (x * z + y * w), tx),
        (a * 2 * (x * y + z * w), b * (1 - 2 * (x * x + z * z)), c * 2 * (y * z - x * w), ty),
        (a * 2 * (x * z - y * w), b * 2 * (y * z + x * w), c * (1 - 2 * (x * x + y * y)), tz),
    )


def _normalize(rotation: Sequence[float]) -> tuple[float, float, float, float]:
    x, y, z, w = (float(number) for number in rotation)
    length = math.hypot(x, y, z, w)
    return (x / length, y / length, z / length, w / length) if length else (0.0, 0.0, 0.0, 1.0)


def _box(mesh: dict[str, Any], accessors: list[dict[str, Any]]) -> tuple[Vector, Vector] | None:
    """Return the lowest and highest corner of a mesh in its local space."""
    lows: list[Sequence[float]] = []
    highs: list[Sequence[float]] = []
    for primitive in mesh.get("primitives", []):
        position = (primitive.get("attributes") or {}).get("POSITION")
        if position is None:
            continue
        accessor = accessors[position]
        low, high = accessor.get("min"), accessor.get("max")
        if not low or not high or len(low) != 3 or len(high) != 3:
            return None
        scale = (
            NORMALIZED.get(accessor["componentType"], 1.0)
            if accessor.get("normalized") is True
            else 1.0
        )
        lows.append([number / scale for number in low])
        highs.append([number / scale for number in high])
    if not lows:
        return None
    (ax, ay, az), (bx, by, bz) = (
        map(min, zip(*lows, strict=True)),
        map(max, zip(*highs, strict=True)),
    )
    return (ax, ay, az), (bx, by, bz)
