# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators of the interface have in common."""

from typing import Any

import bpy

from ..message import Message
from .text_wrap import wrapped
from .translations import translated
from .typed_context import ui_scale

_WIDTH = 380


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


class LossDialog:
    """Base of the operators that ask before Credits may be lost.

    Neither Enter nor a double click loses them: Blender's own button Cancel is the default.
    """

    _words = Message("")
    _icon = "QUESTION"

    def ask_before_loss(
        self: Any,
        context: bpy.types.Context,
        *,
        title: str,
        words: Message,
        confirm_text: str,
        is_paid: bool,
    ) -> Any:
        """Open the dialog.

        `confirm_text` must not be "Cancel", which is the other button. `is_paid` says whether
        Credits were spent or reserved.
        """
        self._words = words
        self._icon = "ERROR" if is_paid else "QUESTION"
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=title, confirm_text=confirm_text, cancel_default=True
        )

    def draw(self: Any, context: bpy.types.Context) -> None:
        """Draw what may be lost."""
        width = round(_WIDTH * ui_scale())
        wrapped(self.layout, self._words, width=width, icon=self._icon, scale=1.0)
