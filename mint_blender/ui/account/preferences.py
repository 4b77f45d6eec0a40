# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: account, usage, limits, defaults, disk, and advanced settings."""

from __future__ import annotations

from typing import Any

import bpy

from ... import __package__ as ADDON
from ...addon_settings import base_url_from_environment, key_from_environment, may_go_online
from ...message import Message
from .. import session
from ..create import properties as create_properties
from ..text_wrap import wrapped
from ..translations import translated
from . import disk_usage, log_file
from . import operators as account_operators


def _account_changed(self: MintPreferences, context: bpy.types.Context) -> None:
    session.account_changed()
    account_operators.account_changed()


class MintPreferences(bpy.types.AddonPreferences):
    """Stored by Blender in the user's preferences, not in a .blend."""

    bl_idname = ADDON

    api_key: bpy.props.StringProperty(
        name="API Key",
        description=(
            "Your Mint API key. Blender stores it unencrypted in your preferences. Alternatively, "
            "set the environment variable MINT_API_KEY"
        ),
        subtype="PASSWORD",
        update=_account_changed,
    )
    base_url: bpy.props.StringProperty(
        name="Base URL",
        description="Address of Mint's API. Leave empty for the default",
        update=_account_changed,
    )
    confirmed_origins: bpy.props.StringProperty(name="Confirmed Addresses", options={"HIDDEN"})
    limit_each: bpy.props.IntProperty(
        name="Per Generation",
        description=(
            "Ask before a generation that costs more than this many Credits. Scripts and the "
            "command line refuse instead. 0 means no limit"
        ),
        min=0,
    )
    limit_day: bpy.props.IntProperty(
        name="Per Day",
        description=(
            "Ask before spending more than this many Credits in a day. Scripts and the command "
            "line refuse instead. 0 means no limit"
        ),
        min=0,
    )
    import_in_background: bpy.props.BoolProperty(
        name="Import in Background",
        description=(
            "A second Blender without a window imports each result, and this one only adds the"
            " finished objects. Turn this off to import here, which stops the window meanwhile"
        ),
        default=True,
    )
    show_advanced: bpy.props.BoolProperty(name="Advanced", options={"SKIP_SAVE"})

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the preferences from values that were read before."""
        _draw(self.layout, self)


def _draw(layout: bpy.types.UILayout, stored: MintPreferences) -> None:
    """Draw account, usage, limits, defaults, disk and advanced settings."""
    _draw_account(layout.box())
    if session.account().key:
        _draw_usage(layout.box())
        _draw_limits(layout.box(), stored)
    _draw_defaults(layout.box())
    _draw_disk(layout.box())
    _draw_advanced(layout.box(), stored)


def _draw_account(box: bpy.types.UILayout) -> None:
    from . import panel as account_panel

    box.label(text="Account", icon="USER")
    if key_from_environment():
        wrapped(
            box,
            Message("The environment variable MINT_API_KEY overrides this field."),
            icon="INFO",
        )
    account_panel.draw_key(box)
    wrapped(
        box,
        Message(
            "Blender stores the key unencrypted in your preferences. Alternatively, set the "
            "environment variable MINT_API_KEY."
        ),
    )
    online = may_go_online()
    row = box.row()
    row.label(
        text="Online access is on" if online else "Online access is off",
        icon="INTERNET" if online else "INTERNET_OFFLINE",
    )
    if not online:
        account_panel.draw_allow_online(row)


def _draw_usage(box: bpy.types.UILayout) -> None:
    """Draw the totals from Mint, and those from the journal of this computer."""
    from . import panel as account_panel
    from . import usage_chart

    row = box.row()
    row.label(text=translated(Message("Usage")), translate=False, icon="GRAPH")
    row.operator("mint.refresh_account", text="Refresh", icon="FILE_REFRESH")
    usage_chart.draw(box)
    account_panel.draw_usage(box)


def _draw_limits(box: bpy.types.UILayout, stored: MintPreferences) -> None:
    """Draw the spending limits."""
    box.label(text=translated(Message("Limits")), translate=False, icon="LOCKED")
    wrapped(
        box,
        Message(
            "Above a limit, you are asked before anything starts. Scripts and the command line "
            "refuse instead."
        ),
    )
    column = box.column()
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(stored, "limit_each")
    column.prop(stored, "limit_day")


def _draw_defaults(box: bpy.types.UILayout) -> None:
    """Draw the form's settings: the last ones used are the defaults."""
    box.label(text="Defaults", icon="PRESET")
    fields = create_properties.of(bpy.context)
    column = box.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for name in ("kind", "preset", "review", "place", "pose", "splats"):
        column.prop(fields, name)


def _draw_disk(box: bpy.types.UILayout) -> None:
    box.label(text="Downloads and Journal", icon="DISK_DRIVE")
    row = box.row()
    row.label(text=str(session.home()), translate=False)
    row.operator("wm.path_open", text="", icon="FILE_FOLDER").filepath = str(session.home())
    row = box.row()
    row.label(text=translated(disk_usage.size_in_words()), translate=False)
    row.operator(
        "mint.measure_downloads",
        text=translated(Message("Measure")),
        translate=False,
        icon="FILE_REFRESH",
    )
    row.operator("mint.clear_downloads", text="Clear", icon="TRASH")


def _draw_advanced(box: bpy.types.UILayout, stored: MintPreferences) -> None:
    from ...mint.base_url import DEFAULT_BASE_URL
    from ..job_list import background_import

    icon: Any = "DOWNARROW_HLT" if stored.show_advanced else "RIGHTARROW"
    box.prop(stored, "show_advanced", icon=icon, emboss=False)
    if stored.show_advanced:
        box.prop(stored, "import_in_background")
        wrapped(box, background_import.way_in_words(), icon="INFO")
        row = box.row()
        row.enabled = not base_url_from_environment()
        row.prop(stored, "base_url", placeholder=DEFAULT_BASE_URL)
        if base_url_from_environment():
            wrapped(
                box,
                Message("The environment variable MINT_API_BASE_URL overrides this field."),
                icon="INFO",
            )
        box.label(text=translated(Message("Log: {path}", path=log_file.file())), translate=False)
