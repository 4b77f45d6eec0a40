# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that an agent names."""

from __future__ import annotations

import os
from pathlib import Path

from mcp.server.mcpserver.exceptions import ToolError


def absolute_path(text: str, complaint: str) -> Path:
    """Return the path that a text names, with the home folder in place of a leading ~.

    Raises:
        ToolError: It is not absolute: `complaint`. Or no file can have such a name.
    """
    try:
        path = Path(text).expanduser()
        if b"\0" in os.fsencode(path):
            raise ValueError("no file can have this name")
    except (RuntimeError, ValueError):  # no such user, or half a surrogate pair
        raise ToolError(f"{text!a} is not a valid path.") from None
    if not path.is_absolute():
        raise ToolError(complaint)
    return path
