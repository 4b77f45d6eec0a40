# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a .blend holds and its windows show, as plain values that can be compared.

These are the RNA properties of every data-block, also of linked ones and of those inside others
(node trees, the collection of a scene); custom properties; and the bytes of what is too large to be
listed: attributes, weights, shape keys, curves of actions, pixels, packed files.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Hashable, Iterator
from functools import cache
from typing import Any

import bpy
import numpy as np

# What Blender itself counts on while nothing changes: users and tags come and go, and evaluation
# leaves its marks.
PASSING = {
    *("users", "tag", "is_updated", "is_updated_data", "rna_type", "session_uid", "is_evaluated"),
    *("original", "depsgraph", "storage_type", "icon_id", "is_runtime_data"),
}
# Asking for these crashes one Blender or another: what a window shows, the brush of a tool that was
# never used, and the list of all objects under a collection, which is stale after an undo in 4.3.
NOT_ASKED = {"uv_sculpt", "all_objects", "particle_edit"}
WORKED_OUT_LATE = {"enabled", "is_unavailable", "is_inactive", "is_icon_visible"}
"""Of a socket: follows from the node's settings, and after an undo only once the tree is drawn."""
WINDOWS = (bpy.types.Screen, bpy.types.WindowManager, bpy.types.WorkSpace)
NAMED = (bpy.types.Scene, bpy.types.Collection)
"""Members of these have no order of their own: they are kept by name, so that new ones do not move
the others.
"""
SEPARATE = {"Scene": {"view_layers", "objects"}, "Image": {"pixels"}}
"""These have a form of their own below."""
DEPTH = 4
MOST = 5000


class SceneSnapshot:
    """All data-blocks and windows at one moment."""

    def __init__(self) -> None:
        from mint_blender.scene.data_blocks import all_data_blocks

        _members.cache_clear()  # classes may have been registered again since the last snapshot
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some members warn that they will go
            self.blocks: dict[tuple[str, str], dict[str, Any]] = {}
            for each in [each for each in all_data_blocks() if not isinstance(each, WINDOWS)]:
                for inner, name in _with_inner(each):
                    values = _struct_values(inner, DEPTH) | bytes_of(inner)
                    self.blocks[type(inner).__name__, name] = values
            for scene in bpy.data.scenes:
                for layer in scene.view_layers:
                    self.blocks["ViewLayer", f"{scene.name_full}/{layer.name}"] = _view_layer(layer)
            self.blocks["WindowManager", ""] = _windows()

    def assert_same(self, later: SceneSnapshot, *, but_new: bool = False) -> None:
        """Fail, naming the first difference.

        With `but_new`, new data-blocks and new members of scenes and collections are allowed.
        """
        assert set(self.blocks) - set(later.blocks) == set(), "data-blocks are gone"
        if not but_new:
            assert set(later.blocks) - set(self.blocks) == set(), "data-blocks have come"
        found = self.differences(later, but_new=but_new)
        assert not found, found[0]

    def differences(self, later: SceneSnapshot, *, but_new: bool = False) -> list[str]:
        """Return what differs in the data-blocks of both, as sentences."""
        found = []
        for key in [each for each in self.blocks if each in later.blocks]:
            before, after = self.blocks[key], later.blocks[key]
            names = [*before, *(name for name in after if name not in before)]
            found += [
                f"{key}: {name} was {before.get(name)!r} and is {after.get(name)!r}"
                for name in names
                if before.get(name) != after.get(name)
                and not (but_new and name not in before and name.startswith(MEMBERS))
            ]
        return found


MEMBERS = (
    *("objects<", "children<", "layer_collection<", "object<"),
    *("collection_objects<", "collection_children<"),
)


def _with_inner(block: Any) -> Iterator[tuple[Any, str]]:
    """Yield the data-block, and those that exist only inside it."""
    yield block, block.name_full
    for member in ("node_tree", "collection"):
        inner = getattr(block, member, None)
        if isinstance(inner, bpy.types.ID) and inner.is_embedded_data:
            yield inner, f"{block.name_full}/{member}"


