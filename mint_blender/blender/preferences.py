# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: the account, and where things are kept."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import __package__ as ADDON


class MintPreferences(bpy.types.AddonPreferences):
    """Kept by Blender in the user's preferences, not in any .blend."""

    bl_idname = ADDON

    api_key: bpy.props.StringProperty(
        name="API Key",
        description="Your Mint API key. Blender keeps it unencrypted in your preferences; the variable MINT_API_KEY is the other way",
        subtype="PASSWORD",
    )
    base_url: bpy.props.StringProperty(
        name="Base URL",
        description="Where Mint's API is; leave empty for the usual address",
    )

    def draw(self, context: bpy.types.Context) -> None:
        """The account first."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "api_key")
        layout.prop(self, "base_url")


def preferences() -> MintPreferences | None:
    """The preferences as they are now; None while the add-on is not enabled (a script that only uses the package)."""
    entry = bpy.context.preferences.addons.get(ADDON)
    return entry.preferences if entry else None


def stored_account() -> tuple[str, str]:
    """Key and base URL, empty where nothing was entered."""
    stored = preferences()
    return (stored.api_key, stored.base_url) if stored else ("", "")


def extension_folder() -> Path | None:
    """Blender's folder for this extension's own files; None when it runs from source or from pip."""
    try:
        return Path(bpy.utils.extension_path_user(ADDON, create=True))
    except ValueError:
        return None
