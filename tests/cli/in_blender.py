# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Blender with the extension installed from an archive, in a profile of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ..mint_service.running import Service
from .runs import Ran, environment

MINT = ("--online-mode", "--command", "mint")


def plain(resources: Path) -> dict[str, str]:
    """An environment in which Blender sees neither our source tree nor a setting of ours."""
    unwanted = ("MINT_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | {
        "BLENDER_USER_RESOURCES": str(resources)
    }


def install(archive: Path, resources: Path) -> None:
    """Install the archive into the profile and enable it."""
    done = subprocess.run(
        [
            "blender",
            "--command",
            "extension",
            "install-file",
            "-r",
            "user_default",
            "-e",
            str(archive),
        ],
        env=plain(resources),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run(
    service: Service, resources: Path, home: Path, folder: Path, *arguments: str, **changes: str
) -> Ran:
    """Blender in that profile with a key in its environment, working in `folder`.

    An empty value takes a variable away.
    """
    said = {
        name: value
        for name, value in environment(service, home).items()
        if name.startswith(("MINT_", "COLUMNS"))
    }
    told = {name: value for name, value in {**plain(resources), **said, **changes}.items() if value}
    done = subprocess.run(
        ["blender", *arguments],
        env=told,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr).checked(service)
