# SPDX-License-Identifier: GPL-3.0-or-later
"""Printing, subprocesses and the error of the development commands."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class DevError(Exception):
    """An error for the user; its text is shown without a traceback."""


def echo(text: str) -> None:
    """Print one line and flush it, so that the order is kept in a pipe too."""
    print(f"{text}\n", end="", flush=True)  # in one piece, since runs may print side by side


def run_command(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    extra: Mapping[str, str] | None = None,
    output: Path | None = None,
) -> int:
    """Run a command and return its exit status; `output` is a file for what it prints."""
    sys.stdout.flush()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(output.open("wb")) if output else None
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env={**os.environ, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT if file else None,
            check=False,
        )
    return done.returncode


def run_captured(
    command: Sequence[str | Path],
    *,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run a command and return its status and output.

    A command that is missing or times out has a status other than 0.
    """
    words = [str(word) for word in command]
    try:
        return subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return subprocess.CompletedProcess(words, 127, "", str(problem))
