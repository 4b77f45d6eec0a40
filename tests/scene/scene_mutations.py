# SPDX-License-Identifier: GPL-3.0-or-later
"""A change for each kind of data in the sample scene, which a snapshot must notice. Needs bpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from .sample_scene import TITLE, strips


def _object(name: str) -> Any:
    return bpy.data.objects[name]


def _nodes(block: Any) -> Any:
    return block.node_tree.nodes


def _curve() -> Any:
    from mint_blender.scene.model.cleanup import curves

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
    "an input of a nodes modifier": lambda: _nudge_nodes_modifier(),
    "a keyframe": lambda: _curve().keyframe_points[0].co.__setitem__(1, 0.5),
    "a driver": _set(lambda: _object(TITLE).animation_data.drivers[0].driver, "expression", "2.5"),
    "a driver in a node tree": _set(
        lambda: bpy.data.materials[TITLE].node_tree.animation_data.drivers[0].driver,
        "expression",
        "0.6",
    ),
    "a node's input": _set(
        lambda: _nodes(bpy.data.materials[TITLE])["Principled BSDF"].inputs["Metallic"],
        "default_value",
        0.5,
    ),
    "a custom property of a node": _put(
        lambda: _nodes(bpy.data.materials[TITLE])["Image Texture"], "mine", "other"
    ),
    "a link between nodes": lambda: bpy.data.materials[TITLE].node_tree.links.clear(),
    "a pixel": lambda: bpy.data.images[TITLE].pixels.__setitem__(5, 0.9),
    "a packed picture": lambda: _repack(),
    "a bone's pose": _set(lambda: _object("Rig").pose.bones["Bone"], "location", (1, 2, 4)),
    "a custom property of a pose bone": _put(
        lambda: _object("Rig").pose.bones["Bone"], "mine", "other"
    ),
    "a parent": _set(lambda: _object("Hat"), "parent", None),
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
    "an object taken out of a collection": lambda: bpy.data.collections[TITLE].objects.unlink(
        _object("Hat")
    ),
    "another scene's objects": lambda: bpy.data.scenes["A second scene"].collection.objects.unlink(
        _object(TITLE)
    ),
    "the frame": lambda: bpy.context.scene.frame_set(18),
    "a view layer's override": _set(
        lambda: bpy.context.scene.view_layers["Foreground"], "material_override", None
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
    return strips(bpy.context.scene.sequence_editor)[0]


def _a_view() -> Any:
    areas = [area for window in bpy.context.window_manager.windows for area in window.screen.areas]
    return next(area.spaces.active for area in areas if area.type == "VIEW_3D")
