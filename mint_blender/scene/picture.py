# SPDX-License-Identifier: GPL-3.0-or-later
"""Put ground, light and a framed camera around a model, so that a render shows it well."""

from __future__ import annotations

import math
from collections.abc import Iterable

import bpy
from mathutils import Vector

from . import tags
from .bounds import bounds_as_shown, evaluated_depsgraph
from .node_trees import tree_of
from .transaction import remove

MARK = tags.PREFIX + "picture"
"""The custom property of the collection that has ground, lights and camera, and of its World."""
NAME = "Mint Picture"
FIELD_OF_VIEW = math.radians(28)
FRONT_VIEW = Vector((0.62, -1.0, 0.42)).normalized()
"""Direction from a model to the camera: in front of it (-Y), to its left, slightly above."""
MARGIN = 1.12
"""Distance of the camera, relative to the one at which the model just fits."""


def add(scene: bpy.types.Scene, objects: Iterable[bpy.types.Object]) -> bpy.types.Collection:
    """Set up a scene for a picture of these objects; an earlier picture of it goes.

    The camera becomes that of the scene, and the background its World. Everything else is in the
    returned collection.
    """
    for earlier in [each for each in scene.collection.children if each.get(MARK)]:
        data = [obj.data for obj in earlier.objects if obj.data is not None]
        remove([*earlier.objects, *data, earlier])
    collection = bpy.data.collections.new(NAME)
    collection[MARK] = True
    scene.collection.children.link(collection)
    stage(scene, collection, objects, scene.render.resolution_x / scene.render.resolution_y)
    return collection


def stage(
    scene: bpy.types.Scene,
    collection: bpy.types.Collection,
    objects: Iterable[bpy.types.Object],
    aspect: float,
) -> None:
    """Set up a scene, with ground, lights and camera in `collection`.

    `aspect` is the width of the picture divided by its height.
    """
    corners = _corners(list(objects))
    low = corners[0]
    high = corners[-1]
    center = (low + high) / 2
    size = max((high - low).length, 1e-6)
    scene.camera = _camera(collection, corners, size, aspect)
    key = center + size * Vector((-1.3, -1.1, 1.9))
    rim = center + size * Vector((1.3, 1.2, 1.3))
    _light(collection, "Key", key, center, size * 0.8, 58 * size**2)
    _light(collection, "Rim", rim, center, size * 1.0, 34 * size**2)
    _ground(collection, Vector((center.x, center.y, low.z)), size)
    _show_backdrop(scene)
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"


def _show_backdrop(scene: bpy.types.Scene) -> None:
    """Show an even, pale background; the World that the scene had is kept in the file."""
    if scene.world is not None:
        if scene.world.get(MARK):
            return
        scene.world.use_fake_user = True
    scene.world = backdrop()
    scene.world[MARK] = True


def backdrop() -> bpy.types.World:
    """Return a World of even, pale light."""
    world = bpy.data.worlds.new(NAME)
    background = next(node for node in tree_of(world).nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.86, 0.9, 0.95, 1)
    background.inputs["Strength"].default_value = 0.42
    return world


def _corners(objects: list[bpy.types.Object]) -> list[Vector]:
    """Return the eight corners of the bounding box of all meshes, or of a unit box."""
    with evaluated_depsgraph(objects) as depsgraph:
        bounds = bounds_as_shown(objects, depsgraph)
    (left, front, bottom), (right, back, top) = bounds or ((-0.5, -0.5, 0.0), (0.5, 0.5, 1.0))
    return [Vector((x, y, z)) for x in (left, right) for y in (front, back) for z in (bottom, top)]


def _camera(
    collection: bpy.types.Collection, corners: list[Vector], size: float, aspect: float
) -> bpy.types.Object:
    """Return a camera as near as all corners fit into its view."""
    center = (corners[0] + corners[-1]) / 2
    data = bpy.data.cameras.new(f"{NAME} Camera")
    data.sensor_fit = "HORIZONTAL"
    data.angle = FIELD_OF_VIEW
    turn = (-FRONT_VIEW).to_track_quat("-Z", "Y")
    across = turn @ Vector((1, 0, 0))
    up = turn @ Vector((0, 1, 0))
    half = math.tan(FIELD_OF_VIEW / 2)
    distance = 0.0
    for corner in corners:
        offset = corner - center
        reach = max(abs(offset.dot(across)), abs(offset.dot(up)) * aspect) / half
        distance = max(distance, offset.dot(FRONT_VIEW) + MARGIN * reach)
    camera = bpy.data.objects.new(data.name, data)
    camera.location = center + FRONT_VIEW * distance
    camera.rotation_euler = turn.to_euler()
    data.clip_start = distance / 100
    data.clip_end = distance * 100 + size
    collection.objects.link(camera)
    return camera


def _light(
    collection: bpy.types.Collection,
    name: str,
    at: Vector,
    target: Vector,
    size: float,
    watts: float,
) -> None:
    data = bpy.data.lights.new(f"{NAME} {name}", "AREA")
    data.size = size
    data.energy = watts
    data.use_shadow_jitter = True  # soft shadows in EEVEE, too
    light = bpy.data.objects.new(data.name, data)
    light.location = at
    light.rotation_euler = (target - at).to_track_quat("-Z", "Y").to_euler()
    collection.objects.link(light)


def _ground(collection: bpy.types.Collection, at: Vector, size: float) -> None:
    half = size * 60
    mesh = bpy.data.meshes.new(f"{NAME} Ground")
    mesh.from_pydata(
        [(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], [], [(0, 1, 2, 3)]
    )
    material = bpy.data.materials.new(mesh.name)
    shader = next(node for node in tree_of(material).nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (0.72, 0.74, 0.76, 1)
    shader.inputs["Roughness"].default_value = 0.9
    mesh.materials.append(material)
    ground = bpy.data.objects.new(mesh.name, mesh)
    ground.location = at - Vector((0, 0, size * 1e-4))
    ground.hide_select = True  # a click beside the model is meant for nothing
    collection.objects.link(ground)
