# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to Mint from the window: answered by the worker and kept by the board, never asked while drawing."""

from __future__ import annotations

import bpy

from ..jobs.journal import JournalTrouble
from ..jobs.questions import Balance, Question
from . import current, form, heartbeat

PAUSE = 0.6  # seconds without a change before the price is asked for


def ask(*questions: Question) -> str | None:
    """Ask Mint; a sentence says why that cannot be."""
    if not current.may_go_online():
        return current.OFFLINE
    try:
        board = current.board()
    except JournalTrouble as trouble:
        return str(trouble)
    for question in questions:
        board.ask(question)
    heartbeat.ensure()
    heartbeat.redraw()
    return None


def ask_unknown(*questions: Question) -> None:
    """Ask what is not known, or was read too long ago; nothing where nothing can be asked."""
    board = current.existing()
    unknown = [each for each in questions if board is None or not (board.purse.known(each) or board.is_asked(each))]
    if unknown and current.may_go_online() and current.account().key:
        ask(*unknown)


def form_changed() -> None:
    """The user changes the form: ask for price and balance when they pause."""
    if bpy.app.background:
        return
    forget()
    bpy.app.timers.register(_ask_price, first_interval=PAUSE)


def forget() -> None:
    """No timer of ours is left."""
    if bpy.app.timers.is_registered(_ask_price):
        bpy.app.timers.unregister(_ask_price)


def _ask_price() -> None:
    fields = form.of(bpy.context)
    form.remember(fields)
    ask_unknown(*form.prices_of(fields), Balance())
