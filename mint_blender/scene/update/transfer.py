# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user has made on an earlier mesh or armature, brought to the one that is shown in its
place.

The rules, where Mint's and the user's meet:

- a material that the user put into a slot stays in the slot of that number; a material of Mint's comes new
- a material, picture or action of Mint's that the user has changed is kept in the file, but not in use: it was made for other UVs
- vertex groups are brought over by the nearest vertex; shape keys of the same name keep their value, drivers and action
- what lies on vertices that are gone (UV maps, colors, shape keys of the user's own) goes with them, and is named
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np
from mathutils.kdtree import KDTree

from ...message import Message
from .. import tags
from ..notes import note
from . import animation
from .fingerprint import is_user_work

LIGHT = 1e-6
"""A weight below this is none."""


class EarlierData:
    """What an object showed before its data is replaced; recorded before, applied after."""

    def __init__(self, holder: bpy.types.Object, bones: Iterable[str]) -> None:
        self._holder = holder
        self._data: Any = holder.data
        self._groups = [each.name for each in holder.vertex_groups] if holder.type == "MESH" else []
        self._bones = set(bones)
        self._slots = [
            each.material if each.link == "DATA" else None for each in holder.material_slots
        ]

    def apply(self) -> list[Message]:
        """Transfer the user's work from the earlier data to the new data; return notes."""
        new: Any = self._holder.data
        _carry_properties(self._data, new)
        lost = animation.transfer(self._data, new, is_user_work)
        if isinstance(new, bpy.types.Mesh):
            lost += self._bring_materials(new)
            lost += _carry_shape_keys(self._data, new)
            lost += self._bring_vertex_groups(new)
            lost += _only_on(self._data, new)
        if not lost:
            return []
        names = ", ".join(dict.fromkeys(lost))
        return [note("data_not_transferred", name=self._holder.name, lost=names)]

    def _bring_materials(self, mesh: Any) -> list[str]:
        """Assign the user's materials to the slots with the same index, or to further ones."""
        lost: list[str] = []
        for number, earlier in enumerate(self._slots):
            if earlier is None:
                continue
            new = mesh.materials[number] if number < len(mesh.materials) else None
            if not tags.is_marked(earlier):
                if number < len(mesh.materials):
                    mesh.materials[number] = earlier
                else:
                    mesh.materials.append(earlier)
            elif new is not None and new != earlier:
                lost += _carry_material(earlier, new)
        return lost

    def _bring_vertex_groups(self, mesh: Any) -> list[str]:
        """Transfer the user's vertex groups by nearest vertex; those of bones come with the
        model.
        """
        asked_for = {
            value
            for each in self._holder.modifiers
            for name in ("vertex_group", "vertex_group_a")
            if (value := getattr(each, name, ""))
        }
        there = {each.name for each in self._holder.vertex_groups}
        wanted = {
            number: name
            for number, name in enumerate(self._groups)
            if name not in there and (name in asked_for or name not in self._bones)
        }
        if not wanted or not len(self._data.vertices) or not len(mesh.vertices):
            return []
        groups = {
            number: self._holder.vertex_groups.new(name=name) for number, name in wanted.items()
        }
        nearest = _nearest(_points(self._data), _points(mesh))
        weights = [
            [(each.group, each.weight) for each in vertex.groups if each.group in wanted]
            for vertex in self._data.vertices
        ]
        for vertex, source in enumerate(nearest):
            for number, weight in weights[source]:
                if weight > LIGHT:
                    groups[number].add((vertex,), weight, "REPLACE")
        return []


def _carry_properties(old: Any, new: Any) -> None:
    for key in old.keys():
        if not key.startswith(tags.PREFIX) and key not in new:
            new[key] = old[key]


def _carry_material(old: Any, new: Any) -> list[str]:
    """Transfer drivers and the user's action, and retarget drivers to the new material."""
    places = {old: new}
    lost = animation.transfer(old, new, is_user_work)
    if old.node_tree is not None and new.node_tree is not None:
        lost += animation.transfer(old.node_tree, new.node_tree, is_user_work)
        places[old.node_tree] = new.node_tree
    animation.retarget_drivers(places)
    return lost


def _carry_shape_keys(old: Any, new: Any) -> list[str]:
    """Transfer values and drivers by name; return the keys that the new mesh lacks."""
    if old.shape_keys is None:
        return []
    mine = old.shape_keys.key_blocks
    if new.shape_keys is None:
        return [each.name for each in mine[1:]]
    theirs = new.shape_keys.key_blocks
    for each in mine[1:]:
        if each.name in theirs:
            there = theirs[each.name]
            there.slider_min, there.slider_max = each.slider_min, each.slider_max
            there.value, there.mute = each.value, each.mute
    animation.retarget_drivers({old.shape_keys: new.shape_keys})
    return [each.name for each in mine[1:] if each.name not in theirs] + animation.transfer(
        old.shape_keys, new.shape_keys, is_user_work
    )


def _only_on(old: Any, new: Any) -> list[str]:
    """Return the UV maps and color attributes that the new mesh lacks."""
    return [
        each.name
        for layers, there in (
            (old.uv_layers, new.uv_layers),
            (old.color_attributes, new.color_attributes),
        )
        for each in layers
        if each.name not in there
    ]


def _points(mesh: Any) -> np.ndarray:
    """Return the vertices normalized to the bounding box (0 to 1), shape (n, 3).

    So parts are matched on a larger version, too.
    """
    flat = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", flat)
    points = flat.reshape(-1, 3).astype(np.float64)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return (points - low) / np.where(size > 0, size, 1.0)


def _nearest(there: np.ndarray, here: np.ndarray) -> list[int]:
    tree = KDTree(len(there))
    for number, point in enumerate(there):
        tree.insert(point, number)
    tree.balance()
    return [tree.find(point)[1] for point in here]
