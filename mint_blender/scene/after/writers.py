# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's exporters: which of them this Blender has, and how each is called for a target."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import bpy

from ...files.export_options import TARGETS
from ...message import Message
from ..export.output_path import output_error
from ..gltf.gltf_extensions import muted_importer

_WEBP_QUALITY = 80


def problem(target: str) -> Message | None:
    """Return why this Blender cannot write a target's file, or None."""
    suffix = TARGETS[target].suffix
    if suffix == ".usdz" and not bpy.app.build_options.usd:
        return Message("This Blender cannot write USD. Choose GLB or FBX.")
    if suffix == ".fbx" and not hasattr(bpy.types, "EXPORT_SCENE_OT_fbx"):
        return Message("Enable the add-on “FBX format” in the preferences to write FBX.")
    if suffix == ".glb" and not hasattr(bpy.types, "EXPORT_SCENE_OT_gltf"):
        return Message("Enable the add-on “glTF 2.0 format” in the preferences to write GLB.")
    return None


Motion = Literal["none", "clips", "scene"]
"""What moves: nothing, the clips of a character on tracks, or the objects of the scene."""


CLIPS_OF_GLB = {"export_animation_mode": "NLA_TRACKS", "export_anim_slide_to_zero": True}
"""Each clip becomes an animation of its own, from second 0."""


def write(target: str, path: Path, scene: bpy.types.Scene, motion: Motion) -> None:
    """Write all objects of a scene to a file for a target.

    Raises:
        OutputError: The file cannot be written.
    """
    suffix = TARGETS[target].suffix
    if suffix == ".glb":
        options: dict[str, Any] = {"export_influence_nb": 4}
        if target == "three":
            options |= {"export_image_format": "WEBP", "export_image_quality": _WEBP_QUALITY}
        if motion == "clips":
            options |= CLIPS_OF_GLB
        write_glb(path, scene, **options)
    elif suffix == ".fbx":
        _write(bpy.ops.export_scene.fbx, path, scene, **_fbx_options(target, motion))
    elif suffix == ".usdz":
        options = {"export_animation": motion != "none", "export_custom_properties": False}
        _write(bpy.ops.wm.usd_export, path, scene, **options)
    elif suffix == ".obj":
        options = {"path_mode": "RELATIVE", "export_pbr_extensions": True}
        _write(bpy.ops.wm.obj_export, path, scene, **options)
    else:
        _write(bpy.ops.wm.stl_export, path, scene)


def write_glb(path: Path, scene: bpy.types.Scene, **options: Any) -> None:
    """Write all objects of a scene to a GLB. Raises OutputError."""
    options |= {"export_format": "GLB", "use_active_scene": True}
    with _node_properties_unchanged(), muted_importer():
        _write(bpy.ops.export_scene.gltf, path, scene, **options)


def _write(operator: Any, path: Path, scene: bpy.types.Scene, **options: Any) -> None:
    """Let an exporter write a scene. Raises OutputError."""
    with in_scene(scene):
        try:
            operator(filepath=str(path), **options)
        except RuntimeError as error:
            raise output_error(path, error) from error


@contextlib.contextmanager
def in_scene(scene: bpy.types.Scene) -> Iterator[None]:
    """Let operators work on a scene that no window shows."""
    layer = scene.view_layers[0]
    objects = list(scene.objects)
    with bpy.context.temp_override(
        scene=scene,
        view_layer=layer,
        collection=scene.collection,
        selected_objects=objects,
        active_object=objects[0] if objects else None,
    ):
        yield


def _fbx_options(target: str, motion: Motion) -> dict[str, Any]:
    return {
        "use_selection": True,
        "object_types": {"ARMATURE", "MESH", "EMPTY"},
        "apply_scale_options": "FBX_SCALE_NONE" if target == "unreal" else "FBX_SCALE_UNITS",
        "mesh_smooth_type": "FACE",
        "add_leaf_bones": False,
        "use_custom_props": False,
        "path_mode": "COPY",
        "embed_textures": True,
        "bake_anim": motion != "none",
        "bake_anim_use_all_bones": True,
        "bake_anim_use_nla_strips": motion == "clips",
        "bake_anim_use_all_actions": False,
        "bake_anim_force_startend_keying": True,
        "bake_anim_simplify_factor": 0.0,
    }


@contextlib.contextmanager
def _node_properties_unchanged() -> Iterator[None]:
    """Remove the property `used` that the exporter of Blender 4.2 and 4.5 leaves on nodes."""
    before = {node.as_pointer() for node in _shader_nodes() if node.get("used")}
    try:
        yield
    finally:
        for node in _shader_nodes():
            if node.get("used") and node.as_pointer() not in before:
                del node["used"]


def _shader_nodes() -> Iterator[bpy.types.Node]:
    trees = [
        *(material.node_tree for material in bpy.data.materials if material.node_tree),
        *bpy.data.node_groups,
    ]
    return (node for tree in trees for node in tree.nodes)
