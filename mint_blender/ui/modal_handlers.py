# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a modal operator can be started in a window just now."""

from __future__ import annotations

from typing import Any

import bpy


def can_be_added(window: bpy.types.Window) -> bool:
    """Return whether Blender can add a modal handler to this window without crashing.

    When an operator is unregistered while it is modal, as when the add-on is disabled, Blender
    keeps its handler, without the operator, until the next event of the window. Blender 4.3 crashes
    if another one is added before that.
    """
    return not any(_is_unregistered(each) for each in window.modal_operators)


def _is_unregistered(operator: Any) -> bool:
    try:
        return operator is None or not operator.bl_idname
    except (ValueError, ReferenceError):
        return True
