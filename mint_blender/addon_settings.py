# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the add-on's preferences, the environment that overrides them, and online access."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import bpy

from . import __package__ as ADDON

if TYPE_CHECKING:
    from .jobs.budget.spending import Limits


class StoredPreferences:
    """The preferences read here, with their values until the add-on is enabled.

    `ui.account.preferences.MintPreferences` is what Blender stores.
    """

    api_key: str = ""
    base_url: str = ""
    confirmed_origins: str = ""
    limit_each: int = 0
    limit_day: int = 0
    import_in_background: bool = True
    log_level: str = "WARNING"


def preferences() -> StoredPreferences | None:
    """Return the preferences; None while the add-on is not enabled, as in a script."""
    blender_preferences = bpy.context.preferences
    assert blender_preferences is not None  # a running Blender has them
    entry: bpy.types.Addon | None = blender_preferences.addons.get(ADDON)
    return entry.preferences if entry else None  # type: ignore[return-value]  # the stubs know the base class only


def settings() -> StoredPreferences:
    """Return the preferences to read, also while the add-on is not enabled."""
    return preferences() or StoredPreferences()


def stored_account() -> tuple[str, str]:
    """Return the API key and the base URL; empty where nothing was entered."""
    stored = settings()
    return stored.api_key, stored.base_url


def confirmed_origins() -> frozenset[str]:
    """Return the origins that the user has confirmed to receive the stored key.

    The key is sent to such an origin even if only the environment names it.
    """
    return frozenset(settings().confirmed_origins.split())


def limits() -> Limits:
    """Return the most Credits that the user wants to spend without a confirmation."""
    from .jobs.budget.spending import Limits

    stored = settings()
    return Limits(stored.limit_each, stored.limit_day)


_SHOWN = (
    "limit_each",
    "limit_day",
    "import_in_background",
    "log_level",
)


def shown_settings() -> dict[str, str]:
    """Return the preferences that a report for support shows, none of which is a secret."""
    stored = preferences()
    return {name: str(getattr(stored, name)) for name in _SHOWN} if stored else {}


def key_from_environment() -> bool:
    """Return whether MINT_API_KEY overrides the key in the preferences."""
    from .mint.account import KEY_VARIABLE

    return bool(os.environ.get(KEY_VARIABLE, "").strip())


def base_url_from_environment() -> bool:
    """Return whether MINT_API_BASE_URL overrides the base URL in the preferences."""
    from .mint.account import BASE_URL_VARIABLE

    return bool(os.environ.get(BASE_URL_VARIABLE, "").strip())


def may_go_online() -> bool:
    """Return whether Blender's "Allow Online Access" is on.

    The `bpy` module in a plain Python has no such switch: there it counts as on.
    """
    return is_module() or bpy.app.online_access


def is_module() -> bool:
    """Return whether this is the `bpy` module in Python, not the Blender application."""
    return not bpy.app.binary_path
