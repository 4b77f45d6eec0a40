# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up objects before their replacement, to restore them or to keep what the user edited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from ...message import Message
from .. import tags
from ..notes import note
from ..staging_scene import STAGING_NAME
from . import animation, fingerprint

EARLIER = " (earlier)"
"""Suffix of the name of an object or data-block that was replaced."""


def edited_meshes(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """Return the mesh objects whose shape is the user's work."""
    return [
        each
        for each in objects
        if isinstance(each.data, bpy.types.Mesh)
        and (fingerprint.is_user_work(each.data) or _has_multires_sculpting(each))
    ]


def _has_multires_sculpting(each: bpy.types.Object) -> bool:
    """Return whether there is multiresolution sculpting, which is stored beside the mesh."""
    return any(
        getattr(modifier, "total_levels", 0)
        for modifier in each.modifiers
        if modifier.type == "MULTIRES"
    )


class Backup:
    """Copies of objects, in no scene; call either `restore` or `discard`."""

    def __init__(self, objects: Iterable[bpy.types.Object]) -> None:
        self._objects = list(objects)
        self._edited = edited_meshes(self._objects)
        self._names = [each.name for each in self._objects]
        self._data: list[Any] = [each.data for each in self._objects]
        self._data_names = [data.name if data is not None else "" for data in self._data]
        self._collections = [list(each.users_collection) for each in self._objects]
        self._matrices = [each.matrix_world.copy() for each in self._objects]
        self._selected = [
            each for each in bpy.context.view_layer.objects.selected if each in self._objects
        ]
        self._active = bpy.context.view_layer.objects.active
        self._parenting = [_parenting_of(each) for each in self._objects]
        self._children = [
            _parenting_of(child, _PARENTING + _TRANSFORM)
            for each in self._objects
            for child in each.children
            if child not in self._objects
        ]
        self._targets = [
            (owner, key, target.id)
            for owner, key, target in animation.driver_targets()
            if _is_data(target.id)
        ]
        self._copies = [each.copy() for each in self._objects]
        for each in self._copies:
            each.parent = None  # so that they do not count as parts of the model

    def keep_edited(self) -> list[Message]:
        """Keep edited objects, hidden, next to the new version; return notes."""
        notes = []
        for number, each in enumerate(self._objects):
            if each in self._edited:
                kept, data = self._copies[number], self._data[number]
                kept.data = data
                kept.name = f"{self._names[number]}{EARLIER}"
                for key in [key for key in kept.keys() if key.startswith(tags.PREFIX)]:
                    del kept[key]
                kept.animation_data_clear()
                kept.constraints.clear()
                kept.parent, kept.matrix_world = None, self._matrices[number]
                kept.hide_render = kept.hide_viewport = True
                for collection in self._collections[number]:
                    collection.objects.link(kept)
                notes.append(note("edited_object_kept", name=self._names[number], copy=kept.name))
        self._copies = [
            each
            for each, original in zip(self._copies, self._objects, strict=True)
            if original not in self._edited
        ]
        return notes

    def discard(self) -> None:
        """Remove the copies that are not kept."""
        bpy.data.batch_remove(self._copies)
        self._copies = []

    def restore(self) -> list[bpy.types.Object]:
        """Replace the objects with their copies and original data; return the copies."""
        self._restore_data()
        copy_of: dict[Any, bpy.types.Object] = dict(zip(self._objects, self._copies, strict=True))
        for (each, copy), data, collections in zip(
            copy_of.items(), self._data, self._collections, strict=True
        ):
            if data is not None:
                copy.data = data
            for collection in collections:
                collection.objects.link(copy)
            for collection in list(each.users_collection):
                collection.objects.unlink(each)
            each.user_remap(copy)
        for child, parent, values in (*self._parenting, *self._children):
            restored = copy_of.get(child, child)
            restored.parent = copy_of.get(parent, parent)
            for name, value in values.items():
                setattr(restored, name, value)
        self._restore_targets(copy_of)
        active, selected = (
            copy_of.get(self._active, self._active),
            [copy_of[each] for each in self._selected],
        )
        bpy.data.batch_remove(self._objects)
        for name, copy in zip(self._names, self._copies, strict=True):
            copy.name = name
        for each in selected:
            each.select_set(True)
        bpy.context.view_layer.objects.active = active
        return self._copies

    def _restore_data(self) -> None:
        for each, data, name in zip(self._objects, self._data, self._data_names, strict=True):
            new: Any = each.data
            if data is not None and new is not None and new != data:
                new.name = STAGING_NAME
                new.user_remap(data)
            if data is not None:
                data.name = name

    def _restore_targets(self, copy_of: dict[Any, Any]) -> None:
        targets = {(owner, key): target for owner, key, target in animation.driver_targets()}
        for owner, key, target_block in self._targets:
            target = targets.get((copy_of.get(owner, owner), key))
            if target is not None and target.id != target_block:
                target.id = target_block


def _is_data(block: Any) -> bool:
    return block is not None and not isinstance(block, bpy.types.Object)


_PARENTING = ("parent_type", "parent_bone", "matrix_parent_inverse")
# a matrix does not hold all of these
_TRANSFORM = ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale")


def _parenting_of(
    child: Any, names: tuple[str, ...] = _PARENTING
) -> tuple[Any, Any, dict[str, Any]]:
    values = {name: getattr(child, name) for name in names}
    return child, child.parent, {name: _copied(value) for name, value in values.items()}


def _copied(value: Any) -> Any:
    """Return a copy of a value, since Blender's own value changes with the object."""
    return (
        value
        if isinstance(value, str)
        else value.copy()
        if hasattr(value, "copy")
        else tuple(value)
    )
