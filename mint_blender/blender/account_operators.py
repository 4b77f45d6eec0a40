# SPDX-License-Identifier: GPL-3.0-or-later
"""Key, balance, price: asked by the worker, never while drawing."""

from __future__ import annotations

from typing import Any

import bpy

from ..jobs.journal import JournalTrouble
from ..jobs.questions import Balance, Price, Question, WhoseKey
from ..mint.schema import Kind, Mode, Preset
from . import current, form, heartbeat
from .operators import OFFLINE
from .translations import translated

PAUSE = 0.6  # seconds without a change before the price is asked for


def ask(*questions: Question) -> str | None:
    """Ask Mint; a sentence says why that cannot be."""
    if not current.may_go_online():
        return OFFLINE
    try:
        board = current.board()
    except JournalTrouble as trouble:
        return str(trouble)
    for question in questions:
        board.ask(question)
    heartbeat.ensure()
    heartbeat.redraw()
    return None


def account_changed() -> None:
    """Another key or address was entered: say at once whether Mint accepts it."""
    if not bpy.app.background and current.may_go_online() and current.account().key:
        ask(WhoseKey(), Balance())


def form_changed() -> None:
    """The user changes the form: ask for price and balance when they pause, unless both are known."""
    if bpy.app.background:
        return
    if bpy.app.timers.is_registered(_ask_price):
        bpy.app.timers.unregister(_ask_price)
    bpy.app.timers.register(_ask_price, first_interval=PAUSE)


def forget() -> None:
    """No timer of ours is left."""
    if bpy.app.timers.is_registered(_ask_price):
        bpy.app.timers.unregister(_ask_price)


def _ask_price() -> None:
    board = current.existing()
    fields = form.of(bpy.context)
    form.remember(fields)
    price = Price(Kind(fields.kind.lower()), Preset(fields.preset.lower()), Mode.REVIEW if fields.review else Mode.AUTO)
    known = board.answers if board else {}
    unknown = [question for question in (price, Balance()) if question not in known]
    if unknown and current.may_go_online() and current.account().key:
        ask(*unknown)


class _Question(bpy.types.Operator):
    """Asks Mint and returns at once; the panel shows the answer."""

    bl_options = {"REGISTER"}
    questions: tuple[Question, ...]

    def execute(self, context: bpy.types.Context) -> Any:
        """Ask."""
        complaint = ask(*self.questions)
        if complaint:
            self.report({"ERROR"}, translated(complaint))
            return {"CANCELLED"}
        return {"FINISHED"}


class MINT_OT_check_key(_Question):
    """Ask Mint whether it accepts the key, and whose it is"""

    bl_idname = "mint.check_key"
    bl_label = "Check Key"
    questions = (WhoseKey(), Balance())


class MINT_OT_refresh_account(_Question):
    """Read the balance and usage again"""

    bl_idname = "mint.refresh_account"
    bl_label = "Refresh Mint Account"
    questions = (Balance(),)


class MINT_OT_open_online_preference(bpy.types.Operator):
    """Open the preference that allows Blender to go online"""

    bl_idname = "mint.open_online_preference"
    bl_label = "Open Preferences"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        """The System section holds it in every version."""
        bpy.ops.screen.userpref_show()
        context.preferences.active_section = "SYSTEM"
        return {"FINISHED"}


CLASSES = (MINT_OT_check_key, MINT_OT_refresh_account, MINT_OT_open_online_preference)
