# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene with something of everything that an artist may have in a file, so that a test can say
that nothing of it has changed.

Also the changes that must be noticed, one for each kind of thing: `MUTATIONS`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
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
    _other_blocks()
    _second_scene(scene)
    bpy.context.view_layer.objects.active = bpy.data.objects[TITLE]
    bpy.data.objects[TITLE].select_set(True)
    bpy.context.view_layer.update()


def _link(scene: Any, name: str, data: Any) -> Any:
    each = bpy.data.objects.new(name, data)
    scene.collection.objects.link(each)
    return each


def _library(folder: Path) -> None:
    """Something linked from another file."""
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
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].position = 0.25
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
    big = bpy.data.meshes.new("Grid")
    count = 90  # more vertices than are told one by one
    points = [(x, y, 0) for x in range(count) for y in range(count)]
    faces = [
        (x * count + y, x * count + y + 1, (x + 1) * count + y + 1, (x + 1) * count + y)
        for x in range(count - 1)
        for y in range(count - 1)
    ]
    big.from_pydata(points, [], faces)
    big.uv_layers.new(name="UVs")
    _link(scene, "Ground", big)
    geometry = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
    geometry.interface.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")
    geometry.nodes.new("NodeGroupInput")
    modifier = bpy.data.objects["Ground"].modifiers.new("Nodes", "NODES")
    modifier.node_group = geometry
    with contextlib.suppress(KeyError, TypeError):
        modifier[geometry.interface.items_tree[0].identifier] = 0.75


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
        "Curve": lambda: bpy.ops.curve.primitive_bezier_circle_add(),
        "Metaball": lambda: bpy.ops.object.metaball_add(),
        "Words": lambda: bpy.ops.object.text_add(),
        "Camera": lambda: bpy.ops.object.camera_add(),
        "Sun": lambda: bpy.ops.object.light_add(type="SUN"),
        "Probe": lambda: bpy.ops.object.lightprobe_add(),
        "Speaker": lambda: bpy.ops.object.speaker_add(),
        "Hair": lambda: (
            bpy.ops.object.curves_empty_hair_add() if scene.objects.get(TITLE) else None
        ),
    }.items():
        with contextlib.suppress(RuntimeError):
            add()
            bpy.context.object.name = name
    _link(scene, "Cage", bpy.data.lattices.new("Cage"))
    _link(scene, "Cloud", bpy.data.volumes.new("Cloud"))
    points = bpy.data.pointclouds.new("Points") if hasattr(bpy.data.pointclouds, "new") else None
    if points is not None:
        _link(scene, "Points", points)
    drawings = (
        bpy.data.grease_pencils_v3
        if hasattr(bpy.data, "grease_pencils_v3")
        else bpy.data.grease_pencils
    )
    pencil = drawings.new("Pencil")
    pencil.layers.new("Ink", set_active=True)
    with contextlib.suppress(RuntimeError, TypeError):
        _link(scene, "Pencil", pencil)
    scene.camera = bpy.data.objects.get("Camera")


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


def _other_blocks() -> None:
    bpy.data.texts.new("Notes").write("remember the milk")
    texture = bpy.data.textures.new("Clouds", "CLOUDS")
    texture.noise_scale = 0.5
    texture.use_fake_user = True  # these three would not be saved otherwise
    palette = bpy.data.palettes.new("Palette")
    palette.use_fake_user = True
    palette.colors.new().color = (1, 0, 0)
    bpy.data.masks.new("Mask").layers.new(name="Layer")
    line = bpy.data.linestyles.new("Line")
    line.use_fake_user, line.color = True, (0, 1, 0)
    bpy.data.brushes.new("My brush", mode="SCULPT").size = 33


def _second_scene(scene: Any) -> None:
    other = bpy.data.scenes.new("A second scene")
    other.world = bpy.data.worlds["Sky"]
    other.collection.objects.link(bpy.data.objects[TITLE])
    other.unit_settings.scale_length = 0.01
    layer = scene.view_layers.new("Foreground")
    layer.material_override = bpy.data.materials[TITLE]
    layer["mine"] = 1
    editor = scene.sequence_editor_create()
    _strips(editor).new_effect(name="Color", type="COLOR", channel=1, frame_start=1, **_length())


def _strips(editor: Any) -> Any:
    return editor.strips if hasattr(editor, "strips") else editor.sequences  # renamed in 4.4


