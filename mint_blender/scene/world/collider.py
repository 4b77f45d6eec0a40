# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a World's collider, the triangle mesh of floors and walls, and set how it is used.

It is shown as wire or as a box, or solid with the panorama projected on it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from .. import mesh_arrays
from ..data_blocks import is_linked, is_override
from ..gltf.gltf_import import SceneImportError, import_glb
from ..model import cleanup
from . import panorama
from .files import WorldOptions
from .world_objects import COLLIDER_DISPLAY, IMAGE, ensure_capture_point, parts_of


def load(
    path: Path, name: str, collection: bpy.types.Collection, scene: bpy.types.Scene
) -> list[bpy.types.Object]:
    """Import the collider's objects, in meters whatever the scene's unit is.

    Objects without a parent belong below the root.

    Raises:
        SceneImportError: The file cannot be imported; nothing is left behind.
    """
    objects = cleanup.collapse_empties(import_glb(path, collection, scene=scene))
    meshes = [obj for obj in objects if obj.type == "MESH"]
    if not any(len(mesh.data.polygons) for mesh in meshes):
        bpy.data.batch_remove([*objects, *{mesh.data for mesh in meshes}])
        raise SceneImportError(
            "Cannot import the collider {name}: it contains no triangles. The "
            "file is kept; nothing was imported.",
            name=path.name,
        )
    unit = scene.unit_settings.scale_length
    for obj in objects:
        obj.name = name
        if obj.type == "MESH":
            obj.data.name = name
        # the importer has converted meters to scene units; the root does so for the whole World
        if obj.parent is None and unit != 1:
            obj.matrix_basis = Matrix.Scale(unit, 4) @ obj.matrix_basis
    return objects


