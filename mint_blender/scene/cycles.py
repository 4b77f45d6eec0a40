# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose Cycles as the render engine of a scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import addon_utils
import bpy

from ..message import Message, UserError


def choose(scene: bpy.types.Scene, set_value: Callable[[Any, str, Any], None] = setattr) -> bool:
    """Let Cycles render a scene; return whether this build can denoise.

    `set_value` is called with an owner, a name and a value.

    Raises:
        UserError: This Blender has no Cycles.
    """
    if not hasattr(scene, "cycles"):
        addon_utils.enable("cycles")
    settings: Any = getattr(scene, "cycles", None)
    try:
        set_value(scene.render, "engine", "CYCLES")
    except TypeError as error:
        raise UserError(Message("Enable the add-on Cycles Render Engine first.")) from error
    try:
        set_value(settings, "denoiser", "OPENIMAGEDENOISE")
    except TypeError:
        set_value(settings, "use_denoising", False)
        return False
    return True
