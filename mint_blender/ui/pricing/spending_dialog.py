# SPDX-License-Identifier: GPL-3.0-or-later
"""Dialogs that spend Credits: they open at once, and their prices follow.

Enter does not confirm them, and neither does the click that opened them. If the user confirms
before a price is known and there is a limit, the price is requested first, as for any button.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from ...jobs.queries import Query


class SpendingDialog:
    """Base of the operators whose dialog spends Credits when it is confirmed."""

    def queries(self) -> Sequence[Query]:
        """Return the queries for what the dialog shows now."""
        return ()

    def ask_before_spending(
        self: Any, context: bpy.types.Context, *, width: int, confirm_text: str
    ) -> Any:
        """Ask Mint for the prices, and open the dialog. Enter cancels."""
        from . import price_queries

        price_queries.ask_unknown(*self.queries())
        return context.window_manager.invoke_props_dialog(
            self, width=width, confirm_text=confirm_text, cancel_default=True
        )

    def check(self, context: bpy.types.Context) -> bool:
        """Ask for new prices where needed, after a change in the dialog."""
        from . import price_queries

        price_queries.ask_unknown(*self.queries())
        return True

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the dialog, and have it drawn again when Mint has answered."""
        from . import open_dialogs

        open_dialogs.note(context.region_popup)
        self.draw_dialog(context)

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw what is in the dialog."""
        raise NotImplementedError
