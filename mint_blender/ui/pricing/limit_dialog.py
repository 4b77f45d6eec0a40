# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the user before anything is started that costs more than a limit of the preferences.

The dialog says the price, the limit, and what was spent today. The action waits here: until Mint
has returned the price, or until the dialog is confirmed. Without a window nothing waits here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from .. import session, text_fields
from ..text_wrap import lines_of
from ..translations import translated
from ..typed_context import ui_scale
from . import spending_dialog

if TYPE_CHECKING:
    from ...jobs.queries import Query
    from ...jobs.service import JobService, TooExpensive

Act = Callable[[bpy.types.Operator | None], Any]
"""A function that does what was clicked.

It must use no operator but the one that it is given: Blender frees operators when they have run.
"""

_WIDTH = 380


class _State:
    """The actions that wait, each with the window of the click."""

    unpriced: tuple[tuple[Query, ...], Act, int] | None = None
    """The action that waits for prices; only one, so that a second click starts nothing twice."""
    unconfirmed: tuple[TooExpensive, Act, int] | None = None
    """The action that waits for the user's confirmation."""


def _state() -> _State:
    return session.state(_State)


def waits_for_price() -> bool:
    """Return whether an action waits for its price."""
    return _state().unpriced is not None


def is_waiting(service: JobService) -> bool:
    """Return whether the heartbeat has to continue for an action that waits."""
    return waits_for_price()


def when_priced(service: JobService, queries: tuple[Query, ...], act: Act) -> None:
    """Ask for the prices, and run the action as soon as all of them are answered."""
    _state().unpriced = queries, act, key_of(bpy.context)
    for query in queries:
        service.queries.ask(query)


def when_confirmed(error: TooExpensive, act: Act) -> None:
    """Ask the user in the window of the click, and run the action if they confirm."""
    window = key_of(bpy.context)
    _state().unconfirmed = error, act, window
    with inside(window):
        bpy.ops.mint.spend("INVOKE_DEFAULT")  # type: ignore[attr-defined]


def catch_up(service: JobService) -> bool:
    """Run the action whose price has arrived, unless the user is typing into a field."""
    state = _state()
    if (
        state.unpriced is None
        or text_fields.is_edited()
        or any(service.queries.is_pending(query) for query in state.unpriced[0])
    ):
        return False

    (_, act, window), state.unpriced = state.unpriced, None
    with inside(window):
        act(None)
    return False


def forget() -> None:
    """Drop the actions that wait."""
    state = _state()
    state.unconfirmed = state.unpriced = None


class MINT_OT_spend(spending_dialog.SpendingDialog, bpy.types.Operator):
    """Start even though this exceeds your limit in the preferences."""

    bl_idname = "mint.spend"
    bl_label = "Above Your Limit"
    bl_description = "Start even though this exceeds your limit in the preferences"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Open the dialog."""
        if _state().unconfirmed is None:
            return {"CANCELLED"}
        return self.ask_before_spending(context, width=_WIDTH, confirm_text="Start Anyway")

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw price and limit in a sentence, and what was spent today."""
        unconfirmed = _state().unconfirmed
        if unconfirmed is None:
            return
        error, _, _ = unconfirmed
        column = self.layout.column(align=True)
        room = (_WIDTH - 50) * ui_scale()
        for number, line in enumerate(lines_of(translated(error.message), room)):
            column.label(text=line, icon="BLANK1" if number else "ERROR", translate=False)
        self.layout.label(
            text=translated(Message("Spent today: {credits:,.0f} Credits", credits=error.spent)),
            icon="BLANK1",
            translate=False,
        )

    def execute(self, context: bpy.types.Context) -> Any:
        """Run the confirmed action."""
        state = _state()
        if state.unconfirmed is None:
            return {"CANCELLED"}

        (_, act, window), state.unconfirmed = state.unconfirmed, None
        with inside(window):
            return act(self)

    def cancel(self, context: bpy.types.Context) -> None:
        """Drop the declined action."""
        _state().unconfirmed = None


CLASSES = (MINT_OT_spend,)


def key_of(context: bpy.types.Context) -> int:
    """Return a key of the current window, its address; 0 if there is none."""
    return context.window.as_pointer() if context.window is not None else 0


def find(key: int) -> bpy.types.Window | None:
    """Return the remembered window, else the first one; None if there is no window at all."""
    windows = list(bpy.context.window_manager.windows)
    return next(
        (window for window in windows if window.as_pointer() == key), next(iter(windows), None)
    )


@contextmanager
def inside(key: int) -> Iterator[None]:
    """Run operators in the remembered window, else in the first one."""
    with bpy.context.temp_override(window=find(key)):
        yield