def _length() -> dict[str, int]:
    return {"length": 20} if bpy.app.version >= (5, 0) else {"frame_end": 20}


def _object(name: str) -> Any:
    return bpy.data.objects[name]


def _nodes(block: Any) -> Any:
    return block.node_tree.nodes


def _curve() -> Any:
    from mint_blender.scene.update.animation import curves

    return next(iter(curves(bpy.data.actions[TITLE])))


def _set(owner: Callable[[], Any], name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(owner(), name, value)


def _put(owner: Callable[[], Any], key: str, value: Any) -> Callable[[], None]:
    return lambda: owner().__setitem__(key, value)


MUTATIONS: dict[str, Callable[[], Any]] = {
    "where an object is": _set(lambda: _object("Sun"), "location", (0, 0, 1)),
    "a custom property of an object": _put(lambda: _object(TITLE), "mine", [1.0, 2.5]),
    "a custom property deep in a scene": lambda: bpy.context.scene["mine"].__setitem__(
        "deep", [1, 2, 4]
    ),
    "a further custom property": _put(lambda: _object(TITLE), "other", 1),
    "a vertex": _set(lambda: _object(TITLE).data.vertices[5].co, "x", 9),
    "a vertex of a large mesh": _set(lambda: _object("Ground").data.vertices[8000].co, "z", 0.001),
    "a corner in a large UV map": lambda: (
        _object("Ground").data.uv_layers[0].data[20000].uv.__setitem__(0, 0.3)
    ),
    "an attribute": _set(lambda: _object(TITLE).data.attributes["wear"].data[3], "value", 0.7),
    "a color": lambda: (
        _object(TITLE).data.color_attributes["Tint"].data[3].color.__setitem__(1, 0.7)
    ),
    "a weight": lambda: _object(TITLE).vertex_groups["Top"].add([1], 0.6, "REPLACE"),
    "a shape key": _set(
        lambda: _object(TITLE).data.shape_keys.key_blocks["Wide"].data[4].co, "y", 2
    ),
    "a modifier's setting": _set(lambda: _object(TITLE).modifiers["Bevel"], "width", 0.04),
    "a constraint's setting": _set(lambda: _object(TITLE).constraints[0], "max_x", 5),
    "an input of a nodes modifier": lambda: _nudge_nodes_modifier(),
    "a keyframe": lambda: _curve().keyframe_points[0].co.__setitem__(1, 0.5),
    "a driver": _set(lambda: _object(TITLE).animation_data.drivers[0].driver, "expression", "2.5"),
    "a driver in a node tree": _set(
        lambda: bpy.data.materials[TITLE].node_tree.animation_data.drivers[0].driver,
        "expression",
        "0.6",
    ),
    "a track": _set(lambda: _object(TITLE).animation_data.nla_tracks[0], "mute", True),
    "a node's input": _set(
        lambda: _nodes(bpy.data.materials[TITLE])["Principled BSDF"].inputs["Metallic"],
        "default_value",
        0.5,
    ),
    "a custom property of a node": _put(
        lambda: _nodes(bpy.data.materials[TITLE])["Image Texture"], "mine", "other"
    ),
    "a color ramp": _set(
        lambda: _nodes(bpy.data.materials[TITLE])["Color Ramp"].color_ramp.elements[0],
        "position",
        0.5,
    ),
    "a link between nodes": lambda: bpy.data.materials[TITLE].node_tree.links.clear(),
    "a node group": lambda: bpy.data.node_groups["Scatter"].nodes.new("NodeGroupOutput"),
    "a World's strength": _set(
        lambda: _nodes(bpy.data.worlds["Sky"])["Background"].inputs["Strength"], "default_value", 1
    ),
    "a pixel": lambda: bpy.data.images[TITLE].pixels.__setitem__(5, 0.9),
    "a packed picture": lambda: _repack(),
    "a bone's pose": _set(lambda: _object("Rig").pose.bones["Bone"], "location", (1, 2, 4)),
    "a custom property of a pose bone": _put(
        lambda: _object("Rig").pose.bones["Bone"], "mine", "other"
    ),
    "a custom property of a bone": _put(lambda: _object("Rig").data.bones["Bone"], "mine", "other"),
    "a bone's constraint": _set(
        lambda: _object("Rig").pose.bones["Bone"].constraints[0], "influence", 0.5
    ),
    "a parent": _set(lambda: _object("Hat"), "parent", None),
    "a point of a curve": _set(
        lambda: _object("Curve").data.splines[0].bezier_points[0].co, "x", 3
    ),
    "a text object's words": _set(lambda: _object("Words").data, "body", "other"),
    "a light": _set(lambda: _object("Sun").data, "energy", 5),
    "the camera": _set(lambda: bpy.context.scene, "camera", None),
    "a linked object": _set(
        lambda: next(each for each in bpy.data.objects if each.library), "color", (1, 0, 0, 1)
    ),
    "what is selected": lambda: _object("Sun").select_set(True),
    "what is active": _set(lambda: bpy.context.view_layer.objects, "active", None),
    "what is hidden": lambda: _object("Ground").hide_set(False),
    "a collection that is switched off": _set(
        lambda: bpy.context.view_layer.layer_collection.children[TITLE].children["Hidden"],
        "exclude",
        False,
    ),
    "a collection's color": _set(lambda: bpy.data.collections[TITLE], "color_tag", "COLOR_05"),
    "an object taken out of a collection": lambda: bpy.data.collections[TITLE].objects.unlink(
        _object("Hat")
    ),
    "an object taken out of the scene": lambda: bpy.context.scene.collection.objects.unlink(
        _object("Sun")
    ),
    "another scene's objects": lambda: bpy.data.scenes["A second scene"].collection.objects.unlink(
        _object(TITLE)
    ),
    "another scene's unit": _set(
        lambda: bpy.data.scenes["A second scene"].unit_settings, "scale_length", 1
    ),
    "the frame": lambda: bpy.context.scene.frame_set(18),
    "the end frame": _set(lambda: bpy.context.scene, "frame_end", 99),
    "a marker": _set(lambda: bpy.context.scene.timeline_markers[0], "frame", 6),
    "the cursor": _set(lambda: bpy.context.scene.cursor, "location", (1, 1, 1)),
    "a render setting": _set(lambda: bpy.context.scene.render, "resolution_x", 640),
    "a tool setting": _set(lambda: bpy.context.scene.tool_settings, "use_snap", True),
    "the World": _set(lambda: bpy.context.scene, "world", None),
    "a view layer's override": _set(
        lambda: bpy.context.scene.view_layers["Foreground"], "material_override", None
    ),
    "a view layer's custom property": _put(
        lambda: bpy.context.scene.view_layers["Foreground"], "mine", 2
    ),
    "a strip of the sequencer": lambda: _strip().__setattr__("blend_alpha", 0.5),
    "a text": lambda: bpy.data.texts["Notes"].write("!"),
    "a texture": _set(lambda: bpy.data.textures["Clouds"], "noise_scale", 0.25),
    "a palette": _set(lambda: bpy.data.palettes["Palette"].colors[0], "color", (0, 0, 1)),
    "a mask": _set(lambda: bpy.data.masks["Mask"].layers[0], "alpha", 0.5),
    "a line style": _set(lambda: bpy.data.linestyles["Line"], "thickness", 9),
    "a brush": _set(lambda: bpy.data.brushes["My brush"], "size", 44),
    "a name": _set(lambda: _object("Hat"), "name", "Cap"),
    "a data-block that comes": lambda: bpy.data.meshes.new("New"),
    "a data-block that goes": lambda: bpy.data.texts.remove(bpy.data.texts["Notes"]),
    "a fake user": _set(lambda: bpy.data.materials[TITLE], "use_fake_user", True),
    "the window's scene": lambda: bpy.context.window.__setattr__(
        "scene", bpy.data.scenes["A second scene"]
    ),
    "a custom property of the window manager": _put(lambda: bpy.context.window_manager, "other", 1),
    "how the view is shaded": lambda: _a_view().shading.__setattr__("type", "WIREFRAME"),
}


def _nudge_nodes_modifier() -> None:
    modifier = _object("Ground").modifiers["Nodes"]
    identifier = modifier.node_group.interface.items_tree[0].identifier
    try:
        modifier[identifier] = 0.5
    except (KeyError, TypeError):
        modifier.show_render = False


def _repack() -> None:
    image = bpy.data.images[TITLE]
    image.pack(data=bytes(image.packed_file.data) + b"\0", data_len=len(image.packed_file.data) + 1)


def _strip() -> Any:
    return _strips(bpy.context.scene.sequence_editor)[0]


def _a_view() -> Any:
    areas = [area for window in bpy.context.window_manager.windows for area in window.screen.areas]
    return next(area.spaces.active for area in areas if area.type == "VIEW_3D")
