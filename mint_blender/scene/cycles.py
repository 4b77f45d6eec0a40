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
    try:
        set_value(scene.render, "engine", "CYCLES")
    except TypeError as error:
        raise UserError(Message("Enable the add-on Cycles Render Engine first.")) from error
    return denoise_if_possible(scene, set_value)


def denoise_if_possible(
    scene: bpy.types.Scene, set_value: Callable[[Any, str, Any], None] = setattr
) -> bool:
    """Switch denoising off in a build that has none, where rendering fails; return whether it can.

    `set_value` as for `choose`.
    """
    settings: Any = scene.cycles
    if not settings.denoiser:
        set_value(settings, "use_denoising", False)
    return bool(settings.denoiser)
