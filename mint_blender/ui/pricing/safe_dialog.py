# SPDX-License-Identifier: GPL-3.0-or-later
"""Dialogs that spend Credits: Enter does not confirm them, and neither does the click that opened
them.
"""

from __future__ import annotations

from typing import Any

import bpy


class Spending:
    """What an operator is too whose dialog spends Credits when it is confirmed."""

    def ask_before_spending(
        self: Any, context: bpy.types.Context, *, width: int, confirm_text: str
    ) -> Any:
        """Open the dialog. Enter cancels."""
        return context.window_manager.invoke_props_dialog(
            self, width=width, confirm_text=confirm_text, cancel_default=True
        )
