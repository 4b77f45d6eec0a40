# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene with the kinds of data that an artist may have in a file. Needs bpy."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import bpy
import numpy as np

TITLE = "Lamp"
"""The very name that the model wants: an object, a mesh, a material, a picture, an action and a
collection of the user's have it already.
"""


def build(folder: Path) -> None:
    """Fill the open file."""
    scene = bpy.context.scene
    scene.frame_set(17)
    scene["mine"] = {"deep": [1, 2, 3]}
    scene.timeline_markers.new("Here", frame=5)
    _library(folder)
    image = _image()
    material = _material(image)
    _meshes(scene, material)
    _armature(scene)
    _other_objects(scene)
    _collections(scene)
    _world(scene)
    bpy.data.texts.new("Notes").write("remember the milk")
    _second_scene(scene)
    bpy.context.view_layer.objects.active = bpy.data.objects[TITLE]
    bpy.data.objects[TITLE].select_set(True)
    bpy.context.view_layer.update()


def _link(scene: Any, name: str, data: Any) -> Any:
    each = bpy.data.objects.new(name, data)
    scene.collection.objects.link(each)
    return each


def _library(folder: Path) -> None:
    """Link an object from another file."""
    mesh = bpy.data.meshes.new("Brick")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    brick = bpy.data.objects.new("Brick", mesh)
    path = folder / "bricks.blend"
    bpy.data.libraries.write(str(path), {brick})
    bpy.data.batch_remove([brick, mesh])
    with bpy.data.libraries.load(str(path), link=True) as (_, here):
        here.objects = ["Brick"]
    bpy.context.scene.collection.objects.link(here.objects[0])


def _image() -> Any:
    image = bpy.data.images.new(TITLE, 8, 8, alpha=True, float_buffer=False)
    image.pixels.foreach_set(np.linspace(0, 1, 256, dtype=np.float32))
    image.pack()
    image["mine"] = 1.5
    return image


def _material(image: Any) -> Any:
    material = bpy.data.materials.new(TITLE)
    material.use_nodes = True
    material.diffuse_color = (0.1, 0.2, 0.3, 1)
    nodes = material.node_tree.nodes
    picture = nodes.new("ShaderNodeTexImage")
    picture.image = image
    picture["mine"] = "node"
    material.node_tree.links.new(
        picture.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"]
    )
    driver = nodes["Principled BSDF"].inputs["Roughness"].driver_add("default_value").driver
    driver.expression = "0.5"
    return material


def _meshes(scene: Any, material: Any) -> None:
    bpy.ops.mesh.primitive_uv_sphere_add(segments=12, ring_count=6)
    lamp = bpy.context.object
    lamp.name = lamp.data.name = TITLE
    lamp.data.materials.append(material)
    lamp.data.color_attributes.new("Tint", "FLOAT_COLOR", "POINT")
    lamp.data.attributes.new("wear", "FLOAT", "POINT").data.foreach_set(
        "value", np.linspace(0, 1, len(lamp.data.vertices))
    )
    lamp.data["mine"] = 3
    lamp["mine"] = [1.0, 2.0]
    group = lamp.vertex_groups.new(name="Top")
    group.add([0, 1, 2], 0.5, "REPLACE")
    lamp.shape_key_add(name="Basis")
    lamp.shape_key_add(name="Wide").data[0].co.x = 3
    lamp.data.shape_keys.key_blocks["Wide"].driver_add("value").driver.expression = "0.25"
    lamp.modifiers.new("Bevel", "BEVEL").width = 0.03
    lamp.modifiers.new("Dust", "PARTICLE_SYSTEM")
    lamp.constraints.new("LIMIT_LOCATION").max_x = 4
    lamp.keyframe_insert("location", frame=1)
    lamp.location.x = 2
    lamp.keyframe_insert("location", frame=20)
    lamp.animation_data.action.name = TITLE
    track = lamp.animation_data.nla_tracks.new()
    track.strips.new("Strip", 30, lamp.animation_data.action)
    lamp.driver_add("scale", 2).driver.expression = "1.5"
    ground = bpy.data.meshes.new("Ground")
    ground.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    ground.uv_layers.new(name="UVs")
    _link(scene, "Ground", ground)
    geometry = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
    geometry.interface.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")
    geometry.nodes.new("NodeGroupInput")
    bpy.data.objects["Ground"].modifiers.new("Nodes", "NODES").node_group = geometry


def _armature(scene: Any) -> None:
    bpy.ops.object.armature_add()
    rig = bpy.context.object
    rig.name = rig.data.name = "Rig"
    bone = rig.pose.bones["Bone"]
    bone.location = (1, 2, 3)
    bone["mine"] = "pose"
    rig.data.bones["Bone"]["mine"] = "bone"
    bone.constraints.new("COPY_ROTATION").target = bpy.data.objects["Ground"]
    hat = _link(scene, "Hat", None)
    hat.parent, hat.parent_type, hat.parent_bone = rig, "BONE", "Bone"


def _other_objects(scene: Any) -> None:
    for name, add in {
        "Curve": bpy.ops.curve.primitive_bezier_circle_add,
        "Metaball": bpy.ops.object.metaball_add,
        "Words": bpy.ops.object.text_add,
        "Camera": bpy.ops.object.camera_add,
        "Sun": partial(bpy.ops.object.light_add, type="SUN"),
        "Speaker": bpy.ops.object.speaker_add,
    }.items():
        add()
        bpy.context.object.name = name
    _link(scene, "Cage", bpy.data.lattices.new("Cage"))
    _link(scene, "Cloud", bpy.data.volumes.new("Cloud"))
    scene.camera = bpy.data.objects["Camera"]


def _collections(scene: Any) -> None:
    props = bpy.data.collections.new(TITLE)
    props["mine"] = 1
    props.color_tag = "COLOR_03"
    scene.collection.children.link(props)
    props.objects.link(bpy.data.objects["Hat"])
    hidden = bpy.data.collections.new("Hidden")
    props.children.link(hidden)
    layer = bpy.context.view_layer.layer_collection.children[TITLE]
    layer.children["Hidden"].exclude = True
    bpy.data.objects["Ground"].hide_set(True)


def _world(scene: Any) -> None:
    world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.5
    world["mine"] = 1
    scene.world = world


def _second_scene(scene: Any) -> None:
    other = bpy.data.scenes.new("A second scene")
    other.world = bpy.data.worlds["Sky"]
    other.collection.objects.link(bpy.data.objects[TITLE])
    other.unit_settings.scale_length = 0.01
    layer = scene.view_layers.new("Foreground")
    layer.material_override = bpy.data.materials[TITLE]
    layer["mine"] = 1
