# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask what the form would cost, once the panel was seen and nobody changes the form."""

from __future__ import annotations

import bpy

from ...jobs.queries import Balance
from ..pricing import price_queries
from . import properties as create_properties
from . import saved_settings


def panel_drawn(form: create_properties.MintForm) -> None:
    """Ask for what the panel lacks, when drawing is over. While the panel is closed, nothing is."""
    if (
        not bpy.app.background
        and not bpy.app.timers.is_registered(_ask_price)
        and price_queries.unknown(*create_properties.prices_of(form), Balance())
    ):
        bpy.app.timers.register(_ask_price, first_interval=max(0.01, saved_settings.pause_left()))


def stop() -> None:
    """Ask for nothing any more."""
    if bpy.app.timers.is_registered(_ask_price):
        bpy.app.timers.unregister(_ask_price)


def _ask_price() -> float | None:
    if (left := saved_settings.pause_left()) > 0:
        return left
    form = create_properties.of(bpy.context)
    price_queries.ask_unknown(*create_properties.prices_of(form), Balance())
    return None
