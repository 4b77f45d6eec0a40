# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit a World in the scene: flip it, and choose how collider and panorama are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import bpy
from mathutils import Matrix

from ..data_blocks import current_scene, hide
from . import calibration, panorama
from .collider import update_collider, update_uv_maps
from .files import Part, WorldOptions
from .world_objects import (
    COLLIDER_DISPLAY,
    COLLIDER_TURNED,
    FLIPPED,
    WORLD,
    collection_of,
    ensure_capture_point,
    parts_of,
    set_properties,
)


def flip(root: bpy.types.Object) -> None:
    """Flip the files of a World that is upside down.

    Capture point, camera and panorama stay upright.
    """
    holder = calibration.of(root)
    root[FLIPPED] = flipped = not root.get(FLIPPED, False)
    before = calibration.upright_rotation(not flipped)
    after = calibration.upright_rotation(flipped)
    rotation = before.to_matrix().inverted() @ after.to_matrix()
    is_unchanged = (
        holder.rotation_mode == "XYZ"
        and max(abs(holder.rotation_euler[axis] - before[axis]) for axis in range(3)) < 1e-5
    )
    holder.matrix_basis = holder.matrix_basis @ rotation.to_4x4()
    if is_unchanged:
        holder.rotation_euler = after  # the same rotation without rounding
    for point in parts_of(root, "capture_point"):
        point.matrix_basis = rotation.inverted().to_4x4() @ point.matrix_basis
    update_uv_maps(root)


def flip_collider(root: bpy.types.Object) -> None:
    """Flip only the collider, about X."""
    root[COLLIDER_TURNED] = not root.get(COLLIDER_TURNED, False)
    holder = calibration.of(root)
    for obj in parts_of(root, "collider"):
        if obj.parent == holder:
            obj.matrix_basis = Matrix.Rotation(math.pi, 4, "X") @ obj.matrix_basis
    update_uv_maps(root)


def show_collider(
    root: bpy.types.Object,
    how: Literal["AUTO", "PHYSICS", "VISIBLE", "BOUNDS"] = "AUTO",
    *,
    scene: bpy.types.Scene | None = None,
) -> None:
    """Choose how the collider is shown; AUTO depends on the other parts."""
    set_properties(root, {COLLIDER_DISPLAY: None if how == "AUTO" else how})
    update_collider(root, scene or current_scene(), WorldOptions())


def show_panorama(root: bpy.types.Object, scene: bpy.types.Scene | None = None) -> bool:
    """Make the panorama the scene's World again; return False if there is none."""
    world = root.get(WORLD)
    if world is None:
        return False
    panorama.show_background(scene or current_scene(), world)
    return True


def render_from(root: bpy.types.Object, scene: bpy.types.Scene, place: Matrix, lens: float) -> None:
    """Make the World's camera that of the scene, and move it to a place: its world matrix, 4×4."""
    point = ensure_capture_point(root, scene)
    unit = scene.unit_settings.scale_length
    camera = next(iter(parts_of(root, "camera")), None) or calibration.add_camera(
        point, root.name, collection_of(root, scene), unit
    )
    data = camera.data
    assert isinstance(data, bpy.types.Camera)
    data.lens = lens
    camera.matrix_world = place
    scene.camera = camera


def shows_panorama(scene: bpy.types.Scene, root: bpy.types.Object | None = None) -> bool:
    """Return whether the scene's World is a panorama: of this root, or of any."""
    shown = scene.world
    return shown is not None and (
        bool(shown.get(panorama.MARK)) if root is None else shown == root.get(WORLD)
    )


def shows(
    objects: Iterable[bpy.types.Object], part: Part, scene: bpy.types.Scene, root: bpy.types.Object
) -> bool:
    """Return whether a part can be seen: `objects` are those of it, none for the panorama."""
    if part == "PANORAMA":
        return shows_panorama(scene, root)
    if part == "COLLIDER":
        return any(obj.display_type == "TEXTURED" for obj in objects if obj.type == "MESH")
    return not all(obj.hide_render for obj in objects)


def toggle(root: bpy.types.Object, part: Part, scene: bpy.types.Scene) -> None:
    """Show a part of a World, or hide it.

    A hidden collider is a box, and without the panorama the scene has its earlier World.
    """
    objects = parts_of(root, part.lower())
    is_shown = shows(objects, part, scene, root)
    if part == "COLLIDER":
        show_collider(root, "BOUNDS" if is_shown else "VISIBLE", scene=scene)
    elif part == "SPLATS":
        hide(objects, is_hidden=is_shown)
    elif is_shown:
        panorama.restore_earlier_world(scene)
    else:
        show_panorama(root, scene)
