# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences, as the command line sees them inside Blender.

Outside of Blender there are no preferences, and each function returns the neutral value. Limits
also come from the environment.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from ..delivery.blender_runtime import inside_blender

if TYPE_CHECKING:
    from ..jobs.budget.spending import Limits

LIMIT_EACH_VARIABLE = "MINT_MAX_CREDITS"
"""The most Credits of one generation."""
LIMIT_DAY_VARIABLE = "MINT_MAX_CREDITS_PER_DAY"
"""The most Credits of a day."""


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


def shown() -> dict[str, str]:
    """Return the settings that a report for support shows, by name; none of them is a secret."""
    names = (LIMIT_EACH_VARIABLE, LIMIT_DAY_VARIABLE)
    found = {name: os.environ[name] for name in names if name in os.environ}
    if not inside_blender():
        return found
    from .. import addon_settings

    return addon_settings.shown_settings() | found


def limits() -> Limits:
    """Return the spending limits, in Credits: of preferences and environment, the lower ones.

    Raises:
        NotPossible: A variable of the environment is not a number.
    """
    from ..jobs.budget.spending import Limits

    stored = _limits_of_preferences()
    each, day = (
        _limit_of_environment(LIMIT_EACH_VARIABLE),
        _limit_of_environment(LIMIT_DAY_VARIABLE),
    )
    return Limits(_lower(stored.each, each), _lower(stored.day, day))


def _limits_of_preferences() -> Limits:
    from ..jobs.budget.spending import Limits

    if not inside_blender():
        return Limits()
    from .. import addon_settings

    return addon_settings.limits()


def _limit_of_environment(variable: str) -> float:
    text = os.environ.get(variable, "").strip()
    try:
        value = float(text or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf or (text and not value):
        from ..jobs.budget.prices import NotPossible

        raise NotPossible(
            f'{variable} must be a number of Credits above 0, not "{text}". Nothing was started.'
        )
    return value


def _lower(one: float, other: float) -> float:
    """Return the lower of two limits; 0 is no limit."""
    return min(one, other) if one and other else one or other
