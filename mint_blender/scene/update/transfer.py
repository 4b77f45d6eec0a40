# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfer the user's work from an earlier mesh or armature to the one that replaces it.

- A material that the user assigned to a slot stays in the slot with that index. Mint's materials
  come from the new version.
- A material, image or action from Mint that the user changed is kept in the file, but not used,
  since it was made for other UVs.
- Vertex groups are transferred by nearest vertex. Shape keys with the same name keep their value,
  drivers and action.
- UV maps, colors and shape keys of the user belong to vertices that no longer exist: they are lost,
  and a note names them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np
from mathutils.kdtree import KDTree

from ...message import Message
from .. import mesh_arrays, tags
from ..notes import note
from . import animation
from .fingerprint import is_user_work

MIN_WEIGHT = 1e-6
"""Smaller vertex weights are not transferred."""


class EarlierData:
    """The data of an object, recorded before it is replaced and applied to the new data."""

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
        _copy_properties(self._data, new)
        lost = animation.transfer(self._data, new, is_user_work)
        if isinstance(new, bpy.types.Mesh):
            lost += self._transfer_materials(new)
            lost += _transfer_shape_keys(self._data, new)
            lost += self._transfer_vertex_groups(new)
            lost += _missing_layers(self._data, new)
        if not lost:
            return []
        names = ", ".join(dict.fromkeys(lost))
        return [note("data_not_transferred", name=self._holder.name, lost=names)]

    def _transfer_materials(self, mesh: Any) -> list[str]:
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
                lost += _transfer_material(earlier, new)
        return lost

    def _transfer_vertex_groups(self, mesh: Any) -> list[str]:
        """Transfer the user's vertex groups by nearest vertex; the model has those of its bones."""
        in_use = {
            value
            for each in self._holder.modifiers
            for name in ("vertex_group", "vertex_group_a")
            if (value := getattr(each, name, ""))
        }
        existing = {each.name for each in self._holder.vertex_groups}
        wanted = {
            number: name
            for number, name in enumerate(self._groups)
            if name not in existing and (name in in_use or name not in self._bones)
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
                if weight > MIN_WEIGHT:
                    groups[number].add((vertex,), weight, "REPLACE")
        return []


def _copy_properties(old: Any, new: Any) -> None:
    for key in old.keys():
        if not key.startswith(tags.PREFIX) and key not in new:
            new[key] = old[key]


def _transfer_material(old: Any, new: Any) -> list[str]:
    """Transfer drivers and the user's action, and retarget drivers to the new material."""
    replacements = {old: new}
    lost = animation.transfer(old, new, is_user_work)
    if old.node_tree is not None and new.node_tree is not None:
        lost += animation.transfer(old.node_tree, new.node_tree, is_user_work)
        replacements[old.node_tree] = new.node_tree
    animation.retarget_drivers(replacements)
    return lost


def _transfer_shape_keys(old: Any, new: Any) -> list[str]:
    """Transfer values and drivers by name; return the keys that the new mesh lacks."""
    if old.shape_keys is None:
        return []
    mine = old.shape_keys.key_blocks
    if new.shape_keys is None:
        return [each.name for each in mine[1:]]
    theirs = new.shape_keys.key_blocks
    for each in mine[1:]:
        if each.name in theirs:
            existing = theirs[each.name]
            existing.slider_min, existing.slider_max = each.slider_min, each.slider_max
            existing.value, existing.mute = each.value, each.mute
    animation.retarget_drivers({old.shape_keys: new.shape_keys})
    return [each.name for each in mine[1:] if each.name not in theirs] + animation.transfer(
        old.shape_keys, new.shape_keys, is_user_work
    )


def _missing_layers(old: Any, new: Any) -> list[str]:
    """Return the names of UV maps and color attributes that the new mesh lacks."""
    return [
        each.name
        for layers, existing in (
            (old.uv_layers, new.uv_layers),
            (old.color_attributes, new.color_attributes),
        )
        for each in layers
        if each.name not in existing
    ]


def _points(mesh: Any) -> np.ndarray:
    """Return the vertices normalized to the bounding box (0 to 1), shape (n, 3).

    Normalized, so that vertices are also matched if the new version has another size.
    """
    points = mesh_arrays.positions(mesh).reshape(-1, 3).astype(np.float64)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return (points - low) / np.where(size > 0, size, 1.0)


def _nearest(points: np.ndarray, queries: np.ndarray) -> list[int]:
    """Return the index of the nearest point for each query point."""
    tree = KDTree(len(points))
    for number, point in enumerate(points):
        tree.insert(point, number)
    tree.balance()
    return [tree.find(point)[1] for point in queries]
