# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what depends on bones when an armature is replaced; bones are matched by name.

Blender itself keeps the constraints of bones that exist again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from ...message import Message
from ..data_blocks import all_data_blocks
from ..notes import note
from . import fingerprint


def bone_names(objects: Iterable[bpy.types.Object]) -> set[str]:
    """Return the names of the bones of all armatures among these objects."""
    return {
        bone.name
        for each in objects
        if isinstance(each.data, bpy.types.Armature)
        for bone in each.data.bones
    }


def copy_pose(part: bpy.types.Object, earlier: bpy.types.Object) -> None:
    """Copy the new version's pose, unless the user changed the pose."""
    if fingerprint.is_posed(earlier):
        return
    for bone in earlier.pose.bones:
        if bone.name in part.pose.bones:
            bone.matrix_basis = part.pose.bones[bone.name].matrix_basis
    fingerprint.store_pose(earlier)


class BoneUsers:
    """The users of the bones of armatures, recorded before the exchange and relinked after it."""

    def __init__(self, armatures: Iterable[bpy.types.Object]) -> None:
        self._before = {each: self._used(each) for each in armatures}

    def relink(self) -> list[Message]:
        """Parent children of missing bones to the armature, keeping world transforms.

        Returns:
            A note for each armature that lacks bones which were in use.
        """
        notes = []
        for armature, used in self._before.items():
            existing = (
                {bone.name for bone in armature.data.bones}
                if isinstance(armature.data, bpy.types.Armature)
                else set()
            )
            for child in [
                each
                for each in armature.children
                if each.parent_type == "BONE" and each.parent_bone not in existing
            ]:
                world = child.matrix_world.copy()
                child.parent_type, child.parent_bone = "OBJECT", ""
                child.matrix_parent_inverse = armature.matrix_world.inverted_safe()
                child.matrix_basis = world
            if gone := sorted(used - existing):
                notes.append(note("bones_missing", name=armature.name, bones=", ".join(gone)))
        return notes

    @staticmethod
    def _used(armature: bpy.types.Object) -> set[str]:
        """Return the bones with constraints or children, or that constraints or drivers use."""
        own = {each.name for each in armature.pose.bones if each.constraints}
        own |= {each.parent_bone for each in armature.children if each.parent_type == "BONE"}
        for each in bpy.data.objects:
            holders: list[Any] = [each, *(each.pose.bones if each.pose is not None else ())]
            constraints = [constraint for holder in holders for constraint in holder.constraints]
            own |= {
                name
                for each_constraint in constraints
                if getattr(each_constraint, "target", None) == armature
                and (name := getattr(each_constraint, "subtarget", ""))
            }
        return own | _bones_of_drivers(armature)


def _bones_of_drivers(armature: bpy.types.Object) -> set[str]:
    found = set()
    for block in all_data_blocks():
        data = getattr(block, "animation_data", None)
        for curve in data.drivers if data is not None else ():
            targets = [each for variable in curve.driver.variables for each in variable.targets]
            found |= {
                each.bone_target for each in targets if each.id == armature and each.bone_target
            }
    return found
