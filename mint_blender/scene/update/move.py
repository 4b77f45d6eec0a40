# SPDX-License-Identifier: GPL-3.0-or-later
"""Move a placed result onto a surface: where its box is then, and the matrix of its root."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import bpy
from mathutils import Euler, Matrix, Quaternion, Vector

from .. import tags
from ..bounds import box
from ..world import world_objects

ALIGNED = tags.PREFIX + "aligned"
"""Custom property of a root: the quaternion that turned it to the surface it was placed on."""

LEVEL = math.radians(20.0)
"""A surface that is less steep counts as a floor: what stands on it stays upright."""

_VERTICAL = Vector((0.0, 0.0, 1.0)).freeze()
FARTHEST = 1000.0
"""The floor counts only within this many scene units, not near the horizon."""
_MOST_HITS = 200  # on the way through the result itself
_STEP = 1e-4  # how far behind a hit the ray continues, in scene units
_WITH_EXTENT = {"MESH", "POINTCLOUD", "CURVE", "SURFACE", "FONT", "META"}


@dataclass(frozen=True)
class Surface:
    """A point on a surface, and its normal, in world space."""

    point: Vector
    normal: Vector


@dataclass(frozen=True)
class Placing:
    """A result that is being placed: its box and orientation, without its location."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    """The box in the space of `base`."""
    base: Matrix
    """Rotation and scale of the root while it is upright, 4×4."""
    is_place: bool = False
    """Whether it is a World, which never leans."""

    def matrix(self, surface: Surface, turn: float, *, align: bool) -> Matrix:
        """Return the matrix of the root on a surface, turned by an angle about its normal."""
        rotation = self.rotation(surface, turn, align=align).to_matrix().to_4x4()
        lift = 0.0 if self.is_place else -self._lowest()
        up = rotation @ Vector((0.0, 0.0, lift))
        return Matrix.Translation(surface.point + up) @ rotation @ self.base

    def rotation(self, surface: Surface, turn: float, *, align: bool) -> Quaternion:
        """Return what turns the upright result."""
        own = Quaternion((0.0, 0.0, 1.0), turn)
        return self.leaning(surface, align=align) @ own

    def leaning(self, surface: Surface, *, align: bool) -> Quaternion:
        """Return what turns the vertical to the normal; nothing on a floor."""
        if not align or self.is_place or surface.normal.angle(_VERTICAL, 0.0) < LEVEL:
            return Quaternion()
        return _VERTICAL.rotation_difference(surface.normal)

    def _lowest(self) -> float:
        corners = (
            self.base
            @ Vector([(self.low, self.high)[index >> axis & 1][axis] for axis in range(3)])
            for index in range(8)
        )
        return min(corner.z for corner in corners)


def placing(root: bpy.types.Object) -> Placing | None:
    """Return what is needed to place a result again; None if it has no extent."""
    parts = (obj for obj in tags.hierarchy(root) if obj.type in _WITH_EXTENT)
    corners = box(parts, root.matrix_world.inverted_safe())
    if corners is None:
        return None
    leaning = Quaternion(root.get(ALIGNED, (1.0, 0.0, 0.0, 0.0)))
    _, rotation, scale = root.matrix_world.decompose()
    base = Matrix.LocRotScale(None, leaning.inverted() @ rotation, scale)
    return Placing(*corners, base, is_place=world_objects.is_root(root))


def expected(low: Sequence[float], high: Sequence[float], *, is_place: bool) -> Placing:
    """Return what is needed to place a result that is not in the scene yet."""
    return Placing((low[0], low[1], low[2]), (high[0], high[1], high[2]), Matrix(), is_place)


def move(root: bpy.types.Object, matrix: Matrix, leaning: Quaternion) -> None:
    """Give a root a new world matrix, and remember how it leans for the next time."""
    root.matrix_world = matrix
    _note(root, leaning)


def turn(root: bpy.types.Object, rotation: Sequence[float]) -> None:
    """Turn a root that stands upright about its origin: Euler angles in radians."""
    turned = Euler((rotation[0], rotation[1], rotation[2])).to_matrix()
    location = Matrix.Translation(root.location)
    root.matrix_basis = location @ turned.to_4x4() @ location.inverted() @ root.matrix_basis
    _note(root, _VERTICAL.rotation_difference(turned.col[2]))


def _note(root: bpy.types.Object, leaning: Quaternion) -> None:
    if leaning.angle > 1e-6:
        root[ALIGNED] = [leaning.w, leaning.x, leaning.y, leaning.z]
    else:
        root.pop(ALIGNED, None)


def surface_on_ray(
    scene: bpy.types.Scene,
    depsgraph: bpy.types.Depsgraph,
    origin: Vector,
    direction: Vector,
    without: Collection[bpy.types.Object] = (),
    view: bpy.types.SpaceView3D | None = None,
) -> Surface | None:
    """Return where a ray meets the scene first, or else the floor at height 0.

    The normal points to where the ray comes from. `without` are objects that it passes, as it does
    those that are hidden in `view`.
    """
    start = origin
    for _ in range(_MOST_HITS):
        hit, point, normal, _, obj, _ = scene.ray_cast(depsgraph, start, direction)
        if not hit:
            return _floor(origin, direction)
        assert obj is not None  # it was hit
        is_hidden = view is not None and not obj.original.visible_get(viewport=view)
        if not is_hidden and obj.original not in without and obj not in without:
            return Surface(point, -normal if normal.dot(direction) > 0.0 else normal)
        start = point + direction * _STEP
    return None


def _floor(origin: Vector, direction: Vector) -> Surface | None:
    if abs(direction.z) < 1e-6:
        return None
    distance = -origin.z / direction.z
    if not 0.0 < distance * direction.length < FARTHEST:
        return None
    return Surface(origin + direction * distance, Vector((0.0, 0.0, 1.0)))
