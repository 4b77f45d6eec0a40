# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask for the form's price, once the panel was drawn and the form is not being changed."""

from __future__ import annotations

import bpy

from ...jobs.queries import Balance
from ..pricing import price_queries
from . import properties as create_properties
from . import saved_settings


def ask() -> bool:
    """Ask for the price and the balance that the form shows.

    Called after the form was drawn. Returns True while it is too early, as the user is still
    changing the form.
    """
    if saved_settings.pause_left() > 0:
        return True
    form = create_properties.of(bpy.context)
    price_queries.ask_unknown(*create_properties.prices_of(form), Balance())
    return False
