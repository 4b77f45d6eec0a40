# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint for Blender: from a prompt to a 3D Model or a World in the scene.

For scripts: `generate`, `usage`, `models`, `worlds`. For Blender: `register` and `unregister`.

Imports neither `bpy` nor `requests` at the top: the lower rooms can be used and tested without
Blender, and enabling the add-on adds nothing to Blender's start.
"""

from __future__ import annotations

from typing import Any

__all__ = ["generate", "models", "register", "unregister", "usage", "worlds"]


def register() -> None:
    """Called by Blender when the add-on is enabled."""
    from . import blender_command
    from .ui import registration

    registration.register()
    try:
        blender_command.register()
    except Exception:
        registration.unregister()
        raise


def unregister() -> None:
    """Called by Blender when the add-on is disabled: everything of ours is gone afterwards."""
    from . import blender_command
    from .ui import registration

    try:
        blender_command.unregister()
    finally:
        registration.unregister()


def __getattr__(name: str) -> Any:
    """The functions for scripts, loaded when they are first used."""
    if name in {"generate", "models", "usage", "worlds", "GenerationStopped", "TooExpensive"}:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
