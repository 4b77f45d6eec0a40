# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Blender with the extension installed in a profile of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ..mint_service.runner import Service
from .command_runner import CommandResult, environment

MINT = ("--online-mode", "--command", "mint")


def clean_environment(resources: Path) -> dict[str, str]:
    """Return an environment without our source tree and settings."""
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
        env=clean_environment(resources),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run(
    service: Service, resources: Path, home: Path, folder: Path, *arguments: str, **changes: str
) -> CommandResult:
    """Run Blender in that profile, in `folder`, with a key in its environment.

    An empty value in `changes` removes a variable.
    """
    variables = {
        name: value
        for name, value in environment(service, home).items()
        if name.startswith(("MINT_", "COLUMNS"))
    }
    merged = {
        name: value
        for name, value in {**clean_environment(resources), **variables, **changes}.items()
        if value
    }
    done = subprocess.run(
        ["blender", *arguments],
        env=merged,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return CommandResult(done.returncode, done.stdout, done.stderr).check_no_leaks(service)
