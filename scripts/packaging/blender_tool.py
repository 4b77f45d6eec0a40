# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own command for extensions: it checks archives, and writes the index of a repository.

It is a script that is also beside the `bpy` module, and needs no running Blender there.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from .errors import PackageError


def find_tool() -> list[str] | None:
    """Return how to call the command: of this Python's `bpy`, else of an installed Blender."""
    found = importlib.util.find_spec("bpy")
    if found is not None and found.origin is not None:
        inside = "*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
        if scripts := sorted(Path(found.origin).parent.glob(inside)):
            return [sys.executable, str(scripts[0])]
    if blender := shutil.which("blender"):
        return [blender, "--command", "extension"]
    return None


def validate(archive: Path, tool: list[str]) -> None:
    """Check an archive.

    Raises:
        PackageError: Blender refuses it; the text has the reason.
    """
    done = _run([*tool, "validate", str(archive), *_valid_tags(tool)])
    if done.returncode != 0:
        raise PackageError(
            f"Blender's validator refuses {archive.name}:\n{done.stdout}{done.stderr}".rstrip()
        )


def write_index(folder: Path, tool: list[str]) -> None:
    """Write `index.json`, which makes a repository of the archives in a folder.

    Raises:
        PackageError: Blender writes none; the text has the reason.
    """
    done = _run([*tool, "server-generate", f"--repo-dir={folder}"])
    if done.returncode != 0 or not (folder / "index.json").is_file():
        raise PackageError(
            f"Blender cannot write the index of a repository:\n{done.stdout}{done.stderr}".rstrip()
        )


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _valid_tags(tool: list[str]) -> list[str]:
    """Return the option that names Blender's tags, which the bare script does not know."""
    if len(tool) != 2:
        return []
    tags = Path(tool[1]).parents[3] / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    return [f"--valid-tags={tags}"] if tags.is_file() else []