@cache
def _members(kind: type) -> list[tuple[str, Any]]:
    """Return the names and RNA properties of this type that a snapshot holds."""
    left_out = PASSING | NOT_ASKED | SEPARATE.get(kind.__name__, set())
    if issubclass(kind, bpy.types.NodeSocket):
        left_out |= WORKED_OUT_LATE
    return [
        (prop.identifier, prop)
        for prop in kind.bl_rna.properties  # type: ignore[attr-defined]
        if prop.identifier not in left_out and not prop.identifier.startswith("bl_")
    ]


def _struct_values(struct: Any, depth: int, prefix: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    is_named = isinstance(struct, NAMED)
    kind: Hashable = type(struct)
    for name, prop in _members(kind):
        try:
            value = getattr(struct, name)
        except Exception:
            continue
        values |= _value(prefix + name, prop, value, depth, is_named)
    return values | {f"{prefix}[{key}]": _plain(value) for key, value in _custom(struct)}


def _custom(struct: Any) -> list[tuple[str, Any]]:
    try:
        return list(struct.items())
    except (TypeError, AttributeError, SystemError):
        return []


def _plain(value: Any) -> str:
    """Return a custom property as plain data, without the address of its group."""
    if isinstance(value, bpy.types.ID):
        return value.name_full
    for name in ("to_dict", "to_list"):
        if hasattr(value, name):
            return str(getattr(value, name)())
    return str(value)


def _value(name: str, prop: Any, value: Any, depth: int, is_named: bool) -> dict[str, Any]:
    if prop.type == "POINTER":
        if value is None or isinstance(value, bpy.types.ID):
            return {name: value and (type(value).__name__, value.name_full)}
        return _struct_values(value, depth - 1, f"{name}.") if depth else {}
    if prop.type == "COLLECTION":
        return _collection(name, value, depth, is_named)
    if getattr(prop, "is_array", False):
        return {name: np.array(value).tolist()}
    return {name: value}


def _collection(name: str, value: Any, depth: int, is_named: bool) -> dict[str, Any]:
    members = bpy.types.ID | bpy.types.CollectionObject | bpy.types.CollectionChild
    if is_named and len(value) and isinstance(value[0], members):
        names = [getattr(each, "name_full", number) for number, each in enumerate(value)]
        return {f"{name}<{each}>": True for each in names}
    if is_named and not len(value) and f"{name}<" in MEMBERS:
        return {}
    values: dict[str, Any] = {name: len(value)}
    if not depth or len(value) > MOST:
        return values
    for number, each in enumerate(value):
        if isinstance(each, bpy.types.ID):
            values[f"{name}[{number}]"] = each.name_full
        elif hasattr(each, "bl_rna"):
            values |= _struct_values(each, depth - 1, f"{name}[{number}].")
    return values


# -- Data that is kept as bytes


def bytes_of(block: Any) -> dict[str, Any]:
    """Return what is too large to be listed, as digests; nothing for None."""
    values: dict[str, Any] = {}
    for attribute in getattr(block, "attributes", ()):
        if len(data := attribute.data):
            values[f"bytes of attribute {attribute.name}"] = _digest(data, _member_of(data[0]))
    if isinstance(block, bpy.types.Mesh):
        values["bytes of polygons"] = _digest(block.polygons, "loop_start")
        values["bytes of weights"] = _short(
            [[(each.group, each.weight) for each in vertex.groups] for vertex in block.vertices]
        )
    if isinstance(block, bpy.types.Key):
        values |= {f"bytes of {each.name}": _digest(each.data, "co") for each in block.key_blocks}
    if isinstance(block, bpy.types.Action):
        for number, each in enumerate(_curves(block)):
            values[f"bytes of {each.data_path}[{each.array_index}] {number}"] = _curve(each)
    if isinstance(block, bpy.types.Image):
        values["bytes of pixels"] = _pixels(block)
        packed = [each.packed_file for each in block.packed_files if each.packed_file]
        values["packed"] = [_short(each.data) for each in packed]
    if isinstance(block, bpy.types.Text):
        values["text"] = block.as_string()
    return values


def _member_of(item: Any) -> str:
    return next(
        name for name in ("value", "vector", "color", "co") if name in item.bl_rna.properties
    )


def _digest(items: Any, member: str) -> str:
    if not len(items):
        return ""
    prop = items[0].bl_rna.properties[member]
    if prop.type == "STRING":
        return _short([getattr(each, member) for each in items])
    size = max(1, prop.array_length)
    kind = {"FLOAT": np.float32, "INT": np.int32, "BOOLEAN": bool}[prop.type]
    flat = np.empty(len(items) * size, dtype=kind)
    items.foreach_get(member, flat)
    return _short(flat.tobytes())


def _curves(action: Any) -> Iterator[Any]:
    from mint_blender.scene.model.cleanup import curves

    return curves(action)


def _curve(curve: Any) -> str:
    parts = [
        (tuple(each.co), tuple(each.handle_left), tuple(each.handle_right), each.interpolation)
        for each in curve.keyframe_points
    ]
    return _short([parts, curve.extrapolation, curve.mute, curve.lock, len(curve.modifiers)])


def _pixels(image: Any) -> str:
    """Return a digest of pixels that are in memory; reading others would load them."""
    if image.source != "GENERATED" and not image.has_data and not image.is_dirty:
        return ""
    flat = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(flat)
    return _short(flat.tobytes())


def _short(value: Any) -> str:
    data = value if isinstance(value, bytes) else repr(value).encode()
    return hashlib.sha256(data).hexdigest()[:16]


# -- Windows and view layers


def _view_layer(layer: Any) -> dict[str, Any]:
    left_out = PASSING | {"objects", "layer_collection", "active_layer_collection"}
    values: dict[str, Any] = {}
    for prop in layer.bl_rna.properties:
        if prop.identifier not in left_out:
            values |= _value(prop.identifier, prop, getattr(layer, prop.identifier), 2, False)
    active, collection = layer.objects.active, layer.active_layer_collection
    values |= {"active object": active and active.name_full, "active": collection.name}
    values |= {f"[{key}]": _plain(value) for key, value in _custom(layer)}
    waiting = [layer.layer_collection]
    for each in waiting:
        flags = (each.exclude, each.hide_viewport, each.holdout, each.indirect_only)
        values[f"layer_collection<{each.collection.name_full}>"] = flags
        waiting += each.children
    for each in layer.objects:
        flags = each.select_get(view_layer=layer), each.hide_get(view_layer=layer)
        values[f"object<{each.name_full}>"] = flags
    return values


def _windows() -> dict[str, Any]:
    manager = bpy.context.window_manager
    values: dict[str, Any] = {f"[{key}]": _plain(value) for key, value in _custom(manager)}
    for number, window in enumerate(manager.windows):
        shown = (window.scene, window.view_layer, window.workspace, window.screen)
        values[f"window {number}"] = [each.name for each in shown]
        for place, area in enumerate(window.screen.areas):
            values[f"window {number} area {place}"] = area.type, area.ui_type
            for space in [each for each in area.spaces if each.type == "VIEW_3D"]:
                values[f"window {number} view {place}"] = _view(space)
    return values


def _view(space: Any) -> Any:
    region = space.region_3d
    inside = [
        each.name_full
        for each in bpy.data.objects
        if space.local_view and each.local_view_get(space)
    ]
    matrix = [list(row) for row in region.view_matrix] if region else None
    camera = space.camera and space.camera.name_full
    return space.shading.type, space.local_view is not None, inside, matrix, camera, space.lens
