# SPDX-License-Identifier: GPL-3.0-or-later
"""Put models, and what a person has made, on the floor: straight down, or as it falls.

The floor is whatever is below: the collider of a World, also while it is hidden, and every visible
mesh. Scene units are used throughout.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...message import Message, UserError
from .. import tags
from ..data_blocks import current_scene
from ..staging_scene import staging_scene
from ..transaction import temporary_data
from ..world import collider, world_objects
from .mesh_tools import convex_hull
from .surfaces import Points, Surface, is_collider, points_of, solids, surface_of

_CELLS = 24
"""Cells along each side of a model, in which its lowest point is looked for."""
_RISE = 1.5
"""Meters above the bottom of a model from which a floor is still found: it may have sunk in."""
_FRAMES = 240
"""Frames after which what still moves is taken as it is."""
_STILL = 1e-4
"""What moves less in a frame, in meters, has come to rest."""


class NoFloor(UserError):
    """A model has no floor below it; nothing was moved."""


def drop_to_floor(
    objects: Iterable[bpy.types.Object], scene: bpy.types.Scene | None = None
) -> None:
    """Move objects straight down, or up, until they stand on what is below.

    An object of a model moves the whole model, and a parent its children.

    Raises:
        NoFloor: There is no floor below one of them, or nothing to be moved; nothing was.
    """
    place = _Place(objects, scene or current_scene())
    for mover in place.movers:
        place.put_down(mover)


def let_fall(objects: Iterable[bpy.types.Object], scene: bpy.types.Scene | None = None) -> None:
    """Let objects fall onto what is below, tip and come to rest. No rigid body is left behind.

    Raises:
        NoFloor: There is no floor below one of them, or nothing to be moved; nothing was.
    """
    place = _Place(objects, scene or current_scene())
    for mover in place.movers:
        place.check_floor(mover)
    for mover, motion in zip(place.movers, _simulated(place), strict=True):
        mover.matrix_world = motion @ mover.matrix_world
    place.scene.view_layers[0].update()
    for mover in place.movers:
        place.put_down(mover)  # rigid bodies keep a small distance


def land_in_world(root: bpy.types.Object, scene: bpy.types.Scene) -> Points | None:
    """Put a model on the floor if it is in a World; elsewhere it stays at its point.

    Returns its lowest and highest corner, shape (2, 3); None without a vertex.
    """
    with suppress(NoFloor):
        place = _Place([root], scene)
        points = place.points(root)
        with suppress(NoFloor):
            if any(map(is_collider, place.below(points, 0.0))):
                place.put_down(root)
        return np.array((points.min(axis=0), points.max(axis=0)))
    return None


def movers_of(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """Return what has to be moved so that these objects move: the roots of their models.

    A World is never moved: it is the floor.
    """
    movers: dict[bpy.types.Object, None] = {}
    for obj in objects:
        root = tags.root_of(obj)
        mover = obj if root is None else root
        if not world_objects.is_root(mover):
            movers[mover] = None
    return [mover for mover in movers if not _has_ancestor(mover, movers)]


def _has_ancestor(obj: bpy.types.Object, others: Container[bpy.types.Object]) -> bool:
    above = obj.parent
    return above is not None and (above in others or _has_ancestor(above, others))


class _Place:
    """Objects that are to be put down, and the surfaces below them."""

    def __init__(self, objects: Iterable[bpy.types.Object], scene: bpy.types.Scene) -> None:
        self.scene = scene
        self.layer = _layer_of(scene)
        self.layer.update()
        assert self.layer.depsgraph is not None
        self.depsgraph = self.layer.depsgraph
        points = {mover: self.points(mover) for mover in movers_of(objects)}
        lowest = {mover: each[:, 2].min() for mover, each in points.items() if len(each)}
        if not lowest:
            raise NoFloor(Message("Select a model or another mesh."))
        self.movers = sorted(lowest, key=lambda mover: float(lowest[mover]))
        self._before = {mover: mover.matrix_basis.copy() for mover in self.movers}
        self._moving = {part for mover in self.movers for part in tags.hierarchy(mover)}

    def points(self, mover: bpy.types.Object) -> Points:
        """Return the vertices of an object and of what is below it, in world space."""
        return points_of(tags.hierarchy(mover), self.depsgraph)

    def put_down(self, mover: bpy.types.Object) -> None:
        """Move one object down; it then carries those that follow.

        Raises:
            NoFloor: There is nothing below; everything is where it was.
        """
        try:
            distance = self.check_floor(mover)
        except NoFloor:
            for other, matrix in self._before.items():
                other.matrix_basis = matrix
            raise
        _move(mover, Vector((0.0, 0.0, -distance)))
        self._moving.difference_update(tags.hierarchy(mover))
        self.layer.update()

    def check_floor(self, mover: bpy.types.Object) -> float:
        """Return how far an object is above its floor; negative if it has sunk in.

        Raises:
            NoFloor: There is nothing below.
        """
        points = self.points(mover)
        surface = surface_of(self.below(points, 0.0), self.depsgraph)
        distance = _distance(points, surface, _RISE / self.scene.unit_settings.scale_length)
        if distance is None:
            raise NoFloor(Message("There is no floor below “{name}”.", name=mover.name))
        return distance

    def below(self, points: Points, around: float) -> Iterator[bpy.types.Object]:
        """Yield what is over or below these points; `around`: in a border of this width, too."""
        low = points[:, :2].min(axis=0) - around
        high = points[:, :2].max(axis=0) + around
        for obj in solids(self.scene, self.layer):
            if obj not in self._moving:
                corners = np.array([obj.matrix_world @ Vector(corner) for corner in obj.bound_box])
                if (corners.min(axis=0)[:2] <= high).all() and (
                    corners.max(axis=0)[:2] >= low
                ).all():
                    yield obj


def _layer_of(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    """Return the view layer in which a scene is shown."""
    shown = bpy.context.view_layer
    return shown if shown is not None and scene == bpy.context.scene else scene.view_layers[0]


def _move(obj: bpy.types.Object, offset: Vector) -> None:
    """Move an object in world space; only its location changes."""
    parent = obj.matrix_world @ obj.matrix_basis.inverted_safe()
    obj.location += parent.to_3x3().inverted_safe() @ offset


def _distance(points: Points, surface: Surface | None, rise: float) -> float | None:
    """Return how far down points can move until the first touches; None if nothing is below.

    Rays begin no higher than the model, so that it stays under a table.
    """
    if surface is None:
        return None
    tree = surface.tree()
    low = float(points[:, 2].min())
    height = float(points[:, 2].max()) - low
    lowest = _lowest(points)
    for start in (min(height, rise), rise):
        found = []
        for x, y, z in lowest:
            hit = tree.ray_cast(Vector((x, y, low + start)), Vector((0.0, 0.0, -1.0)))[0]
            if hit is not None:
                found.append(float(z - hit.z))
        if found:
            return min(found)
    return None


def _lowest(points: Points) -> Points:
    """Return the lowest point of each cell of a grid over the points, seen from above."""
    low = points[:, :2].min(axis=0)
    size = np.maximum(points[:, :2].max(axis=0) - low, 1e-9)
    cells = np.clip(((points[:, :2] - low) / size * _CELLS).astype(int), 0, _CELLS - 1)
    keys = cells[:, 0] * _CELLS + cells[:, 1]
    order = np.lexsort((points[:, 2], keys))
    _, first = np.unique(keys[order], return_index=True)
    return np.asarray(points[order[first]])


# -- falling


def _simulated(place: _Place) -> list[Matrix]:
    """Return how each object moves in world space until it lies still."""
    points = [place.points(mover) for mover in place.movers]
    everything = np.concatenate(points)
    around = 2 * float(np.linalg.norm(np.ptp(everything, axis=0)))
    surface = surface_of(place.below(everything, around), place.depsgraph)
    assert surface is not None, "a floor was found"
    with temporary_data(), staging_scene(units_of=place.scene) as scene:
        scene.gravity = place.scene.gravity
        scene.frame_start = 1
        scene.frame_end = _FRAMES
        ground = bpy.data.objects.new("Floor", surface.mesh("Floor"))
        scene.collection.objects.link(ground)
        collider.add_rigid_bodies([ground], scene)
        bodies = [_body(hull, scene) for hull in map(_hull, points)]
        starts = [body.matrix_world.copy() for body in bodies]
        _run(scene, bodies)
        moved = [body.matrix_world.copy() for body in bodies]
        with bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0]):
            bpy.ops.rigidbody.world_remove()
    return [after @ before.inverted() for before, after in zip(starts, moved, strict=True)]


def _run(scene: bpy.types.Scene, bodies: Sequence[bpy.types.Object]) -> None:
    """Run the simulation until nothing moves any more."""
    world: Any = scene.rigidbody_world
    world.substeps_per_frame = 10
    world.solver_iterations = 20
    world.point_cache.frame_start = 1
    world.point_cache.frame_end = _FRAMES
    still = _STILL / scene.unit_settings.scale_length
    before = np.zeros((len(bodies), 4, 4))
    for frame in range(1, _FRAMES + 1):
        scene.frame_set(frame)
        now = np.array([body.matrix_world for body in bodies])
        # nothing moves in the first frames, either
        if frame > scene.render.fps / 2 and np.abs(now - before).max() < still:
            return
        before = now


def _body(hull: bpy.types.Mesh, scene: bpy.types.Scene) -> bpy.types.Object:
    """Return a falling body around the center of a hull, which its origin is."""
    points = np.array([vertex.co for vertex in hull.vertices])
    center = (points.min(axis=0) + points.max(axis=0)) / 2
    hull.transform(Matrix.Translation(Vector(center)).inverted())
    body = bpy.data.objects.new("Body", hull)
    body.location = center
    scene.collection.objects.link(body)
    scene.rigidbody_world.collection.objects.link(body)
    physics: Any = body.rigid_body
    physics.type = "ACTIVE"
    physics.collision_shape = "CONVEX_HULL"
    physics.mesh_source = "BASE"
    physics.friction = 0.8
    physics.restitution = 0.05
    physics.use_margin = True
    physics.collision_margin = 0.005 / scene.unit_settings.scale_length
    physics.linear_damping = 0.1
    physics.angular_damping = 0.3
    scene.view_layers[0].update()
    return body


def _hull(points: Points) -> bpy.types.Mesh:
    """Return the convex hull of points, a little thicker, so that a flat sheet has one, too."""
    upper = points.copy()
    upper[:, 2] += 1e-3 * float(np.ptp(points, axis=0).max())
    both = np.concatenate((points, upper)).astype(np.float32)
    return convex_hull(both) or bpy.data.meshes.new("Hull")
