# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a World's panorama as the scene's background and projected onto the collider.

Orientation: in the space of the capture point (X right, Y forward, Z up; +Y is the direction in
which Mint's viewer and our camera look) the middle column of the picture is at +Y, and moving right
in the picture is turning right, towards +X:

    u = 0.5 + atan2(X, Y) / 2 pi         0 the left edge, 1 the right edge
    v = 0.5 + asin(Z / length) / pi      0 the bottom row, 1 the top row

Blender's environment texture has its middle at +X: u = 0.5 - atan2(y, x) / 2 pi. A rotation by -90
degrees about Z, (x, y) = (Y, -X), converts between them; `tests/scene/test_panorama.py` checks it
with renders.

Solid shading shows the same picture, if its Color is set to Texture, by a UV map of the collider.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...files import pictures as picture
from ...files.errors import InvalidPicture
from .. import mesh_arrays
from ..model.cleanup import plain_name
from ..node_trees import Builder, empty_tree, new_group

EARLIER_WORLD = "mint_earlier_world"
MARK = "mint_panorama"
UV_MAP = "mint_panorama"
SKY = "mint_sky"
"""Custom property of the picture: the mean color of its upper half, for a view's background."""
TURN = "Turn with the World"


def load(path: Path, name: str) -> bpy.types.Image:
    """Load the panorama and pack it into the .blend.

    Raises:
        InvalidPicture: The picture cannot be used; nothing is left behind.
    """
    picture.check_panorama(path)
    image = bpy.data.images.load(str(path))
    try:
        width, height = image.size  # reads the file
        if not width or not height:
            raise InvalidPicture(
                "Blender cannot read the panorama {name}. Download it again.", name=path.name
            )
        if abs(width - 2 * height) > 0.02 * height:
            raise picture.panorama_shape_error(path, width, height)
        image.pack()
    except BaseException:
        bpy.data.images.remove(image)
        raise
    image.name = name
    if not image.is_float:
        # a custom color configuration may not have this name
        with contextlib.suppress(TypeError):
            image.colorspace_settings.name = "sRGB"
    upper = mesh_arrays.scaled_pixels(image, 64, 32)[0][16:, :, :3]  # the bottom row is first
    image[SKY] = [float(channel) for channel in np.clip(upper.mean(axis=(0, 1)), 0.0, 1.0)]
    return image


def background(
    image: bpy.types.Image, capture_point: bpy.types.Object, name: str
) -> bpy.types.World:
    """Return a World that shows the panorama, rotated with the capture point by drivers."""
    world = bpy.data.worlds.new(name)
    world[MARK] = True
    tree = empty_tree(world)
    b = Builder(tree)
    # TEXTURE is the inverse rotation: from the scene's axes to those of the capture point
    direction = b.add("ShaderNodeTexCoord").outputs["Generated"]
    turn = b.add(
        "ShaderNodeMapping", {"Vector": direction}, name=TURN, label=TURN, vector_type="TEXTURE"
    )
    color = b.add("ShaderNodeGroup", node_tree=_lookup(image))
    tree.links.new(turn.outputs[0], color.inputs["Vector"])
    light = b.add("ShaderNodeBackground", {"Color": color.outputs["Color"]}).outputs[0]
    b.add("ShaderNodeOutputWorld", {"Surface": light})
    rotation = list(turn.inputs).index(turn.inputs["Rotation"])
    for axis, kind in enumerate(("ROT_X", "ROT_Y", "ROT_Z")):
        driver = tree.driver_add(f'nodes["{TURN}"].inputs[{rotation}].default_value', axis).driver
        # not an expression, which would need "Auto Run Python Scripts"
        driver.type = "AVERAGE"
        variable = driver.variables.new()
        variable.type = "TRANSFORMS"
        target = variable.targets[0]
        target.id = capture_point
        target.transform_type = kind
        target.transform_space = "WORLD_SPACE"
        target.rotation_mode = "XYZ"
    return world


def show_background(scene: bpy.types.Scene, world: bpy.types.World) -> None:
    """Make a World the scene's World; `restore_earlier_world` restores the earlier one.

    The scene remembers the earlier World, since several scenes may show the same panorama.
    """
    earlier = scene.world
    # of two panoramas in a row only the first replaces the user's own World
    if earlier is None or not earlier.get(MARK):
        _remember(scene, earlier)
    scene.world = world


def restore_earlier_world(scene: bpy.types.Scene) -> bool:
    """Restore the World from before the panorama; return False if none is shown."""
    world = scene.world
    if world is None or not world.get(MARK):
        return False
    scene.world = scene.get(EARLIER_WORLD)
    _remember(scene, None)
    return True


@contextlib.contextmanager
def restored_on_error(scene: bpy.types.Scene) -> Iterator[None]:
    """Restore the scene's World, and the earlier World that it remembers, after an error."""
    world = scene.world
    earlier = scene.get(EARLIER_WORLD)
    try:
        yield
    except BaseException:
        scene.world = world
        _remember(scene, earlier)
        raise


def _remember(scene: bpy.types.Scene, earlier: bpy.types.World | None) -> None:
    if earlier is None:
        scene.pop(EARLIER_WORLD, None)
    else:
        # a pointer, so Blender keeps the earlier World when the file is saved
        scene[EARLIER_WORLD] = earlier


def projection(
    image: bpy.types.Image, capture_point: bpy.types.Object, name: str
) -> bpy.types.Material:
    """Return a material that projects the panorama from the capture point onto a surface.

    It follows the capture point when that is moved, rotated or scaled.
    """
    for material in bpy.data.materials:
        nodes = material.node_tree.nodes if material.get(MARK) and material.node_tree else ()
        lookups = [node.node_tree for node in nodes if node.bl_idname == "ShaderNodeGroup"]
        if _lookup(image) in lookups and any(
            getattr(node, "object", None) == capture_point for node in nodes
        ):
            return material
    material = bpy.data.materials.new(plain_name(name))
    material[MARK] = True
    b = Builder(empty_tree(material))
    # not linked: Solid shading shows the texture of the active node
    b.tree.nodes.active = b.add("ShaderNodeTexImage", image=image)
    direction = b.add("ShaderNodeTexCoord", object=capture_point).outputs["Object"]
    color = b.add("ShaderNodeGroup", node_tree=_lookup(image))
    b.tree.links.new(direction, color.inputs["Vector"])
    light = b.add("ShaderNodeEmission", {"Color": color.outputs["Color"]}).outputs[0]
    b.add("ShaderNodeOutputMaterial", {"Surface": light})
    return material


def assign_material(objects: Iterable[bpy.types.Object], material: bpy.types.Material) -> None:
    """Assign this one material to the meshes; remove replaced materials without users."""
    replaced: set[bpy.types.Material] = set()
    for mesh in {obj.data for obj in objects if obj.type == "MESH"}:
        replaced.update(old for old in mesh.materials if old is not None and old != material)
        mesh.materials.clear()
        mesh.materials.append(material)
    for old in replaced:
        if old.users == 0:
            bpy.data.materials.remove(old)


def store_uv_map(mesh: Any, place: Matrix) -> None:
    """Store where each corner of a mesh is in the panorama, for Solid shading (Color: Texture).

    `place` is the mesh's matrix in the space of the capture point.
    """
    matrix = np.array(place)
    points = mesh_arrays.positions(mesh).reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    x, y, z = points[mesh_arrays.corner_vertices(mesh)].T
    across = 0.5 + np.arctan2(x, y) / (2 * math.pi)
    up = 0.5 + np.arctan2(z, np.hypot(x, y)) / math.pi
    starts = mesh_arrays.read(mesh.polygons, "loop_start", len(mesh.polygons), np.int32)
    if len(starts):
        # a face across the left edge of the picture goes on beyond the right one, where it repeats
        sizes = np.diff(starts, append=len(across))
        widest = np.repeat(np.maximum.reduceat(across, starts), sizes)
        across = np.where(widest - across > 0.5, across + 1.0, across)
    layer = mesh.uv_layers.get(UV_MAP) or mesh.uv_layers.new(name=UV_MAP, do_init=False)
    layer.uv.foreach_set("vector", np.stack((across, up), axis=1).astype(np.float32).ravel())
    layer.active = layer.active_render = True
    mesh.update()


def remove_panorama(objects: Iterable[bpy.types.Object]) -> None:
    """Remove the panorama's material and UV map from these meshes."""
    for mesh in {obj.data for obj in objects if obj.type == "MESH"}:
        panorama_materials = [
            material for material in mesh.materials if material is not None and material.get(MARK)
        ]
        if panorama_materials:
            mesh.materials.clear()
        for material in panorama_materials:
            if material.users == 0:
                bpy.data.materials.remove(material)
        if (layer := mesh.uv_layers.get(UV_MAP)) is not None:
            mesh.uv_layers.remove(layer)


def _lookup(image: bpy.types.Image) -> bpy.types.NodeTree:
    """Return the node group that maps a direction to a color; one per image, shared."""
    for group in bpy.data.node_groups:
        if group.get(MARK) and any(getattr(node, "image", None) == image for node in group.nodes):
            return group
    name = plain_name(image.name)
    group = new_group(name, "ShaderNodeTree", {"Vector": "Vector"}, {"Color": "Color"})
    # a flag and not a pointer to the image: Blender copies node groups for its renderers, and the
    # copies must not refer to data-blocks in custom properties
    group[MARK] = True
    b = Builder(group)
    direction = b.add("NodeGroupInput").outputs["Vector"]
    middle = b.add(
        "ShaderNodeMapping",
        {"Vector": direction, "Rotation": (0, 0, -math.pi / 2)},
        label="Middle of the picture at +Y",
    ).outputs[0]
    color = b.add("ShaderNodeTexEnvironment", {"Vector": middle}, image=image).outputs["Color"]
    b.add("NodeGroupOutput", {"Color": color})
    return group
