# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences, as the command line sees them inside Blender.

Outside of Blender there are no preferences, and each function returns the neutral value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..delivery.blender_runtime import inside_blender

if TYPE_CHECKING:
    from ..jobs.budget.spending import Limits


def may_go_online() -> bool:
    """Return Blender's "Allow Online Access"; outside of Blender nothing restricts it."""
    if not inside_blender():
        return True
    from .. import addon_settings

    return addon_settings.may_go_online()


def stored_account() -> tuple[str, str]:
    """Return the API key and base URL of the preferences, empty where there are none."""
    if not inside_blender():
        return "", ""
    from .. import addon_settings

    return addon_settings.stored_account()


def confirmed_origins() -> frozenset[str]:
    """Return the origins that the user has confirmed in the preferences."""
    if not inside_blender():
        return frozenset()
    from .. import addon_settings

    return addon_settings.confirmed_origins()


def limits() -> Limits:
    """Return the spending limits of the preferences, in Credits."""
    from ..jobs.budget.spending import Limits

    if not inside_blender():
        return Limits()
    from .. import addon_settings

    return addon_settings.limits()
