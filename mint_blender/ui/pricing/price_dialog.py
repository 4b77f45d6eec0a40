# SPDX-License-Identifier: GPL-3.0-or-later
"""Dialogs that tell a price before one confirms.

Mint is asked when the dialog is opened, never while it is drawn.

Blender draws an open dialog again only when something in it is changed. So it opens as soon as the
answer is here, which takes a moment, or without a price when that takes too long. The heartbeat
opens it, in the window of the click.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...jobs.budget.prices import NO_MODEL_YET
from ...jobs.queries import OptimizationPrice, Price, Query
from ...message import Message
from .. import heartbeat, session
from ..translations import translated
from . import pending_dialogs, price_queries, safe_dialog


class PriceMixin(safe_dialog.Spending):
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
        if (
            question is None
            or _is_answered(question)
            or pending_dialogs.has_waited(question)
            or not _ask(question)
        ):
            return self.open_dialog(context)
        name = self.bl_idname.removeprefix("MINT_OT_")  # as Blender calls the registered class
        pending_dialogs.wait(context, name, self.as_keywords(), question)
        heartbeat.ensure()
        return {"CANCELLED"}  # for now: nothing has happened yet that could be undone or repeated

    def draw_price(self, layout: bpy.types.UILayout) -> None:
        """One line."""
        price = _known_price(self.price_question())
        text = (
            Message("This costs Credits.")
            if price is None
            else translated(Message("This costs about {credits:,.0f} Credits.", credits=price))
        )
        layout.label(text=translated(text), translate=False, icon="INFO")


def optimizing_words() -> str:
    """That an optimization which follows a generation is not in its price, and what it will cost as
    far as anybody can tell.
    """
    price = _known_price(OptimizationPrice())
    if price is not None:
        return Message("Optimizing costs about {credits:,.0f} Credits more.", credits=price)
    is_told = _is_answered(OptimizationPrice())
    return (
        Message("Optimizing costs extra.")
        if not is_told
        else Message("Optimizing costs extra. {advice}", advice=NO_MODEL_YET)
    )


def _known_price(question: Query | None) -> float | None:
    service = session.existing_service()
    return service.budget.price(question) if service and question else None


def _is_answered(question: Query) -> bool:
    service = session.existing_service()
    return service is not None and service.budget.known(question) is not None


def _ask(question: Query) -> bool:
    return bool(session.account().key) and price_queries.ask(question) is None