def surface(
    meshes: Iterable[bpy.types.Object], root: bpy.types.Object
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return vertices (n, 3) and triangles (m, 3) of all meshes in the file's glTF axes.

    The root's transform is not applied.
    """
    points = []
    corners = []
    count = 0
    for obj in meshes:
        mesh = obj.data
        mesh.calc_loop_triangles()
        triangles = np.empty(len(mesh.loop_triangles) * 3, np.int32)
        mesh.loop_triangles.foreach_get("vertices", triangles)
        matrix = np.array(matrix_in(obj, root))
        vertices = mesh_arrays.positions(mesh).reshape(-1, 3)
        points.append(vertices @ matrix[:3, :3].T + matrix[:3, 3])
        corners.append(triangles.reshape(-1, 3).astype(np.int64) + count)
        count += len(mesh.vertices)
    x, y, z = np.concatenate(points).T
    return np.stack((x, z, -y), axis=1), np.concatenate(corners)


NEAR = 0.25
"""Radius around the capture point, as a share of the wider horizontal extent."""
MIN_VERTICAL = 0.9
"""Least vertical component of a unit normal: the face is within 26 degrees of horizontal."""
MIN_SHARE = 0.6
"""Share of the area on one side that makes the answer certain."""


def is_upside_down(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> bool | None:
    """Return whether a collider is upside down when imported as it is; None if unknown.

    The origin is the capture point at eye height, so most of the nearly horizontal area around it
    must lie below: floor, ground, tables. Source: API contract, section 13.11.

    Args:
        vertices: (n, 3) positions in the file's glTF axes; its Y becomes Blender's Z.
        triangles: (m, 3) vertex indices.
    """
    if not len(triangles):
        return None
    points = np.asarray(vertices, dtype=np.float64)
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    doubled = np.linalg.norm(normals, axis=1)
    centers = (a + b + c) / 3.0
    distances = np.hypot(centers[:, 0], centers[:, 2])
    used = points[np.unique(triangles)]
    reach = NEAR * float(max(np.ptp(used[:, 0]), np.ptp(used[:, 2])))
    counts = (
        (np.abs(normals[:, 1]) >= MIN_VERTICAL * doubled) & (doubled > 0.0) & (distances <= reach)
    )
    above = float(doubled[counts & (centers[:, 1] > 0.0)].sum())
    below = float(doubled[counts & (centers[:, 1] < 0.0)].sum())
    total = above + below
    if not (math.isfinite(total) and total > 0.0) or max(above, below) < MIN_SHARE * total:
        return None
    return above > below


def matrix_in(obj: bpy.types.Object, root: bpy.types.Object) -> Matrix:
    """Return an object's matrix in the space of the root, also before evaluation."""
    matrix = Matrix.Identity(4)
    current: bpy.types.Object | None = obj
    while current is not None and current != root:
        matrix = current.matrix_parent_inverse @ current.matrix_basis @ matrix
        current = current.parent
    return matrix


DISPLAY: dict[str, Literal["WIRE", "BOUNDS", "TEXTURED"]] = {
    "PHYSICS": "WIRE",
    "BOUNDS": "BOUNDS",
    "VISIBLE": "TEXTURED",
}
"""How an object is displayed, by the way a collider can be shown.

Physics, snapping and ray casts use the mesh in any case.
"""


def add_rigid_bodies(meshes: Iterable[bpy.types.Object], scene: bpy.types.Scene) -> None:
    """Make the meshes passive rigid bodies; add a rigid body world if there is none.

    Raises:
        SceneImportError: Nothing has changed.
    """
    bodies = scene.rigidbody_world.collection if scene.rigidbody_world is not None else None
    if bodies is not None and (is_linked(bodies) or is_override(bodies)):
        raise SceneImportError(
            "The collider cannot become a rigid body: the scene's rigid bodies are in the"
            " collection “{name}”, which comes from another file. Choose another one in"
            " Properties > Scene > Rigid Body World.",
            name=bodies.name,
        )
    layer = scene.view_layers[0]
    with bpy.context.temp_override(scene=scene, view_layer=layer):
        if scene.rigidbody_world is None:
            bpy.ops.rigidbody.world_add()
    if scene.rigidbody_world.collection is None:
        scene.rigidbody_world.collection = bpy.data.collections.new("RigidBodyWorld")
    for mesh in meshes:
        if mesh.rigid_body is None:
            # linking is enough to make it a rigid body; the operator would need a selection
            scene.rigidbody_world.collection.objects.link(mesh)
        mesh.rigid_body.type = "PASSIVE"
        mesh.rigid_body.collision_shape = "MESH"
        mesh.rigid_body.mesh_source = "BASE"


def update_collider(
    root: bpy.types.Object,
    scene: bpy.types.Scene,
    options: WorldOptions,
    without: Collection[bpy.types.Object] = (),
) -> None:
    """Show the collider as the user chose, else depending on the other parts.

    Objects in `without` are ignored, since they will be removed.

    Raises:
        SceneImportError: A part is in Edit Mode; nothing has changed.
    """
    meshes = [
        obj for obj in parts_of(root, "collider") if obj.type == "MESH" and obj not in without
    ]
    image = root.get(IMAGE)
    display = options.collider if options.collider in DISPLAY else root.get(COLLIDER_DISPLAY)
    if display not in DISPLAY and parts_of(root, "splats"):
        display = "BOUNDS"  # 150,000 black edges would cover them
    elif display not in DISPLAY:
        display = "VISIBLE" if image is not None else "PHYSICS"
    is_textured = display == "VISIBLE" and image is not None and bool(meshes)
    # checked before anything is changed: the user may have entered Edit Mode since the request
    if is_textured and any(mesh.data.is_editmode for mesh in meshes):
        raise SceneImportError(
            "A part of this World is in Edit Mode. Switch to Object Mode, then try again."
        )
    if options.rigid_body or any(obj.rigid_body is not None for obj in without):
        add_rigid_bodies(meshes, scene)
    for mesh in meshes:
        mesh.display_type = DISPLAY[display]
        mesh.hide_render = display != "VISIBLE"
    if is_textured:
        panorama.assign_material(
            meshes, panorama.projection(image, ensure_capture_point(root, scene), image.name)
        )
        update_uv_maps(root, without)


def update_uv_maps(root: bpy.types.Object, without: Collection[bpy.types.Object] = ()) -> None:
    """Store where a visible collider is in the panorama, for Solid shading."""
    points = parts_of(root, "capture_point")
    if root.get(IMAGE) is None or not points:
        return
    for obj in parts_of(root, "collider"):
        if obj.type == "MESH" and not obj.hide_render and obj not in without:
            place = matrix_in(points[0], root).inverted() @ matrix_in(obj, root)
            panorama.store_uv_map(obj.data, place)
