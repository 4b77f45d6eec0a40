# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators of the interface have in common."""

import bpy

from .translations import translated


class MintOperator(bpy.types.Operator):
    """Base of the operators that Blender's search finds, and that scripts call."""

    bl_options = {"REGISTER"}


class ButtonOperator(bpy.types.Operator):
    """Base of the operators that only buttons and menus of ours call."""

    bl_options = {"INTERNAL"}


class CheckedOperator(MintOperator):
    """Base of the operators whose tooltip says why they are not possible now."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether nothing is complained about."""
        complaint = cls.complaint(context)
        if complaint:
            cls.poll_message_set(translated(complaint))
        return not complaint

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why this is not possible; empty if it is."""
        raise NotImplementedError
