# SPDX-License-Identifier: GPL-3.0-or-later
"""Where we run: inside a Blender, beside the `bpy` module, or without either.

Everything but the import works without.

`bpy` is asked only where it is loaded already: loading it takes a second, which `mint usage` need
not cost.
"""

from __future__ import annotations

import sys
from importlib import util

from ..jobs.budget.spending import Limits


def inside_blender() -> bool:
    """Is this a Blender (or a script that has loaded `bpy`)?"""
    return "bpy" in sys.modules


def can_import() -> bool:
    """Could a result be imported here?"""
    return inside_blender() or util.find_spec("bpy") is not None


def may_go_online() -> bool:
    """Blender's "Allow Online Access".

    The `bpy` module for scripts has no user who could switch it.
    """
    if not inside_blender():
        return True
    from ..addon_settings import may_go_online

    return may_go_online()


def readable_extensions() -> frozenset[str]:
    """The glTF extensions that may be required of a file here; none without a Blender: then the
    original file is taken.
    """
    if not can_import():
        return frozenset()
    from ..scene.capabilities import readable_extensions

    return readable_extensions()


def stored_account() -> tuple[str, str]:
    """Key and base URL from the add-on's preferences; empty where there are none."""
    if not inside_blender():
        return "", ""
    from ..addon_settings import stored_account

    return stored_account()


def confirmed_origins() -> frozenset[str]:
    """The addresses that the add-on's user has confirmed; none where there are no preferences."""
    if not inside_blender():
        return frozenset()
    from ..addon_settings import confirmed_origins

    return confirmed_origins()


def limits() -> Limits:
    """The most Credits that the add-on's user wants to spend, from its preferences; none where
    there are none.
    """
    if not inside_blender():
        return Limits()
    from ..addon_settings import limits

    return limits()
