# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's start-up scene as it comes: a first result takes the place of its cube."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from mathutils import Matrix, Vector

from . import picture, tags
from .data_blocks import hide
from .world import world_objects

if TYPE_CHECKING:
    from .place import PlacedResult

CAMERA = Vector((7.3589, -6.9258, 4.9583))
"""Where the camera of the start-up scene is."""
_NEAR = 1e-3
_AHEAD = 3.0
"""How far one looks ahead in a World, in heights of the eye: there the floor is in view."""
_BEFORE_WALL = 0.8
"""Share of the way to what one sees there: it may be a wall."""
HIDDEN = tags.PREFIX + "hidden"
"""Custom property of a result's root: the name of the cube that was hidden for it."""


def cube(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the cube of a start-up scene that nobody has changed or saved; None in any other."""
    objects = scene.objects
    if bpy.data.filepath or {*objects.keys()} != {"Camera", "Cube", "Light"}:
        return None
    found = objects["Cube"]
    mesh = found.data
    is_untouched = (
        isinstance(mesh, bpy.types.Mesh)
        and len(mesh.vertices) == 8
        and all(abs(abs(value) - 1.0) < _NEAR for vertex in mesh.vertices for value in vertex.co)
        and not found.modifiers
        and found.mode == "OBJECT"
        and found.matrix_world == Matrix()
        and not found.hide_render
        and (objects["Camera"].location - CAMERA).length < _NEAR
    )
    return found if is_untouched and found.visible_get() else None


def show_first(scene: bpy.types.Scene, placed: PlacedResult, hidden: bpy.types.Object) -> None:
    """Let a render show the first result; it becomes active if the hidden cube was.

    A World is seen through its camera, a model in a picture of its own. What is generated next
    arrives at the 3D cursor, so in a World that is put where its camera looks.
    """
    placed.root[HIDDEN] = hidden.name
    if world_objects.is_root(placed.root):
        scene.camera = next(iter(world_objects.parts_of(placed.root, "camera")), scene.camera)
        scene.cursor.location = _before_capture_point(placed.root, scene)
        # the panorama is a finished picture, which needs no tone mapping
        scene.view_settings.view_transform = "Standard"
    else:
        picture.add(scene, placed.objects)
    for layer in scene.view_layers:
        if layer.objects.active == hidden:
            layer.objects.active = placed.root
            placed.root.select_set(True, view_layer=layer)


def _before_capture_point(root: bpy.types.Object, scene: bpy.types.Scene) -> Vector:
    """Return the point on the floor of a World that one sees from its capture point."""
    from .after import surfaces  # not at the first use of the add-on: it takes a while

    scene.view_layers[0].update()
    capture_point = world_objects.upright(root)
    eye = capture_point.translation
    height = world_objects.eye_height(root)
    ahead = capture_point.to_3x3().col[1].xy.to_3d().normalized() * _AHEAD * height
    surface = surfaces.collider_surface(surfaces.colliders(root))
    sight = ahead - Vector((0.0, 0.0, height))
    seen = surface.tree().ray_cast(eye, sight, sight.length)[3] if surface is not None else None
    share = 1.0 if seen is None else seen / sight.length
    point = eye + ahead * share * _BEFORE_WALL
    return Vector((point.x, point.y, root.matrix_world.translation.z))


def is_cube_hidden(scene: bpy.types.Scene) -> bool:
    """Return whether the cube is hidden for a result that is in the scene."""
    cubes = {str(root[HIDDEN]) for root in _hidden_for(scene)}
    return any(obj.name in cubes and obj.hide_render for obj in scene.objects)


def show_cube(scene: bpy.types.Scene) -> None:
    """Show the cube again that was hidden for a result."""
    for root in _hidden_for(scene):
        hidden = scene.objects.get(root.pop(HIDDEN))
        hide([hidden] if hidden is not None else (), is_hidden=False)


def _hidden_for(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Return the roots of the results that the cube was hidden for."""
    return [obj for obj in scene.objects if HIDDEN in obj.keys()]
