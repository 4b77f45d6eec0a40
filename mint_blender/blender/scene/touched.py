# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the user changed what came from Mint since? Told by a short fingerprint, left on what came as the custom property `mint_seen`.

Only such things are looked at as a user changes by hand and would miss: materials, pictures, actions, where a part stands, and poses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

from . import animation, provenance

SEEN = provenance.PREFIX + "seen"
POSE = provenance.PREFIX + "seen_pose"
DIGITS = 5


def remember(blocks: Iterable[bpy.types.ID]) -> None:
    """Take the fingerprints of data-blocks as they are now; of kinds that are not looked at there is none."""
    for each in blocks:
        if (told := _told(each)) is not None:
            each[SEEN] = _short(told)


def remember_pose(armature: bpy.types.Object) -> None:
    """Take the fingerprint of a pose."""
    armature[POSE] = _short(_pose(armature))


def is_touched(block: bpy.types.ID) -> bool:
    """Whether a data-block is another than when it came; False for those that were never looked at."""
    return SEEN in block.keys() and block[SEEN] != _short(_told(block))


def is_posed(armature: bpy.types.Object) -> bool:
    """Whether the bones stand otherwise than when they came, by the user's hand: what an action moves counts for nothing."""
    moved_by_action = armature.animation_data is not None and armature.animation_data.action is not None
    return POSE in armature.keys() and not moved_by_action and armature[POSE] != _short(_pose(armature))


def is_the_users(block: bpy.types.ID) -> bool:
    """Made by the user, or Mint's and changed since."""
    return not provenance.is_marked(block) or is_touched(block)


def _told(block: Any) -> Any:
    if isinstance(block, bpy.types.Material):
        return _material(block)
    if isinstance(block, bpy.types.Image):
        return (block.is_dirty, block.packed_file.size if block.packed_file else block.filepath, block.colorspace_settings.name)
    if isinstance(block, bpy.types.Action):
        return [(each.data_path, each.array_index, _numbers(each)) for each in animation.curves(block)]
    if isinstance(block, bpy.types.Object):
        return _rounded(np.array(block.matrix_basis))
    return None


def _material(material: Any) -> Any:
    tree = material.node_tree
    settings = [getattr(material, name, None) for name in ("surface_render_method", "use_backface_culling", "displacement_method")]
    if tree is None:
        return [settings, _rounded(np.array(material.diffuse_color))]
    nodes = [(each.bl_idname, each.mute, _picture(each), [_default(socket) for socket in each.inputs]) for each in tree.nodes]
    links = [(_socket(each.from_node, each.from_socket), _socket(each.to_node, each.to_socket)) for each in tree.links]
    driven = [bool(each.animation_data and each.animation_data.drivers) for each in (material, tree)]
    return [settings, nodes, sorted(links), driven]


def _picture(node: Any) -> Any:
    """Whether a node shows a picture of Mint's, another one, or none; names change when things are put in order."""
    image = getattr(node, "image", None)
    return image and provenance.is_marked(image)


def _default(socket: Any) -> Any:
    value = getattr(socket, "default_value", None)
    is_number = isinstance(value, float | int) or (hasattr(value, "__len__") and not isinstance(value, str))
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


def _short(told: Any) -> str:
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]
