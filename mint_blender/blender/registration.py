# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender knows of us while the add-on is enabled, in one list; all of it is gone when it is disabled."""

from __future__ import annotations

from typing import Any

import bpy

from .preferences import MintPreferences

CLASSES: tuple[type, ...] = (MintPreferences,)

_commands: list[Any] = []


def register() -> None:
    """Make the classes and the command line known."""
    for each in CLASSES:
        bpy.utils.register_class(each)
    _commands.append(bpy.utils.register_cli_command("mint", _run_command))


def unregister() -> None:
    """Take everything back, last come first gone."""
    while _commands:
        bpy.utils.unregister_cli_command(_commands.pop())
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)


def _run_command(arguments: list[str]) -> int:
    from ..cli.main import from_blender

    return from_blender(arguments)
