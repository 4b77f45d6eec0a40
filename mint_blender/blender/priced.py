# SPDX-License-Identifier: GPL-3.0-or-later
"""Dialogs that tell a price before one confirms. Mint is asked when the dialog is opened, never while it is drawn.

Blender draws an open dialog again only when something in it is changed. So it opens as soon as the answer is here, which takes a
moment, or without a price when that takes too long.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import bpy

from ..jobs.purse import NO_MODEL_YET
from ..jobs.questions import OptimizationPrice, Price, Question
from . import asking, current
from .translations import translated

PATIENCE = 1.5  # seconds that a dialog waits for its price
STEP = 0.05

_waited: set[Question] = set()  # long enough, in vain
_timer: Any = None  # of the dialog that waits to be opened


class Priced:
    """What such an operator is too. It says what it costs, and how its dialog opens."""

    def price_question(self) -> Price | OptimizationPrice | None:
        """What is asked; None: there is nothing to ask."""
        raise NotImplementedError

    def open_dialog(self, context: bpy.types.Context) -> Any:
        """Open it, now that the price is known or not to be had."""
        raise NotImplementedError

    def invoke(self: Any, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Ask, and open the dialog when the answer is here."""
        question = self.price_question()
        if question is None or _is_answered(question) or question in _waited or not _ask(question):
            _waited.discard(question)
            return self.open_dialog(context)
        name = self.bl_idname.removeprefix("MINT_OT_")  # as Blender calls the registered class
        _wait(partial(_when_answered, name, self.as_keywords(), question, time.monotonic() + PATIENCE))
        return {"CANCELLED"}  # for now: nothing has happened yet that could be undone or repeated

    def draw_price(self, layout: bpy.types.UILayout) -> None:
        """One line."""
        price = _known_price(self.price_question())
        text = "It costs Credits." if price is None else translated(f"It costs about {price:,.0f} Credits.")
        layout.label(text=text, icon="INFO")


def optimizing_words() -> str:
    """That an optimisation which follows a generation is not in its price, and what it will cost as far as anybody can tell."""
    price = _known_price(OptimizationPrice())
    if price is not None:
        return f"Optimising comes on top: about {price:,.0f} Credits."
    is_told = _is_answered(OptimizationPrice())
    return "Optimising comes on top." if not is_told else f"Optimising comes on top. {NO_MODEL_YET}"


def forget() -> None:
    """Nobody waits any more."""
    global _timer
    if _timer is not None and bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)
    _timer = None
    _waited.clear()


def _wait(timer: Any) -> None:
    """The dialog that was asked for last is the one that opens."""
    global _timer
    forget()
    _timer = timer
    bpy.app.timers.register(timer, first_interval=STEP)


def _known_price(question: Question | None) -> float | None:
    board = current.existing()
    return board.purse.price(question) if board and question else None


def _is_answered(question: Question) -> bool:
    board = current.existing()
    return board is not None and board.purse.known(question) is not None


def _ask(question: Question) -> bool:
    return bool(current.account().key) and asking.ask(question) is None


def _when_answered(name: str, arguments: dict[str, Any], question: Question, until: float) -> float | None:
    if not _is_answered(question):
        if time.monotonic() < until:
            return STEP
        _waited.add(question)
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is not None:
        with bpy.context.temp_override(window=bpy.context.window or window):
            getattr(bpy.ops.mint, name)("INVOKE_DEFAULT", **arguments)
    return None
