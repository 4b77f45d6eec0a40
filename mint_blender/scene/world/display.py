# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a World's collider as wire or as a box, or solid with the panorama projected on it."""

from __future__ import annotations

from collections.abc import Collection

import bpy

from ...message import Message
from ..errors import SceneImportError
from . import collider, panorama
from .files import WorldOptions
from .world_objects import COLLIDER_DISPLAY, IMAGE, ensure_capture_point, parts_of


def update_collider(
    root: bpy.types.Object,
    scene: bpy.types.Scene,
    options: WorldOptions,
    without: Collection[bpy.types.Object] = (),
    colored: Collection[bpy.types.Object] = (),
) -> None:
    """Show the collider as the user chose, else depending on the other parts.

    Objects in `without` are ignored, since they will be removed. Those in `colored` have the
    colors of the panorama already.

    Raises:
        SceneImportError: A part is in Edit Mode; nothing has changed.
    """
    meshes = [
        each for each in parts_of(root, "collider") if each.type == "MESH" and each not in without
    ]
    image = root.get(IMAGE)
    how = options.collider if options.collider in collider.DISPLAY else root.get(COLLIDER_DISPLAY)
    if how not in collider.DISPLAY:
        how = _automatic(root)
    is_textured = how == "VISIBLE" and image is not None and bool(meshes)
    # checked before anything is changed: the user may have entered Edit Mode since the request
    if is_textured and any(each.data.is_editmode for each in meshes):
        raise SceneImportError(
            Message("A part of this World is in Edit Mode. Switch to Object Mode, then try again.")
        )
    if options.rigid_body or any(each.rigid_body is not None for each in without):
        collider.add_rigid_bodies(meshes, scene)
    collider.set_display(meshes, how)
    if is_textured:
        panorama.assign_material(
            meshes, panorama.projection(image, ensure_capture_point(root, scene), image.name)
        )
        update_vertex_colors(root, {*without, *colored})


def _automatic(root: bpy.types.Object) -> str:
    """Return how the collider is shown if the user has not chosen.

    Beside splats only its bounds: 150,000 black edges would cover them.
    """
    if parts_of(root, "splats"):
        return "BOUNDS"
    return "VISIBLE" if root.get(IMAGE) is not None else "PHYSICS"


def update_vertex_colors(
    root: bpy.types.Object, without: Collection[bpy.types.Object] = ()
) -> None:
    """Store the colors of the panorama on a visible collider, for Solid shading."""
    image, points = root.get(IMAGE), parts_of(root, "capture_point")
    for each in parts_of(root, "collider"):
        if (
            image is not None
            and points
            and each.type == "MESH"
            and not each.hide_render
            and each not in without
        ):
            panorama.store_vertex_colors(
                each.data,
                image,
                collider.matrix_in(points[0], root).inverted() @ collider.matrix_in(each, root),
            )
