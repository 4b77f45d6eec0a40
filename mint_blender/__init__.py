# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint for Blender: from a prompt to a 3D Model or a World in the scene.

Scripts call `generate`, `usage`, `models`, `worlds` and `job_records`; Blender calls `register` and
`unregister`.

Importing this package imports neither `bpy` nor `requests`: other modules can be used without
Blender, and enabling the add-on does not slow down Blender's start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import (
        GenerationStopped,
        TooExpensive,
        generate,
        job_records,
        models,
        usage,
        worlds,
    )

__all__ = [
    "GenerationStopped",
    "TooExpensive",
    "generate",
    "job_records",
    "models",
    "register",
    "unregister",
    "usage",
    "worlds",
]

_OF_API = frozenset(__all__) - {"register", "unregister"}


def register() -> None:
    """Register the add-on. Blender calls this when it is enabled."""
    from . import command_registration
    from .ui import registration

    registration.register()
    try:
        command_registration.register()
    except Exception:
        registration.unregister()
        raise


def unregister() -> None:
    """Remove the add-on completely. Blender calls this when it is disabled."""
    from . import command_registration
    from .ui import registration

    try:
        command_registration.unregister()
    finally:
        registration.unregister()


def __getattr__(name: str) -> Any:
    """Load the functions for scripts on first use.

    Raises:
        AttributeError: There is no such name.
    """
    if name in _OF_API:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
