# SPDX-License-Identifier: GPL-3.0-or-later
"""How the developer commands speak: short lines, in order, and one way to stop with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class Trouble(Exception):
    """Something a person has to know or do; its text is shown as it is, without a traceback."""


def say(text: str) -> None:
    """Print one line now, in the order in which things happen, also into a pipe."""
    print(text, flush=True)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    extra: Mapping[str, str] | None = None,
    quiet: bool = False,
) -> int:
    """Run a command without standard input and return its exit status; `quiet` drops its output."""
    sys.stdout.flush()
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(extra or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        check=False,
    )
    return done.returncode


def answer(
    command: Sequence[str | Path],
    *,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed.

    A command that is not there or never ends answers with a status that is not 0.
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
