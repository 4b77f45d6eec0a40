# SPDX-License-Identifier: GPL-3.0-or-later
"""Match the parts of a new version with the earlier objects, and give those the new data.

An earlier object keeps what the user set on it, and gets the data, transform and animation of its
match. Transforms, poses and animation that the user changed stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
from mathutils import Matrix

from ...message import Message
from .. import tags
from ..model import cleanup
from ..notes import note
from . import animation, bones, fingerprint
from .backup import EARLIER
from .transfer import EarlierData

NODE = tags.PREFIX + "node"
"""The custom property with the name of a part in its file, since objects are renamed later."""

Matches = dict[bpy.types.Object, bpy.types.Object]
"""From a part of the new version to the earlier object that stays in its place."""


def match_parts(old: Iterable[bpy.types.Object], parts: Iterable[bpy.types.Object]) -> Matches:
    """Match parts by type and name; single parts of a type match whatever their names."""
    old, parts = list(old), list(parts)
    matches: Matches = {}
    for kind in dict.fromkeys(each.type for each in parts):
        before, after = (
            [each for each in old if each.type == kind],
            [each for each in parts if each.type == kind],
        )
        named = {node_name(each): each for each in reversed(before)}
        for part in after:
            earlier = named.pop(node_name(part), None)
            if earlier is None and len(before) == len(after) == 1:
                earlier = before[0]
            if earlier is not None:
                matches[part] = earlier
    return matches


def match_of(part: bpy.types.Object | None, matches: Matches) -> bpy.types.Object | None:
    """Return the earlier object that stays in place of a part, or the part without a match."""
    return None if part is None else matches.get(part, part)


def node_name(part: bpy.types.Object) -> str:
    """Return what identifies a part within its model."""
    return str(part.get(NODE) or cleanup.plain_name(part.name)).lower()


def user_duplicates(old: Iterable[bpy.types.Object], matches: Matches) -> set[bpy.types.Object]:
    """Return the user's duplicates of parts that stay; they have the same marks."""
    kept = {(each.type, node_name(each)) for each in matches.values() if NODE in each.keys()}
    return {
        each
        for each in old
        if each not in matches.values()
        and NODE in each.keys()
        and (each.type, node_name(each)) in kept
    }


def replace_parts(old: Iterable[bpy.types.Object], matches: Matches) -> list[Message]:
    """Give each earlier object the data and animation of its match; return notes."""
    old = list(old)
    bone_users = bones.BoneUsers(each for each in old if each.type == "ARMATURE")
    notes = _exchange_data(matches, bones.bone_names(old))
    for part, earlier in matches.items():
        _transfer_modifiers(part, earlier, old, matches)
        notes += _transfer_animation(part, earlier)
        _copy_properties(part, earlier)
    return notes + bone_users.relink()


def parent_parts(
    parts: Iterable[bpy.types.Object],
    matches: Matches,
    root: bpy.types.Object,
    new_root: bpy.types.Object,
) -> None:
    """Parent the parts of a new version to the root; parts that the user moved stay."""
    parts = [each for each in parts if each not in matches or not _is_moved(matches[each])]
    for part in parts:
        if part in matches:
            matches[part].parent = None  # parent and child may have changed places
    for part in parts:
        holder, parent = matches.get(part, part), part.parent
        below_root = part == new_root or parent in (None, new_root)
        kind, bone = ("OBJECT", "") if below_root else (part.parent_type, part.parent_bone)
        basis = Matrix.Identity(4) if part == new_root else part.matrix_basis.copy()
        holder.parent = root if below_root else match_of(parent, matches)
        holder.parent_type, holder.parent_bone = kind, bone
        holder.matrix_parent_inverse = part.matrix_parent_inverse.copy()
        if holder.animation_data is None or not holder.animation_data.drivers:
            holder.rotation_mode = part.rotation_mode
        holder.matrix_basis = basis
        fingerprint.store([holder])
        if part not in matches:
            for collection in root.users_collection:
                collection.objects.link(part)


def _is_moved(part: bpy.types.Object) -> bool:
    """Return whether the user moved a part that is still below the model."""
    return (
        fingerprint.is_modified(part)
        and part.parent is not None
        and not animation.has_object_animation(part)
    )


def _exchange_data(matches: Matches, bone_names: set[str]) -> list[Message]:
    notes: list[Message] = []
    replaced: dict[Any, Any] = {}
    names = {
        earlier.data: earlier.data.name for earlier in matches.values() if earlier.data is not None
    }
    for part, earlier in matches.items():
        gone: Any = earlier.data
        new: Any = part.data
        if gone is None or gone == new:
            continue
        is_first = new not in replaced.values()
        before = EarlierData(earlier, bone_names)
        earlier.data = new
        if is_first:
            notes += before.apply()
            gone.name = f"{names[gone]}{EARLIER}"
            new.name = names[gone]
        replaced.setdefault(gone, new)
    for gone, new in replaced.items():
        gone.user_remap(new)  # linked duplicates and other users
    animation.retarget_drivers(replaced)
    return notes


def _transfer_modifiers(
    part: bpy.types.Object, earlier: bpy.types.Object, old: list[bpy.types.Object], matches: Matches
) -> None:
    """Replace the model's armature modifiers; the user's modifiers keep their order."""
    own = [each for each in earlier.modifiers if each.type == "ARMATURE" and each.object in old]
    new = [each for each in part.modifiers if each.type == "ARMATURE"]
    for each in own[len(new) :]:
        earlier.modifiers.remove(each)
    for number, each in enumerate(new):
        if number < len(own):
            mine = own[number]
        else:  # before the user's modifiers, which work on the posed mesh
            mine = earlier.modifiers.new(each.name, "ARMATURE")
            earlier.modifiers.move(len(earlier.modifiers) - 1, number)
        mine.object = match_of(each.object, matches)


def _transfer_animation(part: bpy.types.Object, earlier: bpy.types.Object) -> list[Message]:
    if earlier.type == "ARMATURE" and part.type == "ARMATURE":
        bones.copy_pose(part, earlier)
    unused = animation.take_over(earlier, part, fingerprint.is_user_work)
    for action in unused:
        action.use_fake_user = True
    return [note("action_kept", name=earlier.name, action=action.name) for action in unused]


def _copy_properties(part: bpy.types.Object, earlier: bpy.types.Object) -> None:
    """Copy the custom properties of the file and our marks."""
    for key in part.keys():
        if key not in (fingerprint.FINGERPRINT, fingerprint.POSE_FINGERPRINT):
            earlier[key] = part[key]
