# SPDX-License-Identifier: GPL-3.0-or-later
"""What is missing before anything can be generated: one thing at a time, with what helps."""

from __future__ import annotations

import bpy

from ...addon_settings import may_go_online
from ...message import Message
from .. import session
from ..manual import links as manual
from ..text_wrap import wrapped
from . import panel as account_panel

REQUEST_ACCESS_URL = "mailto:hello@mint.gg?subject=Access%20to%20the%20Mint%20API"
CREATE_KEY_URL = "https://platform.mint.gg"


def draw(layout: bpy.types.UILayout) -> None:
    """Draw the first thing that is missing."""
    if not may_go_online():
        _draw_offline(layout)
    elif session.account().key or session.account().withheld_from:
        _draw_key_to_check(layout)
    else:
        _draw_no_key(layout)
    manual.draw(layout, "start/api-key")


def _draw_offline(layout: bpy.types.UILayout) -> None:
    layout.label(text="Online access is off", icon="INTERNET_OFFLINE")
    wrapped(layout, Message("Mint generates on its servers, so it needs online access."))
    column = layout.column()
    column.scale_y = 1.5
    account_panel.draw_allow_online(column)


def _draw_no_key(layout: bpy.types.UILayout) -> None:
    layout.label(text="API key required", icon="LOCKED")
    wrapped(
        layout,
        Message("Mint's API is in beta. Request access, create an API key and paste it here."),
    )
    column = layout.column(align=True)  # side by side, the German labels are cut off
    column.operator("wm.url_open", text="Request Access", icon="URL").url = REQUEST_ACCESS_URL
    draw_create_key(column)
    account_panel.draw_key(layout)


def _draw_key_to_check(layout: bpy.types.UILayout) -> None:
    """Draw a key that is being checked, was refused, or waits for its address to be confirmed."""
    account_panel.draw_key(layout)
    if account_panel.key_problem():
        draw_create_key(layout)


def draw_create_key(layout: bpy.types.UILayout) -> None:
    """Draw the button that opens the page where keys are created."""
    layout.operator("wm.url_open", text="Create API Key", icon="URL").url = CREATE_KEY_URL
