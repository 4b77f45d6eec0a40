# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that use Blender: meshes, materials, pictures and renders.

It supports bpy 4.2 to 5.2.
"""
# mypy: disable-error-code="arg-type, attr-defined, union-attr"

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

Color = Sequence[float]


def empty() -> None:
    """Start with an empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


def linear(color: Color) -> tuple[float, float, float, float]:
    """Return the linear values of an sRGB color, as Blender's sockets expect them."""
    low = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return low[0], low[1], low[2], 1.0


def picture(name: str, pixels: np.ndarray, data: bool = False) -> Any:
    """Return an image from an array (height, width, 3), lowest row first, values as stored."""
    height, width, _ = pixels.shape
    image = bpy.data.images.new(name, width, height)
    if data:
        image.colorspace_settings.name = "Non-Color"
    full = np.ones((height, width, 4), np.float32)
    full[..., :3] = np.clip(pixels, 0, 1)
    image.pixels.foreach_set(full.ravel())
    image.update()
    image.pack()
    return image


def material(
    name: str,
    color: Color,
    *,
    rough: float = 0.6,
    metal: float = 0.0,
    textures: tuple[Any, Any] | None = None,
) -> Any:
    """Return a Principled material.

    `textures` are base color and (occlusion, roughness, metal) as glTF packs them.
    """
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    tree = made.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = linear(color)
    shader.inputs["Roughness"].default_value = rough
    shader.inputs["Metallic"].default_value = metal
    if textures is not None:
        base, packed = (tree.nodes.new("ShaderNodeTexImage") for _ in range(2))
        base.image, packed.image = textures
        split = tree.nodes.new("ShaderNodeSeparateColor")
        tree.links.new(base.outputs["Color"], shader.inputs["Base Color"])
        tree.links.new(packed.outputs["Color"], split.inputs["Color"])
        tree.links.new(split.outputs["Green"], shader.inputs["Roughness"])
        tree.links.new(split.outputs["Blue"], shader.inputs["Metallic"])
    return made


def lit(name: str, pixels: np.ndarray) -> Any:
    """Return a material with a repeated texture that also shows the light in the attribute `glow`.

    Only the camera sees that light, so that very few samples are enough.
    """
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    tree = made.node_tree
    tree.nodes.clear()
    base, attribute, product, path, diffuse, emission, both, output = (
        tree.nodes.new(f"ShaderNode{kind}")
        for kind in (
            "TexImage", "Attribute", "VectorMath", "LightPath", "BsdfDiffuse", "Emission",
            "AddShader", "OutputMaterial",
        )
    )  # fmt: skip
    base.image = picture(name, pixels)
    attribute.attribute_name = "glow"
    product.operation = "MULTIPLY"
    for source, target in (
        (base.outputs["Color"], diffuse.inputs["Color"]),
        (base.outputs["Color"], product.inputs[0]),
        (attribute.outputs["Color"], product.inputs[1]),
        (product.outputs[0], emission.inputs["Color"]),
        (path.outputs["Is Camera Ray"], emission.inputs["Strength"]),
        (diffuse.outputs[0], both.inputs[0]),
        (emission.outputs[0], both.inputs[1]),
        (both.outputs[0], output.inputs["Surface"]),
    ):
        tree.links.new(source, target)
    made.cycles.emission_sampling = "NONE"
    return made


def normals_of(made: Any) -> np.ndarray:
    """Return the normals of an object's vertices (n, 3)."""
    found = np.empty(len(made.data.vertices) * 3, np.float32)
    made.data.vertices.foreach_get("normal", found)
    return found.reshape(-1, 3).astype(np.float64)


def set_glow(made: Any, light: np.ndarray) -> None:
    """Store the light (n, 3) that the vertices of an object receive, for materials of `lit`."""
    full = np.ones((len(light), 4), np.float32)
    full[:, :3] = light
    made.data.attributes.new("glow", "FLOAT_COLOR", "POINT").data.foreach_set("color", full.ravel())


def project(made: Any, points: np.ndarray, triangles: np.ndarray) -> None:
    """Create texture coordinates: one unit is one repetition, seen along each triangle's normal."""
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    axis = np.abs(across).argmax(axis=1)
    chosen = np.array([(1, 2), (0, 2), (0, 1)])[axis]
    spots = np.take_along_axis(corners, np.repeat(chosen[:, None], 3, axis=1), axis=2)
    layer = made.data.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", spots.astype(np.float32).ravel())


