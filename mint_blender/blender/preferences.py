# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: account and usage, where things are kept, and what is rarely needed."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from .. import __package__ as ADDON
from ..jobs.spending import Limits
from ..mint.account import BASE_URL_VARIABLE, KEY_VARIABLE


def _account_changed(self: MintPreferences, context: bpy.types.Context) -> None:
    from . import account_operators, current

    current.account_changed()
    account_operators.account_changed()


class MintPreferences(bpy.types.AddonPreferences):
    """Kept by Blender in the user's preferences, not in any .blend."""

    bl_idname = ADDON

    api_key: bpy.props.StringProperty(
        name="API Key",
        description="Your Mint API key. Blender keeps it unencrypted in your preferences; the variable MINT_API_KEY is the other way",
        subtype="PASSWORD",
        update=_account_changed,
    )
    base_url: bpy.props.StringProperty(
        name="Base URL",
        description="Where Mint's API is; leave empty for the usual address",
        update=_account_changed,
    )
    limit_each: bpy.props.IntProperty(
        name="Per Generation",
        description="Credits that one generation may cost without a question; where nobody can be asked it is refused. 0: no limit",
        min=0,
    )
    limit_day: bpy.props.IntProperty(
        name="Per Day",
        description="Credits that may be spent in a day without a question; where nobody can be asked more is refused. 0: no limit",
        min=0,
    )
    show_advanced: bpy.props.BoolProperty(name="Advanced", options={"SKIP_SAVE"})

    def draw(self, context: bpy.types.Context) -> None:
        """Everything; what it shows was read earlier."""
        from . import preferences_page

        preferences_page.draw(self.layout, self)


def preferences() -> MintPreferences | None:
    """The preferences as they are now; None while the add-on is not enabled (a script that only uses the package)."""
    entry: bpy.types.Addon | None = bpy.context.preferences.addons.get(ADDON)
    return entry.preferences if entry else None  # type: ignore[return-value]  # the stubs know the base class only


def stored_account() -> tuple[str, str]:
    """Key and base URL, empty where nothing was entered."""
    stored = preferences()
    return (stored.api_key, stored.base_url) if stored else ("", "")


def limits() -> Limits:
    """The most Credits that the user wants to spend without being asked."""
    stored = preferences()
    return Limits(stored.limit_each, stored.limit_day) if stored else Limits()


def key_from_environment() -> bool:
    """Does MINT_API_KEY win over what is entered here?"""
    return bool(os.environ.get(KEY_VARIABLE, "").strip())


def base_url_from_environment() -> bool:
    """Does MINT_API_BASE_URL win over what is entered here?"""
    return bool(os.environ.get(BASE_URL_VARIABLE, "").strip())


def extension_folder() -> Path | None:
    """Blender's folder for this extension's own files; None when it runs from source or from pip."""
    try:
        return Path(bpy.utils.extension_path_user(ADDON))
    except ValueError:
        return None
