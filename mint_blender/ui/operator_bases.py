# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators of the interface have in common."""

from pathlib import Path

import bpy

from .translations import translated


class MintOperator(bpy.types.Operator):
    """Base of the operators that Blender's search finds, and that scripts call."""

    bl_options = {"REGISTER"}


class ButtonOperator(bpy.types.Operator):
    """Base of the operators that only buttons and menus of ours call."""

    bl_options = {"INTERNAL"}


class FilesOperator(MintOperator):
    """Base of the operators on files: the file browser, or a drop, fills them in."""

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"}
    )

    def paths(self) -> list[Path]:
        """Return the files that were chosen."""
        folder = Path(bpy.path.abspath(self.directory))
        several = [folder / file.name for file in self.files if file.name]
        one = Path(bpy.path.abspath(self.filepath)) if self.filepath else None
        return several or ([one] if one is not None and not one.is_dir() else [])


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
