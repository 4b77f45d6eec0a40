# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the add-on's preferences, the environment that overrides them, and online access."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

import bpy

from . import __package__ as ADDON

if TYPE_CHECKING:
    from .jobs.budget.spending import Limits

PICTURE_SIZE = 112
"""Pixels of a picture of the library at a scale of 1, until the user chooses another size."""


class StoredPreferences(Protocol):
    """The preferences read here; `ui.account.preferences.MintPreferences` defines them."""

    api_key: str
    base_url: str
    confirmed_origins: str
    limit_each: int
    limit_day: int
    import_in_background: bool
    show_targets: bool
    picture_size: int
    asset_library: str
    sync_new_assets: bool
    log_level: str


def preferences() -> StoredPreferences | None:
    """Return the preferences; None while the add-on is not enabled, as in a script."""
    blender_preferences = bpy.context.preferences
    assert blender_preferences is not None  # a running Blender has them
    entry: bpy.types.Addon | None = blender_preferences.addons.get(ADDON)
    return entry.preferences if entry else None  # type: ignore[return-value]  # the stubs know the base class only


def stored_account() -> tuple[str, str]:
    """Return the API key and the base URL; empty where nothing was entered."""
    stored = preferences()
    return (stored.api_key, stored.base_url) if stored else ("", "")


def confirmed_origins() -> frozenset[str]:
    """Return the origins that the user has confirmed to receive the stored key.

    The key is sent to such an origin even if only the environment names it.
    """
    stored = preferences()
    return frozenset(stored.confirmed_origins.split()) if stored else frozenset()


def limits() -> Limits:
    """Return the most Credits that the user wants to spend without a confirmation."""
    from .jobs.budget.spending import Limits

    stored = preferences()
    return Limits(stored.limit_each, stored.limit_day) if stored else Limits()


def imports_in_background() -> bool:
    """Return whether results are imported in a background Blender first, as the user chose."""
    stored = preferences()
    return stored.import_in_background if stored else True


def shows_targets() -> bool:
    """Return whether the viewport shows where results will be, as the user chose."""
    stored = preferences()
    return stored.show_targets if stored else True


def picture_size() -> int:
    """Return how large pictures of the library are drawn, in pixels at a scale of 1."""
    stored = preferences()
    return stored.picture_size if stored else PICTURE_SIZE


def asset_library_folder() -> str:
    """Return the folder of the user's asset library; empty if there is none."""
    stored = preferences()
    return stored.asset_library if stored else ""


def syncs_new_assets() -> bool:
    """Return whether new assets are saved into the user's asset library by themselves."""
    stored = preferences()
    return stored.sync_new_assets if stored else False


def log_level() -> str:
    """Return what the log file is to hold: WARNING, INFO or DEBUG."""
    stored = preferences()
    return stored.log_level if stored else "WARNING"


_SHOWN = (
    *("limit_each", "limit_day", "import_in_background", "show_targets"),
    *("asset_library", "sync_new_assets", "log_level"),
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
