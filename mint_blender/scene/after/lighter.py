# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a model lighter: fewer faces, and textures with the shape and the colors of the full one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bmesh
import bpy
from mathutils import Matrix

from ...files.export_options import ExportRefused
from ...message import Message
from .. import cycles, prepared, tags
from ..bounds import box
from ..node_trees import tree_of
from ..staging_scene import staging_scene
from ..transaction import temporary_data
from . import mesh_tools, versions
from .borrowed_names import BorrowedNames
from .copies import copy_model

LEAST_FACES = 10_000
"""Below, baked maps leave blemishes that are worse than the faces."""


def problem_of(objects: Iterable[bpy.types.Object], faces: int) -> Message | None:
    """Return why a model of these objects and faces cannot be made lighter, or None."""
    if len(_rigs(objects)) > 1:
        return Message("This works for models with one armature.")
    if faces < LEAST_FACES:
        return Message("This model is already light: {count:,} faces.", count=faces)
    return None


def _rigs(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    return [obj for obj in objects if obj.type == "ARMATURE"]


def save_lighter(root: bpy.types.Object, faces: int, size: int, path: Path) -> None:
    """Save a lighter copy of a model to a .blend, which `take_its_place` adds; nothing changes.

    For a Blender without a window: it would show the work.

    Args:
        root: The object above all parts of the model.
        faces: How many triangles it gets.
        size: Pixels of a side of both textures.
        path: The .blend.

    Raises:
        ExportRefused: The model cannot be made lighter.
        OSError: The file cannot be written.
        RuntimeError: Blender cannot bake the textures.
    """
    objects = tags.hierarchy(root)
    meshes: list[Any] = [obj.data for obj in objects if obj.type == "MESH"]
    if (refused := problem_of(objects, sum(map(mesh_tools.triangles, meshes)))) is not None:
        raise ExportRefused(refused)
    title = root.name
    rigs = _rigs(objects)
    with BorrowedNames() as names, temporary_data(), staging_scene() as scene:
        made = copy_model(root, "Mint", scene, names, most_clips=0)
        bones: list[str] = []
        light: Any = bpy.data.objects.new("Mint", _reduced(made.meshes, bones, faces, scene))
        for bone in bones:
            light.vertex_groups.new(name=bone)
        collection = bpy.data.collections.new("Mint")
        for owner in (scene.collection, collection):
            owner.objects.link(light)
        _show_in_window(scene, light)
        _unwrap(light)
        textures = _bake_textures(light, made.meshes, size, scene)
        for block in (light, light.data, light.data.materials[0]):
            names.give(block, title)
        for kind, image in textures.items():
            names.give(image, f"{title} {kind}")
        if rigs:
            place = Matrix.Translation(made.origin)
            light.data.transform(rigs[0].matrix_world.inverted_safe() @ place)
        else:
            light.location = made.origin
        prepared.save(light, collection, path)


def take_its_place(path: Path, root: bpy.types.Object) -> bpy.types.Object:
    """Add what `save_lighter` has saved in the place of the full model, which is hidden.

    Returns its root. A character has bones and clips of its own.

    Raises:
        SceneImportError: The file cannot be read.
    """
    collection = tags.result_collection(root) or root.users_collection[0]
    light: Any = prepared.append(path, collection).root
    light.name = f"{root.name} Light"
    light_root = light
    if rigs := _rigs(tags.hierarchy(root)):
        copies = versions.copied(root, {}, " Light")
        light_root = copies[root]
        light.parent = copies[rigs[0]]
        versions.bind(light, copies[rigs[0]])
    versions.add(versions.full_of(root), light_root, "Light")
    versions.show(light_root)
    return light_root


def _show_in_window(scene: bpy.types.Scene, active: bpy.types.Object) -> None:
    """Let operators work on a scene; a Blender without a window has one nevertheless."""
    for window in bpy.context.window_manager.windows:
        window.scene = scene
    scene.view_layers[0].objects.active = active


def _reduced(
    objects: Iterable[Any], bones: list[str], faces: int, scene: bpy.types.Scene
) -> bpy.types.Mesh:
    """Return one smooth mesh of so many triangles, without UVs, of all parts.

    `bones` gets the names of its vertex groups.
    """
    whole = bmesh.new()
    for obj in objects:
        first = len(whole.verts)
        whole.from_mesh(obj.data)
        names = [group.name for group in obj.vertex_groups]
        bones.extend(name for name in names if name not in bones)
        weights = whole.verts.layers.deform.active
        for vertex in list(whole.verts)[first:] if names and weights is not None else ():
            groups: Any = vertex[weights]
            own = groups.items()
            groups.clear()
            for group, weight in own:
                groups[bones.index(names[group])] = weight
    mesh = bpy.data.meshes.new("Mint")
    whole.to_mesh(mesh)
    whole.free()
    mesh_tools.weld(mesh)
    light = mesh_tools.reduced(mesh, faces, scene, keep_normals=False)
    attributes: Any = light.attributes
    for name in {"custom_normal", "sharp_face", "sharp_edge"} & set(attributes.keys()):
        attributes.remove(attributes[name])
    for uvs in list(light.uv_layers):
        light.uv_layers.remove(uvs)
    light.materials.clear()
    light.polygons.foreach_set("material_index", [0] * len(light.polygons))
    return light


def _unwrap(obj: Any) -> None:
    """Give the active object of the shown scene UVs that do not overlap."""
    obj.data.uv_layers.new(name="UVMap")
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        bpy.ops.mesh.select_all(action="SELECT")
        bpy.ops.uv.smart_project(angle_limit=math.radians(66), island_margin=0.002)
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")


# -- Textures


def _bake_textures(
    light: Any, full: list[Any], size: int, scene: bpy.types.Scene
) -> dict[str, Any]:
    """Give a light model a material with the colors and normals of the full parts; return both."""
    material = bpy.data.materials.new(light.name)
    tree = tree_of(material)
    light.data.materials.append(material)
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    _take_over(shader, full)
    cycles.choose(scene)
    settings: Any = scene.cycles
    settings.device = "CPU"
    settings.samples = 1
    settings.use_denoising = False
    normals = _baked("NORMAL", light, full, size, scene)
    for obj in full:
        _show_base_color(obj)
    colors = _baked("EMIT", light, full, size, scene)
    tree.links.new(colors.outputs["Color"], shader.inputs["Base Color"])
    bump = tree.nodes.new("ShaderNodeNormalMap")
    tree.links.new(normals.outputs["Color"], bump.inputs["Color"])
    tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    return {"Color": colors.image, "Normal": normals.image}


def _baked(kind: Any, light: Any, full: list[Any], size: int, scene: bpy.types.Scene) -> Any:
    """Return a new node with a texture that was baked from the full parts."""
    is_data = kind == "NORMAL"
    image = bpy.data.images.new("Mint", size, size, is_data=is_data)
    nodes = tree_of(light.data.materials[0]).nodes
    node: Any = nodes.new("ShaderNodeTexImage")
    node.image = image
    nodes.active = node
    layer = scene.view_layers[0]
    for obj in (light, *full):
        obj.select_set(True, view_layer=layer)
    layer.objects.active = light
    low, high = box([light]) or ((0, 0, 0), (1, 1, 1))
    diagonal = math.dist(low, high)
    bpy.ops.object.bake(
        type=kind,
        use_selected_to_active=True,
        use_cage=False,
        cage_extrusion=diagonal * 0.01,
        max_ray_distance=diagonal * 0.03,
        margin=max(4, size // 64),
        margin_type="EXTEND",
        use_clear=True,
        save_mode="INTERNAL",
        target="IMAGE_TEXTURES",
    )
    image.pack()
    return node


def _take_over(shader: Any, full: list[Any]) -> None:
    """Set what is the same everywhere on the full model: how rough and how metallic it is."""
    materials = (slot for obj in full for slot in obj.data.materials if slot is not None)
    original = next(filter(None, map(_principled, materials)), None)
    shader.inputs["Roughness"].default_value = 0.6
    for name in ("Roughness", "Metallic"):
        if original is not None and not original.inputs[name].is_linked:
            shader.inputs[name].default_value = original.inputs[name].default_value


def _show_base_color(obj: Any) -> None:
    """Give a part copies of its materials that emit the base color: metal has no other one."""
    for index, material in enumerate(obj.data.materials):
        shader = _principled(material) if material is not None else None
        if material is None or shader is None:
            continue
        copy = obj.data.materials[index] = material.copy()
        tree = copy.node_tree
        color = tree.nodes[shader.name].inputs["Base Color"]
        emission = tree.nodes.new("ShaderNodeEmission")
        if color.links:
            tree.links.new(color.links[0].from_socket, emission.inputs["Color"])
        else:
            emission.inputs["Color"].default_value = color.default_value
        output = next(
            node for node in tree.nodes if node.type == "OUTPUT_MATERIAL" and node.is_active_output
        )
        tree.links.new(emission.outputs[0], output.inputs["Surface"])


def _principled(material: bpy.types.Material) -> Any:
    """Return the main shader of a material, or None."""
    nodes = material.node_tree.nodes if material.node_tree is not None else ()
    return next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None)
