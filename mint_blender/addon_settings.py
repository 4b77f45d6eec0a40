# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the add-on's preferences, the environment that overrides them, and online access."""

from __future__ import annotations

import os
from typing import Protocol

import bpy

from . import __package__ as ADDON
from .jobs.budget.spending import Limits
from .mint.account import BASE_URL_VARIABLE, KEY_VARIABLE


class StoredPreferences(Protocol):
    """What is read of the preferences; `preferences_page.MintPreferences` holds it."""

    api_key: str
    base_url: str
    confirmed_origins: str
    limit_each: int
    limit_day: int


def preferences() -> StoredPreferences | None:
    """The preferences as they are now; None while the add-on is not enabled (a script that only
    uses the package).
    """
    entry: bpy.types.Addon | None = bpy.context.preferences.addons.get(ADDON)
    return entry.preferences if entry else None  # type: ignore[return-value]  # the stubs know the base class only


def stored_account() -> tuple[str, str]:
    """Key and base URL, empty where nothing was entered."""
    stored = preferences()
    return (stored.api_key, stored.base_url) if stored else ("", "")


def confirmed_origins() -> frozenset[str]:
    """The addresses that the environment may name and that get the key from here all the same,
    since the user has said so.
    """
    stored = preferences()
    return frozenset(stored.confirmed_origins.split()) if stored else frozenset()


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


def may_go_online() -> bool:
    """Return whether Blender's "Allow Online Access" is on.

    The `bpy` module in a plain Python has no user who could switch it: there it counts as on.
    """
    return is_module() or bpy.app.online_access


def is_module() -> bool:
    """Return whether this is the `bpy` module in a Python, and no Blender application."""
    return not bpy.app.binary_path
