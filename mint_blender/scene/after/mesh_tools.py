# SPDX-License-Identifier: GPL-3.0-or-later
"""Change meshes: weld them, give them fewer faces or weights, and make hulls around them.

The models of Mint are cut open at the seams of their UVs. Reducing such a mesh tears it apart, so
it is welded first.
"""

from __future__ import annotations

from typing import Any

import bmesh
import bpy
import numpy as np

from .. import mesh_arrays

_CORNER = ".mint_corner"
_WELD = 1e-5
"""Share of the largest extent within which vertices are the same."""
HULL_FACES = 64
"""Triangles of a hull, with which it keeps 98 % of its volume."""
HULLS = 8
"""How many hulls follow a shape more closely."""
MOST_WEIGHTS = 4
"""Bones that move a vertex in a game engine."""


def triangles(mesh: bpy.types.Mesh) -> int:
    """Return how many triangles a mesh has, once it is triangulated."""
    return len(mesh.loops) - 2 * len(mesh.polygons)


def weld(mesh: bpy.types.Mesh) -> None:
    """Join vertices at the same place. Normals, UVs and weights stay."""
    if not mesh.vertices:
        return
    count = len(mesh.loops)
    normals = mesh_arrays.read(mesh.corner_normals, "vector", 3 * count).reshape(-1, 3)
    corner: Any = mesh.attributes.new(_CORNER, "INT", "CORNER")
    corner.data.foreach_set("value", np.arange(count, dtype=np.int32))
    points = mesh_arrays.positions(mesh).reshape(-1, 3)
    mesh_copy = bmesh.new()
    mesh_copy.from_mesh(mesh)
    distance = float(np.ptp(points, axis=0).max()) * _WELD
    bmesh.ops.remove_doubles(mesh_copy, verts=mesh_copy.verts[:], dist=distance)
    _remove_loose(mesh_copy)
    mesh_copy.to_mesh(mesh)
    mesh_copy.free()
    corner = mesh.attributes[_CORNER]
    kept = mesh_arrays.read(corner.data, "value", len(mesh.loops), np.int32)
    mesh.attributes.remove(corner)
    if len(kept):
        mesh.normals_split_custom_set(normals[kept].tolist())


def reduced(
    mesh: bpy.types.Mesh, faces: int, scene: bpy.types.Scene, *, keep_normals: bool = True
) -> bpy.types.Mesh:
    """Return a new mesh with about so many triangles, from a welded one.

    UVs, materials and weights stay. With `keep_normals`, it is shaded as the full mesh is.
    """
    source = bpy.data.objects.new("Mint", mesh)
    obj = bpy.data.objects.new("Mint", mesh)
    scene.collection.objects.link(obj)
    modifiers: Any = obj.modifiers
    decimate = modifiers.new("Decimate", "DECIMATE")
    decimate.ratio = min(1.0, faces / max(triangles(mesh), 1))
    decimate.use_collapse_triangulate = True
    if keep_normals:
        transfer = modifiers.new("Normals", "DATA_TRANSFER")
        transfer.object = source
        transfer.use_loop_data = True
        transfer.data_types_loops = {"CUSTOM_NORMAL"}
        transfer.loop_mapping = "POLYINTERP_NEAREST"
    layer: Any = scene.view_layers[0]
    layer.update()
    made = bpy.data.meshes.new_from_object(
        obj.evaluated_get(layer.depsgraph),
        preserve_all_data_layers=True,
        depsgraph=layer.depsgraph,
    )
    for each in (obj, source):
        bpy.data.objects.remove(each)
    limit_weights(made)
    return made


def limit_weights(mesh: bpy.types.Mesh) -> None:
    """Keep the four largest weights of each vertex, and let them add up to 1."""
    weighted = bmesh.new()
    weighted.from_mesh(mesh)
    layer = weighted.verts.layers.deform.active
    if layer is not None:
        for vertex in weighted.verts:
            weights: Any = vertex[layer]
            largest = sorted(weights.items(), key=lambda item: -item[1])[:MOST_WEIGHTS]
            total = sum(weight for _, weight in largest)
            if total <= 0.0:
                continue
            weights.clear()
            for group, weight in largest:
                weights[group] = weight / total
        weighted.to_mesh(mesh)
    weighted.free()


def hull(points: np.ndarray, scene: bpy.types.Scene) -> bpy.types.Mesh | None:
    """Return a closed convex mesh of at most 64 triangles around points, shape (n, 3).

    Returns None for points that lie in a plane.
    """
    mesh = convex_hull(points)
    target = float(HULL_FACES)
    while mesh is not None and triangles(mesh) > HULL_FACES and target > 4:
        fewer = reduced(mesh, int(target), scene, keep_normals=False)
        bpy.data.meshes.remove(mesh)
        mesh = convex_hull(mesh_arrays.positions(fewer).reshape(-1, 3))
        bpy.data.meshes.remove(fewer)
        target *= 0.85
    return mesh


def hulls(
    mesh_points: np.ndarray, faces: np.ndarray, scene: bpy.types.Scene, count: int = HULLS
) -> list[bpy.types.Mesh]:
    """Return at most so many hulls that follow a shape, one for each group of near triangles.

    `mesh_points` has shape (n, 3), `faces` the indices of its triangles, shape (m, 3).
    """
    centers = mesh_points[faces].mean(axis=1)
    groups = _grouped(centers, min(count, len(faces)))
    parts = [np.unique(faces[groups == group]) for group in np.unique(groups)]
    made = [hull(mesh_points[part], scene) for part in parts]
    return [mesh for mesh in made if mesh is not None]


def _grouped(points: np.ndarray, count: int) -> np.ndarray:
    """Return the number of the group of each point (k-means, which begins with far points)."""
    seeds = [points[0]]
    nearest = np.full(len(points), np.inf)
    while len(seeds) < count:
        nearest = np.minimum(nearest, ((points - seeds[-1]) ** 2).sum(axis=1))
        seeds.append(points[nearest.argmax()])
    middles = np.array(seeds)
    groups = np.zeros(len(points), int)
    for _ in range(20):
        distances = ((points[:, None, :] - middles[None]) ** 2).sum(axis=2)
        groups = distances.argmin(axis=1)
        for group in np.unique(groups):
            middles[group] = points[groups == group].mean(axis=0)
    return groups


def convex_hull(points: np.ndarray) -> bpy.types.Mesh | None:
    """Return the convex hull of points; None if it has no volume."""
    shape = bmesh.new()
    for point in np.unique(points, axis=0):
        shape.verts.new(point)
    if len(shape.verts) >= 4:
        bmesh.ops.convex_hull(shape, input=shape.verts[:], use_existing_faces=False)
        _remove_loose(shape)
        bmesh.ops.recalc_face_normals(shape, faces=shape.faces[:])
    mesh = None
    if len(shape.faces) >= 4 and abs(shape.calc_volume()) > 0.0:
        mesh = bpy.data.meshes.new("Mint")
        shape.to_mesh(mesh)
    shape.free()
    return mesh


def _remove_loose(mesh: Any) -> None:
    """Remove the vertices of a bmesh that have no face."""
    loose = [vertex for vertex in mesh.verts if not vertex.link_faces]
    bmesh.ops.delete(mesh, geom=loose, context="VERTS")
