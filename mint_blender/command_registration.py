# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's command line: `blender --online-mode --command mint …`."""

from __future__ import annotations

from typing import Any

import bpy

_handles: list[Any] = []


def register() -> None:
    """Register the command with Blender."""
    register_command: Any = bpy.utils.register_cli_command  # the stubs say it returns None
    _handles.append(register_command("mint", _run))


def unregister() -> None:
    """Unregister the command."""
    while _handles:
        bpy.utils.unregister_cli_command(_handles.pop())


def _run(arguments: list[str]) -> int:
    # loaded on first use, so that enabling the add-on stays quick
    from .cli.commands import from_blender

    return from_blender(arguments)
