# SPDX-License-Identifier: GPL-3.0-or-later
"""Above a limit of the preferences a person is asked before anything is started, with the price,
the limit, and what was spent today.

What is to be done waits here: until Mint has told the price, or until the dialog is confirmed.
Without a window nothing waits here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from ...jobs.queries import Question
from ...jobs.service import JobService, TooExpensive
from .. import windows
from ..text_wrap import lines_of
from ..translations import translated
from . import safe_dialog

Act = Callable[[bpy.types.Operator | None], Any]
"""What is to be done.

Nothing of an operator may be in it but the one that it is given: Blender frees them when they have
run.
"""

_WIDTH = 380

# waits for prices: one at a time, so that a second click is no second start
_priced: tuple[tuple[Question, ...], Act, int] | None = None
# waits for a person; each with the window of the click
_above: tuple[TooExpensive, Act, int] | None = None


def waits_for_price() -> bool:
    """Is Mint being asked for the price of something that was clicked?"""
    return _priced is not None


def when_priced(board: JobService, questions: tuple[Question, ...], act: Act) -> None:
    """Ask for the prices, and do it as soon as all of them are answered."""
    global _priced
    _priced = questions, act, windows.key_of(bpy.context)
    for question in questions:
        board.ask(question)


def when_confirmed(trouble: TooExpensive, act: Act) -> None:
    """Ask the user, in the window where they clicked, and do it if they want it all the same."""
    global _above
    window = windows.key_of(bpy.context)
    _above = trouble, act, window
    with windows.inside(window):
        bpy.ops.mint.spend("INVOKE_DEFAULT")


def catch_up(board: JobService) -> None:
    """Go on with what has waited for a price."""
    global _priced
    if _priced is None or any(board.is_asked(question) for question in _priced[0]):
        return
    (_, act, window), _priced = _priced, None
    with windows.inside(window):
        act(None)


def forget() -> None:
    """Nothing waits any more."""
    global _above, _priced
    _above = _priced = None


class MINT_OT_spend(safe_dialog.Spending, bpy.types.Operator):
    """Start it although it costs more than your limit in the preferences"""

    bl_idname = "mint.spend"
    bl_label = "Above Your Limit"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Ask."""
        if _above is None:
            return {"CANCELLED"}
        return self.ask_before_spending(context, width=_WIDTH, confirm_text="Start Anyway")

    def draw(self, context: bpy.types.Context) -> None:
        """Price and limit in a sentence, and what was spent today."""
        if _above is None:
            return
        trouble, _, _ = _above
        column = self.layout.column(align=True)
        room = (_WIDTH - 50) * context.preferences.system.ui_scale
        for number, line in enumerate(lines_of(translated(trouble.sentence), room)):
            column.label(text=line, icon="BLANK1" if number else "ERROR", translate=False)
        self.layout.label(
            text=translated(f"Spent today: {trouble.spent:,.0f} Credits"),
            icon="BLANK1",
            translate=False,
        )

    def execute(self, context: bpy.types.Context) -> Any:
        """The user wants it."""
        global _above
        if _above is None:
            return {"CANCELLED"}
        (_, act, window), _above = _above, None
        with windows.inside(window):
            return act(self)

    def cancel(self, context: bpy.types.Context) -> None:
        """The user does not want it."""
        global _above
        _above = None


CLASSES = (MINT_OT_spend,)
