# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the journal and the downloads lie: the folder that `files.store` and the journal share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

HOME_VARIABLE = "MINT_BLENDER_HOME"


def home_folder(environ: Mapping[str, str] = os.environ, *, preferred: Path | None = None) -> Path:
    """MINT_BLENDER_HOME, else `preferred` (Blender's folder for this extension), else the platform's folder for a user's data."""
    chosen = environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return preferred or _user_data(environ) / "mint-blender"


def _user_data(environ: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
