# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheels of DracoPy, for a Blender without a Draco decoder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .archive import ROOT
from .errors import PackageError

PYTHONS = ("3.11", "3.13")
"""The Python of Blender 4.2 to 5.0, and of 5.1 and later."""
PLATFORMS = {
    "linux-x64": ("manylinux_2_28_x86_64", "manylinux2014_x86_64"),
    "macos-arm64": ("macosx_11_0_arm64",),
    "macos-x64": ("macosx_10_9_x86_64", "macosx_10_13_x86_64", "macosx_11_0_x86_64"),
    "windows-x64": ("win_amd64",),
}
"""The names that pip has for each of Blender's platforms."""


def for_platform(wheels: Iterable[Path], platform: str) -> list[Path]:
    """Return those of the wheels that one of Blender's platforms can use."""
    return [
        wheel for wheel in sorted(wheels) if any(name in wheel.name for name in PLATFORMS[platform])
    ]


def version() -> str:
    """Return the version of DracoPy that the tests use."""
    found = re.search(
        r"^dracopy==(\S+)",
        (ROOT / "requirements" / "bpy-4.5.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    if not found:
        raise PackageError("requirements/bpy-4.5.txt does not pin DracoPy.")
    return found[1]


NONE_THERE = "No matching distribution found"
"""What pip says if there is no wheel for a platform, which is no failure."""


def download(folder: Path) -> list[Path]:
    """Download the wheels for Blender's platforms and Pythons, about 31 MB in all.

    Raises:
        PackageError: A download has failed, or there is none at all.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for python in PYTHONS:
        for platform in PLATFORMS:
            command = _pip_download(folder, python, platform)
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0 and NONE_THERE not in done.stderr:
                raise PackageError(
                    f"DracoPy for {platform} could not be downloaded. pip said:\n"
                    f"{done.stderr.strip()}"
                )
            found = "ok" if done.returncode == 0 else "there is none"
            print(f"DracoPy {version()}, {platform}, Python {python}: {found}")
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise PackageError(f"There is no DracoPy wheel. pip said:\n{done.stderr.strip()}")
    return wheels


def _pip_download(folder: Path, python: str, platform: str) -> list[str]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", f"--dest={folder}"]
    command += ["--no-deps", "--only-binary=:all:", "--implementation=cp"]
    command += [f"--python-version={python}", f"--abi=cp{python.replace('.', '')}"]
    command += [f"--platform={name}" for name in PLATFORMS[platform]]
    return [*command, f"DracoPy=={version()}"]
