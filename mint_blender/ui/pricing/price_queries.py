# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to Mint from the window: answered by the worker and kept by the board, never asked
while drawing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import bpy

from ...addon_settings import may_go_online
from ...jobs.queries import Balance, Question
from ...jobs.storage.journal import JournalError
from .. import heartbeat, session
from ..create import properties as create_properties

PAUSE = 0.6  # seconds without a change before the price is asked for


def ask(*questions: Question) -> str | None:
    """Ask Mint; a sentence says why that cannot be."""
    if not may_go_online():
        return session.OFFLINE
    try:
        board = session.service()
    except JournalError as trouble:
        return str(trouble)
    for question in questions:
        board.ask(question)
    heartbeat.listen()
    heartbeat.redraw()
    return None


def ask_unknown(*questions: Question) -> None:
    """Ask what is not known, or was read too long ago; nothing where nothing can be asked."""
    board = session.existing_service()
    unknown = [
        each
        for each in questions
        if board is None or not (board.budget.known(each) or board.is_asked(each))
    ]
    if unknown and may_go_online() and session.account().key:
        ask(*unknown)


def form_changed() -> None:
    """The user changes the form: when they pause it is kept, and the panel, which is drawn again,
    may ask for price and balance.
    """
    if bpy.app.background:
        return
    forget()
    _pause.begin()
    bpy.app.timers.register(_remember, first_interval=PAUSE)
    heartbeat.redraw()


def seen(fields: create_properties.MintForm) -> None:
    """The panel was drawn: what it lacks is asked for as soon as drawing is over and nobody changes
    anything. Unseen, nothing is.
    """
    if (
        not bpy.app.background
        and not bpy.app.timers.is_registered(_ask_price)
        and _unknown(create_properties.prices_of(fields))
    ):
        bpy.app.timers.register(_ask_price, first_interval=max(0.01, _pause.left()))


def forget() -> None:
    """No timer of ours is left."""
    for timer in (_ask_price, _remember):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)


class _Pause:
    """Since when the form was left alone."""

    def __init__(self) -> None:
        self._changed_at = -PAUSE

    def begin(self) -> None:
        """It was changed just now."""
        self._changed_at = time.monotonic()

    def left(self) -> float:
        """Seconds until it counts as left alone."""
        return self._changed_at + PAUSE - time.monotonic()


_pause = _Pause()


def _unknown(prices: Iterable[Question]) -> list[Question]:
    board = session.existing_service()
    return [
        each
        for each in (*prices, Balance())
        if board is None or not (board.budget.known(each) or board.is_asked(each))
    ]


def _ask_price() -> float | None:
    if (left := _pause.left()) > 0:
        return left
    ask_unknown(*create_properties.prices_of(create_properties.of(bpy.context)), Balance())
    return None


def _remember() -> None:
    create_properties.remember(create_properties.of(bpy.context))
