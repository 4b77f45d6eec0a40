# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dialog or the form says about a price; Mint is never asked while it is drawn."""

from __future__ import annotations

import bpy

from ...jobs.budget.prices import NO_MODEL_YET
from ...jobs.queries import OptimizationPrice, Query
from ...message import Message
from .. import session
from ..translations import translated


def draw_price(layout: bpy.types.UILayout, query: Query) -> None:
    """Draw a line with the price, or that Mint is being asked for it."""
    service, price = session.existing_service(), _known_price(query)
    is_pending = service is not None and service.queries.is_pending(query)
    if price is not None:
        text = Message("This costs about {credits:,.0f} Credits.", credits=price)
        layout.label(text=translated(text), translate=False, icon="INFO")
    elif is_pending:
        layout.label(text="Asking Mint for the price…", icon="TIME")
    else:
        layout.label(text="This costs Credits.", icon="INFO")


def optimizing_words() -> str:
    """Return a sentence: an optimization after a generation costs extra, and how much if known."""
    price = _known_price(OptimizationPrice())
    if price is not None:
        return Message("Optimizing costs about {credits:,.0f} Credits more.", credits=price)
    is_told = _is_answered(OptimizationPrice())
    return (
        Message("Optimizing costs extra.")
        if not is_told
        else Message("Optimizing costs extra. {advice}", advice=NO_MODEL_YET)
    )


def _known_price(query: Query) -> float | None:
    service = session.existing_service()
    return service.budget.price(query) if service else None


def _is_answered(query: Query) -> bool:
    service = session.existing_service()
    return service is not None and service.budget.known(query) is not None