def mesh_object(
    name: str, points: np.ndarray, faces: Iterable[Sequence[int]], smooth: np.ndarray | bool = False
) -> Any:
    """Add an object with a mesh to the scene."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), [], [tuple(map(int, face)) for face in faces])
    mesh.polygons.foreach_set(
        "use_smooth", np.broadcast_to(smooth, (len(mesh.polygons),)).astype(bool)
    )
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    return made


def light(sun: float, sky: Color, strength: float) -> None:
    """Add a sun from the upper left front, and a uniform sky."""
    _add_sun(sun, (1, 1, 1), 0.15, (0.75, 0.15, -0.6))
    back = _add_sky()
    back.inputs["Color"].default_value = linear(sky)
    back.inputs["Strength"].default_value = strength


def sunset(along: np.ndarray, color: Color, strength: float, sky: np.ndarray) -> None:
    """Add a sun with sharp shadows whose light goes along a direction, and a sky that is only seen.

    `sky` is a panorama with +Y in its center.
    """
    _add_sun(strength, color, 0.0, Vector(along).to_track_quat("-Z", "Y").to_euler())
    back = _add_sky()
    tree = bpy.context.scene.world.node_tree
    where, turned, image = (
        tree.nodes.new(f"ShaderNode{kind}") for kind in ("TexCoord", "Mapping", "TexEnvironment")
    )
    image.image = picture("sky", sky)
    turned.inputs["Rotation"].default_value[2] = -np.pi / 2  # the center of such an image is at +X
    tree.links.new(where.outputs["Generated"], turned.inputs["Vector"])
    tree.links.new(turned.outputs["Vector"], image.inputs["Vector"])
    tree.links.new(image.outputs["Color"], back.inputs["Color"])
    world = bpy.context.scene.world
    world.cycles_visibility.diffuse = world.cycles_visibility.glossy = False
    world.cycles.sampling_method = "NONE"


def _add_sun(strength: float, color: Color, angle: float, rotation: Sequence[float]) -> None:
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.color, lamp.angle = strength, color, angle
    holder = bpy.data.objects.new("sun", lamp)
    holder.rotation_euler = rotation
    bpy.context.scene.collection.objects.link(holder)


def _add_sky() -> Any:
    """Give the scene a world; return its background."""
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    bpy.context.scene.world = world
    return next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")


def camera(
    at: Sequence[float], to: Sequence[float], degrees: float = 40.0, panorama: bool = False
) -> None:
    """Add the scene's camera; a panoramic one looks in all directions, its center at `to`."""
    data = bpy.data.cameras.new("camera")
    data.angle = np.radians(degrees)
    data.clip_start = 0.01
    if panorama:
        data.type = "PANO"
        holder: Any = data if hasattr(data, "panorama_type") else data.cycles
        holder.panorama_type = "EQUIRECTANGULAR"
    made = bpy.data.objects.new("camera", data)
    made.location = at
    made.rotation_euler = (Vector(to) - Vector(at)).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(made)
    bpy.context.scene.camera = made


def render(path: Path, width: int, height: int, samples: int, *, denoise: bool = True) -> None:
    """Render the scene with Cycles on the CPU into a WebP or PNG file.

    The view transform is Standard.
    """
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.seed = 1
    scene.cycles.max_bounces = 3 if denoise else 0
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_denoising = denoise
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = (
        width,
        height,
        100,
    )
    settings = scene.render.image_settings
    settings.file_format = "WEBP" if path.suffix == ".webp" else "PNG"
    settings.color_mode = "RGB"
    settings.quality = 88
    scene.render.filepath = str(path)
    scene.render.use_file_extension = False
    bpy.ops.render.render(write_still=True)


def pixels_of(path: Path) -> np.ndarray:
    """Return a picture's values as stored, (height, width, 3), lowest row first."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    flat = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(flat)
    width, height = image.size
    return flat.reshape(height, width, -1)[..., :3]


def as_webp(content: bytes, folder: Path) -> bytes:
    """Return a picture file of another format as WebP, with the same values."""
    source, target = folder / "texture.in", folder / "texture.webp"
    source.write_bytes(content)
    values = pixels_of(source)
    # a new image, because an image that was loaded from a file is always saved in that file's
    # format
    image = bpy.data.images.new("texture", values.shape[1], values.shape[0])
    full = np.ones((*values.shape[:2], 4), np.float32)
    full[..., :3] = values
    image.pixels.foreach_set(full.ravel())
    image.file_format = "WEBP"
    image.filepath_raw = str(target)
    image.save(quality=90)
    made = target.read_bytes()
    source.unlink()
    target.unlink()
    return made
