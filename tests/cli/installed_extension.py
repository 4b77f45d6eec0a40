# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Blender with the extension installed in a profile of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ..harness.processes import captured
from ..mint_service.runner import Service
from .command_runner import CommandResult, environment, popen

MINT = ("--online-mode", "--command", "mint")


def clean_environment(resources: Path) -> dict[str, str]:
    """Return an environment without our source tree and settings."""
    unwanted = ("MINT_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | {
        "BLENDER_USER_RESOURCES": str(resources)
    }


def install(archive: Path, resources: Path) -> None:
    """Install the archive into the profile and enable it."""
    words = ["extension", "install-file", "-r", "user_default", "-e", str(archive)]
    done = captured(["blender", "--command", *words], env=clean_environment(resources))
    assert done.returncode == 0, done.stdout + done.stderr


def in_profile(service: Service, resources: Path, home: Path, **changes: str) -> dict[str, str]:
    """Return the environment of a Blender in that profile, with a key.

    An empty value in `changes` removes a variable.
    """
    variables = {
        name: value
        for name, value in environment(service, home).items()
        if name.startswith(("MINT_", "COLUMNS"))
    }
    merged = {**clean_environment(resources), **variables, **changes}
    return {name: value for name, value in merged.items() if value}


def run(
    service: Service, resources: Path, home: Path, folder: Path, *arguments: str, **changes: str
) -> CommandResult:
    """Run Blender in that profile, in `folder`."""
    done = captured(
        ["blender", *arguments], env=in_profile(service, resources, home, **changes), cwd=folder
    )
    return CommandResult(done.returncode, done.stdout, done.stderr).check_no_leaks(service)


def start(service: Service, resources: Path, home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start Blender in that profile; Ctrl-C ends it."""
    return popen(["blender", *arguments], in_profile(service, resources, home))
