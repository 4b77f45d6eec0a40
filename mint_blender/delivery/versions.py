# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of what runs here: the add-on, Blender, Python and the operating system."""

from __future__ import annotations

import platform
import sys
import tomllib
from contextlib import suppress
from importlib import metadata

from . import blender_runtime

MIN_BLENDER = (4, 2, 0)
"""The oldest Blender that the add-on supports."""


def lines() -> list[str]:
    """Return a line for each version. Loads no Blender."""
    return [
        own_line(),
        f"Blender {blender_version() or 'is not loaded'}",
        f"Python {platform.python_version()}",
        platform.platform(),
    ]


def own_line() -> str:
    """Return the name and the version of this package."""
    return f"Mint for Blender {addon_version()}"


def blender_version() -> str:
    """Return the version of the Blender of this process, and its kind; empty if none is loaded."""
    bpy = sys.modules.get("bpy")
    if bpy is None:
        return ""
    kind = "" if bpy.app.binary_path else ", the bpy module"
    return f"{bpy.app.version_string} ({bpy.app.build_hash.decode('ascii', 'replace')}{kind})"


def is_supported() -> bool:
    """Return whether the loaded Blender is new enough."""
    bpy = sys.modules.get("bpy")
    return bpy is not None and tuple(bpy.app.version) >= MIN_BLENDER


def addon_version() -> str:
    """Return the version in the manifest of the extension, or that of the installed package."""
    package = blender_runtime.package_folder()
    for folder in (package, package.parent):
        with suppress(OSError, ValueError, KeyError):
            manifest = tomllib.loads((folder / "blender_manifest.toml").read_text("utf-8"))
            if manifest["id"] == "mint_blender":
                return str(manifest["version"])
    try:
        return metadata.version("mint-blender")
    except metadata.PackageNotFoundError:
        return "of unknown version"
