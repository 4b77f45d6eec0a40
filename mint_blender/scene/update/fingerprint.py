# SPDX-License-Identifier: GPL-3.0-or-later
"""Detect whether the user has changed what came from Mint.

A short hash is stored on imported data-blocks as the custom property `mint_seen`. It covers what a
user changes by hand and would miss: meshes, materials, images, actions, transforms, poses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

from .. import tags
from . import animation, mesh_fingerprint

FINGERPRINT = tags.PREFIX + "seen"
POSE_FINGERPRINT = tags.PREFIX + "seen_pose"
DIGITS = 5


def store(blocks: Iterable[bpy.types.ID]) -> None:
    """Store the fingerprints of data-blocks; other types have none."""
    for each in blocks:
        if isinstance(each, bpy.types.Mesh):
            each[FINGERPRINT] = mesh_fingerprint.of(each)
        elif (content := _content(each)) is not None:
            each[FINGERPRINT] = _stored_form(each, content)


def forget(block: Any) -> None:
    """Remove a fingerprint, since this add-on is about to change the data-block."""
    block.pop(FINGERPRINT, None)


def is_stored(block: bpy.types.ID) -> bool:
    """Return whether a data-block has a fingerprint."""
    return FINGERPRINT in block.keys()


def store_pose(armature: bpy.types.Object) -> None:
    """Store the fingerprint of a pose."""
    armature[POSE_FINGERPRINT] = _hash(_pose(armature))


def is_modified(block: bpy.types.ID) -> bool:
    """Return whether a data-block has changed since the import; False without a fingerprint."""
    if not is_stored(block):
        return False
    if isinstance(block, bpy.types.Mesh):
        return not mesh_fingerprint.is_of(block[FINGERPRINT], block)
    content = _content(block)
    if isinstance(block, bpy.types.Material):
        return not _agree(json.loads(block[FINGERPRINT]), json.loads(_stored_form(block, content)))
    return bool(block[FINGERPRINT] != _stored_form(block, content))


def is_posed(armature: bpy.types.Object) -> bool:
    """Return whether the user changed the pose by hand; what an action moves does not count."""
    moved_by_action = (
        armature.animation_data is not None and armature.animation_data.action is not None
    )
    return (
        POSE_FINGERPRINT in armature.keys()
        and not moved_by_action
        and armature[POSE_FINGERPRINT] != _hash(_pose(armature))
    )


def is_user_work(block: bpy.types.ID) -> bool:
    """Return whether a data-block was made by the user, or by Mint and changed since."""
    return not tags.is_marked(block) or is_modified(block)


def _stored_form(block: bpy.types.ID, content: Any) -> str:
    """Return what is stored: a hash, or for a material its whole description.

    Newer Blender versions add and drop sockets and settings, so a hash would differ.
    """
    return json.dumps(content) if isinstance(block, bpy.types.Material) else _hash(content)


def _agree(before: Any, now: Any) -> bool:
    """Return whether two descriptions of a material agree in what both contain."""
    if isinstance(before, dict) and isinstance(now, dict):
        return all(_agree(before[key], now[key]) for key in before.keys() & now.keys())
    return bool(before == now)


def _content(block: Any) -> Any:
    if isinstance(block, bpy.types.Material):
        return _material(block)
    if isinstance(block, bpy.types.Image):
        return (
            block.is_dirty,
            block.packed_file.size if block.packed_file else block.filepath,
            block.colorspace_settings.name,
        )
    if isinstance(block, bpy.types.Action):
        return [
            (each.data_path, each.array_index, _numbers(each)) for each in animation.curves(block)
        ]
    if isinstance(block, bpy.types.Object):
        return _rounded(np.array(block.matrix_basis))
    return None


def _material(material: Any) -> Any:
    """Describe settings, nodes with unlinked inputs, and links."""
    tree = material.node_tree
    names = ("surface_render_method", "use_backface_culling", "displacement_method")
    settings = {name: getattr(material, name) for name in names if hasattr(material, name)}
    if tree is None:
        return {"settings": settings, "color": _rounded(np.array(material.diffuse_color))}
    nodes = {
        each.name: {
            "kind": each.bl_idname,
            "mute": each.mute,
            "picture": _picture(each),
            "inputs": {
                socket.identifier: _default(socket)
                for socket in each.inputs
                if not socket.is_linked
            },
        }
        for each in tree.nodes
    }
    links = sorted(
        [*_socket(each.from_node, each.from_socket), *_socket(each.to_node, each.to_socket)]
        for each in tree.links
    )
    driven = [
        bool(each.animation_data and each.animation_data.drivers) for each in (material, tree)
    ]
    return {
        "settings": settings,
        "names": sorted(nodes),
        "nodes": nodes,
        "links": links,
        "driven": driven,
    }


def _picture(node: Any) -> Any:
    """Return whether a node's image is from Mint; None without an image.

    The name is not used, since it changes too easily.
    """
    image = getattr(node, "image", None)
    return None if image is None else tags.is_marked(image)


def _default(socket: Any) -> Any:
    value = getattr(socket, "default_value", None)
    is_number = isinstance(value, float | int) or (
        hasattr(value, "__len__") and not isinstance(value, str)
    )
    return _rounded(np.array(value)) if is_number else ""


def _socket(node: Any, socket: Any) -> tuple[str, str]:
    return node.name, socket.identifier


def _numbers(curve: Any) -> Any:
    flat = np.empty(len(curve.keyframe_points) * 2, dtype=np.float32)
    curve.keyframe_points.foreach_get("co", flat)
    return _rounded(flat)


def _pose(armature: bpy.types.Object) -> Any:
    return [(each.name, _rounded(np.array(each.matrix_basis))) for each in armature.pose.bones]


def _rounded(values: np.ndarray) -> list[float]:
    return [float(each) + 0.0 for each in np.round(values.astype(np.float64).ravel(), DIGITS)]


def _hash(content: Any) -> str:
    return hashlib.sha256(repr(content).encode("utf-8", "surrogatepass")).hexdigest()[:16]
