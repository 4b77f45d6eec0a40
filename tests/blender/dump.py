# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that RNA tells about every data-block, as plain values, so that two moments can be compared."""

from __future__ import annotations

import warnings
from typing import Any

import bpy
import numpy as np

# What Blender itself counts on while nothing changes: users and tags come and go, and evaluation leaves its marks.
PASSING = {
    "users",
    "tag",
    "is_updated",
    "is_updated_data",
    "rna_type",
    "session_uid",
    "is_evaluated",
    "original",
    "depsgraph",
    "storage_type",
    "icon_id",
}
# Asking for these crashes one Blender or another: what a window shows, the brush of a tool that was never used, and the list of all
# objects under a collection, which is stale after an undo in 4.3.
NOT_ASKED = {"uv_sculpt", "all_objects", "particle_edit"}
WINDOWS = (bpy.types.Screen, bpy.types.WindowManager, bpy.types.WorkSpace)
DEPTH = 4


class Picture:
    """All data-blocks of one moment."""

    def __init__(self) -> None:
        from mint_blender.blender.scene.blocks import every_block

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some members warn that they will go
            self.blocks = {
                (type(each).__name__, each.name_full): _told(each, DEPTH)
                for each in every_block()
                if not isinstance(each, WINDOWS) and not each.library
            }

    def assert_same(self, later: Picture, *, but_new: bool = False) -> None:
        """Fail, naming the first difference. `but_new`: further data-blocks may have come."""
        assert set(self.blocks) - set(later.blocks) == set(), "data-blocks are gone"
        if not but_new:
            assert set(later.blocks) - set(self.blocks) == set(), "data-blocks have come"
        for key, before in self.blocks.items():
            for name, value in before.items():
                assert later.blocks[key].get(name) == value, f"{key}: {name} was {value!r} and is {later.blocks[key].get(name)!r}"


def _told(struct: Any, depth: int, prefix: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {}
    for prop in struct.bl_rna.properties:
        name = prop.identifier
        if name in PASSING | NOT_ASKED or name.startswith("bl_"):
            continue
        try:
            value = getattr(struct, name)
        except Exception:
            continue
        told |= _value(prefix + name, prop, value, depth)
    if isinstance(struct, bpy.types.ID):
        told |= {f"{prefix}[{key}]": _plain(struct[key]) for key in list(struct.keys())}
    return told


def _plain(value: Any) -> str:
    """A custom property without the address that its group shows."""
    return str(value.to_dict() if hasattr(value, "to_dict") else value)


def _value(name: str, prop: Any, value: Any, depth: int) -> dict[str, Any]:
    if prop.type == "POINTER":
        if value is None or isinstance(value, bpy.types.ID):
            return {name: value and (type(value).__name__, value.name_full)}
        return _told(value, depth - 1, f"{name}.") if depth else {}
    if prop.type == "COLLECTION":
        return _collection(name, value, depth)
    if getattr(prop, "is_array", False):
        return {name: np.array(value).tolist()}
    return {name: value}


def _collection(name: str, value: Any, depth: int) -> dict[str, Any]:
    told: dict[str, Any] = {name: len(value)}
    if not depth or len(value) > 5000:
        return told
    for number, each in enumerate(value):
        if isinstance(each, bpy.types.ID):
            told[f"{name}[{number}]"] = each.name_full
        elif hasattr(each, "bl_rna"):
            told |= _told(each, depth - 1, f"{name}[{number}].")
    return told
