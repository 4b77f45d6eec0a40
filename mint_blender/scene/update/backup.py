# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the objects of a model before it is replaced: the copies are hidden, or restore it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from .. import tags
from ..staging_scene import STAGING_NAME

EARLIER = " (earlier)"
"""Suffix of the name of an object or data-block that was replaced."""


class Backup:
    """Copies of objects, in no scene; call either `restore` or `hide`."""

    def __init__(self, objects: Iterable[bpy.types.Object]) -> None:
        self._objects = list(objects)
        self._names = [obj.name for obj in self._objects]
        self._data: list[Any] = [obj.data for obj in self._objects]
        self._data_names = [data.name if data is not None else "" for data in self._data]
        self._sharing = [
            (obj, obj.data) for obj in bpy.data.objects if obj.data and obj.data in self._data
        ]
        self._collections = [list(obj.users_collection) for obj in self._objects]
        self._selected = [
            obj for obj in bpy.context.view_layer.objects.selected if obj in self._objects
        ]
        self._active = bpy.context.view_layer.objects.active
        self._parenting = [_parenting_of(obj) for obj in self._objects]
        self._children = [
            _parenting_of(child, _PARENTING + _TRANSFORM)
            for obj in self._objects
            for child in obj.children
            if child not in self._objects
        ]
        self.copies = [obj.copy() for obj in self._objects]
        for copy in self.copies:
            copy.parent = None  # so that they do not count as parts of the model

    def hide(self) -> bpy.types.Object:
        """Hide the copies next to the objects; return that of the first one."""
        copy_of: dict[Any, bpy.types.Object] = dict(zip(self._objects, self.copies, strict=True))
        self._set_parents(self._parenting, copy_of)
        for copy, name, collections in zip(
            self.copies, self._names, self._collections, strict=True
        ):
            copy.name = f"{name}{EARLIER}"
            copy.hide_render = copy.hide_viewport = True
            for key in [key for key in copy.keys() if key.startswith(tags.PREFIX)]:
                del copy[key]
            bones = copy.pose.bones if copy.pose else ()
            for user in [
                *copy.modifiers,
                *(constraint for holder in (copy, *bones) for constraint in holder.constraints),
            ]:
                for member in ("object", "target"):
                    if (used := getattr(user, member, None)) in copy_of:
                        setattr(user, member, copy_of[used])
            for collection in collections:
                collection.objects.link(copy)
        return self.copies[0]

    def restore(self) -> list[bpy.types.Object]:
        """Replace the objects with their copies and original data; return the copies."""
        self._restore_data()
        copy_of: dict[Any, bpy.types.Object] = dict(zip(self._objects, self.copies, strict=True))
        for (obj, copy), collections in zip(copy_of.items(), self._collections, strict=True):
            for collection in collections:
                collection.objects.link(copy)
            for collection in list(obj.users_collection):
                collection.objects.unlink(obj)
            obj.user_remap(copy)
        self._set_parents([*self._parenting, *self._children], copy_of)
        active = copy_of.get(self._active, self._active)
        selected = [copy_of[obj] for obj in self._selected]
        bpy.data.batch_remove(self._objects)
        for name, copy in zip(self._names, self.copies, strict=True):
            copy.name = name
        for copy in selected:
            copy.select_set(True)
        bpy.context.view_layer.objects.active = active
        return self.copies

    def _restore_data(self) -> None:
        for obj in self._objects:
            if obj.data is not None and obj.data not in self._data:
                obj.data.name = STAGING_NAME
        for data, name in zip(self._data, self._data_names, strict=True):
            if data is not None:
                data.name = name
        for obj, data in self._sharing:
            obj.data = data

    @staticmethod
    def _set_parents(parenting: list[Any], copy_of: dict[Any, bpy.types.Object]) -> None:
        for child, parent, values in parenting:
            copy = copy_of.get(child, child)
            copy.parent = copy_of.get(parent, parent)
            for name, value in values.items():
                setattr(copy, name, value)


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
