# SPDX-License-Identifier: GPL-3.0-or-later
"""The surfaces of objects in world space, on which a model stands, and the arrays of splats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

from .. import mesh_arrays
from ..node_trees import Builder, enabled, new_modifier_group
from ..staging_scene import staging_scene
from ..transaction import temporary_data
from ..world import splats, world_objects
from ..world.calibration import PART

Points = NDArray[np.float64]

CASTER = "mint_world_caster"
"""The custom property of the invisible copy of a collider that throws the shadow of a World."""
MEMBERS = {
    "FLOAT_VECTOR": ("vector", 3),
    "FLOAT4": ("vector", 4),
    "QUATERNION": ("value", 4),
    "FLOAT_COLOR": ("color", 4),
}
"""The member of an attribute, by its type, and the number of floats in it."""


class Surface(NamedTuple):
    """Triangles in world space."""

    points: Points
    """Shape (n, 3), in scene units."""
    triangles: NDArray[np.int32]
    """Indices of points, shape (m, 3)."""

    def tree(self) -> BVHTree:
        """Return a tree that answers rays and what is nearest."""
        made: Any = BVHTree.FromPolygons(
            self.points.tolist(), self.triangles.tolist(), all_triangles=True
        )
        tree: BVHTree = made  # the stubs say that there is none
        return tree

    def mesh(self, name: str) -> bpy.types.Mesh:
        """Return a new mesh of these triangles."""
        mesh = _mesh_of_points(name, self.points)
        mesh.loops.add(self.triangles.size)
        mesh.loops.foreach_set("vertex_index", self.triangles.ravel())
        mesh.polygons.add(len(self.triangles))
        starts = np.arange(len(self.triangles), dtype=np.int32) * 3
        mesh.polygons.foreach_set("loop_start", starts)
        mesh.update()
        return mesh

    def behind(self, eye: Vector, distance: float) -> Surface:
        """Return these triangles moved by a distance along their normals, away from a point.

        Whatever the order of their corners is.
        """
        normals = self._normals()
        toward = ((np.array(eye) - self.points[self.triangles[:, 0]]) * normals).sum(axis=1) > 0
        normals[toward] *= -1
        total = np.zeros_like(self.points)
        for corner in range(3):
            np.add.at(total, self.triangles[:, corner], normals)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        return Surface(self.points + distance * total / np.maximum(length, 1e-12), self.triangles)

    def normals_near(self, places: Points) -> NDArray[np.float32]:
        """Return the normal of the nearest triangle for each place, shape (n, 3).

        Blender's nodes look for all of them at once: a call for each splat takes three times as
        long.
        """
        with temporary_data(), staging_scene() as scene:
            mesh = self.mesh(_NEAREST)
            normals = self._normals()
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
            stored: Any = mesh.attributes.new(_NEAREST, "FLOAT_VECTOR", "FACE")
            stored.data.foreach_set("vector", normals.astype(np.float32).ravel())
            surface = bpy.data.objects.new(_NEAREST, mesh)
            points = bpy.data.objects.new(_NEAREST, _mesh_of_points(_NEAREST, places))
            for obj in (surface, points):
                scene.collection.objects.link(obj)
            modifier: Any = points.modifiers.new(_NEAREST, "NODES")
            modifier.node_group = _nearest_group(surface)
            layer = scene.view_layers[0]
            layer.update()
            assert layer.depsgraph is not None
            found: Any = points.evaluated_get(layer.depsgraph).data
            values = found.attributes[_NEAREST].data
            return mesh_arrays.read(values, "vector", places.size).reshape(-1, 3)

    def _normals(self) -> Points:
        """Return the normal of each triangle, as long as twice its area."""
        first, second, third = (self.points[self.triangles[:, corner]] for corner in range(3))
        return np.cross(second - first, third - first)


_NEAREST = "Mint Nearest"
"""The name of what is made to find the nearest triangles, and of an attribute: their normals."""


def _mesh_of_points(name: str, points: Points) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    return mesh


def _nearest_group(surface: bpy.types.Object) -> bpy.types.NodeTree:
    """Return a node group that stores for each point the normal of the nearest triangle."""
    tree = new_modifier_group(_NEAREST)
    b = Builder(tree)
    points = b.add("NodeGroupInput").outputs["Geometry"]
    triangles = b.add("GeometryNodeObjectInfo", {"Object": surface}).outputs["Geometry"]
    sources = {"Mesh": triangles, "Value": b.read(_NEAREST, "FLOAT_VECTOR")}
    kind = "GeometryNodeSampleNearestSurface"
    near = b.add(kind, sources, data_type="FLOAT_VECTOR")
    stored = b.store(points, _NEAREST, "FLOAT_VECTOR", enabled(near.outputs, "Value"))
    b.add("NodeGroupOutput", {"Geometry": stored})
    return tree


def surface_of(
    objects: Iterable[bpy.types.Object], depsgraph: bpy.types.Depsgraph
) -> Surface | None:
    """Return the triangles of objects as they are shown; None without any.

    A hidden collider is not evaluated, so its mesh is taken as it is.
    """
    found: list[Surface] = []
    for obj in objects:
        if is_collider(obj):
            found += _triangles(obj.data, obj)
        else:
            shown = obj.evaluated_get(depsgraph)
            found += _triangles(shown.to_mesh(), obj)
            shown.to_mesh_clear()
    return _joined(found)


def collider_surface(objects: Iterable[bpy.types.Object]) -> Surface | None:
    """Return the triangles of the colliders among objects; None without any."""
    meshes = filter(is_collider, objects)
    return _joined([surface for obj in meshes for surface in _triangles(obj.data, obj)])


def _triangles(mesh: Any, obj: bpy.types.Object) -> Iterator[Surface]:
    """Yield the triangles of a mesh that has any, in world space."""
    if mesh is not None and len(mesh.polygons):
        mesh.calc_loop_triangles()
        corners = len(mesh.loop_triangles) * 3
        indices = mesh_arrays.read(mesh.loop_triangles, "vertices", corners, np.int32)
        yield Surface(_in_world(mesh, obj), indices.reshape(-1, 3))


def _joined(surfaces: list[Surface]) -> Surface | None:
    """Return several surfaces as one; None without any."""
    if not surfaces:
        return None
    firsts = np.cumsum([0, *(len(each.points) for each in surfaces[:-1])])
    triangles = [each.triangles + first for each, first in zip(surfaces, firsts, strict=True)]
    points = np.concatenate([each.points for each in surfaces])
    return Surface(points, np.concatenate(triangles).astype(np.int32))


def points_of(objects: Iterable[bpy.types.Object], depsgraph: bpy.types.Depsgraph) -> Points:
    """Return the vertices of objects as they are shown, in world space, shape (n, 3)."""
    points = [np.empty((0, 3))]
    for obj in objects:
        if obj.type in _SOLID:
            shown = obj.evaluated_get(depsgraph)
            mesh = shown.to_mesh()
            if mesh is not None:
                points.append(_in_world(mesh, obj))
            shown.to_mesh_clear()
    return np.concatenate(points)


def solids(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer) -> Iterator[bpy.types.Object]:
    """Yield what one can stand on or walk into: colliders, also hidden ones, and visible meshes."""
    for obj in scene.objects:
        if is_collider(obj) or (
            obj.type == "MESH"
            and obj.get(splats.MARK) is None
            and not obj.get(CASTER)
            and obj.name in view_layer.objects
            and obj.visible_get(view_layer=view_layer)
        ):
            yield obj


def is_collider(obj: bpy.types.Object) -> bool:
    """Return whether an object is the collider of a World."""
    return obj.type == "MESH" and obj.get(PART) == "collider"


def colliders(root: bpy.types.Object) -> list[bpy.types.Object]:
    """Return the meshes of the collider of a World."""
    return list(filter(is_collider, world_objects.parts_of(root, "collider")))


def attributes(data: Any) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield name and values, shape (n, 3) or (n, 4), of each attribute of splats."""
    for attribute in data.attributes:
        if attribute.domain == "POINT" and attribute.data_type in MEMBERS:
            member, width = MEMBERS[attribute.data_type]
            flat = mesh_arrays.read(attribute.data, member, len(attribute.data) * width)
            yield attribute.name, flat.reshape(-1, width)


def places_of(part: bpy.types.Object) -> Points:
    """Return where splats are in world space, shape (n, 3)."""
    return mesh_arrays.transformed(dict(attributes(part.data))["position"], part.matrix_world)


_SOLID = {"MESH", "CURVE", "SURFACE", "FONT", "META"}
"""Types of objects that are shown as a mesh."""


def _in_world(mesh: bpy.types.Mesh, obj: bpy.types.Object) -> Points:
    points = mesh_arrays.positions(mesh).reshape(-1, 3)
    return mesh_arrays.transformed(points, obj.matrix_world)
