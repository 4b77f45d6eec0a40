# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the journal and the downloads: one per user, for every Blender and Python.

A folder per Blender version would hide its jobs from the next version, which would then pay for
them again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

HOME_VARIABLE = "MINT_BLENDER_HOME"
NAME = "mint-blender"


def home_folder(environ: Mapping[str, str] = os.environ, *, platform: str = sys.platform) -> Path:
    """Return MINT_BLENDER_HOME, or else a folder in the platform's place for user data."""
    chosen = environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return _user_data(environ, platform) / NAME


def _user_data(environ: Mapping[str, str], platform: str) -> Path:
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    chosen = Path(environ.get("XDG_DATA_HOME", ""))
    # The specification: a relative path is to be ignored. It would be another folder from each
    # working directory.
    return chosen if chosen.is_absolute() else Path.home() / ".local" / "share"
