# SPDX-License-Identifier: GPL-3.0-or-later
"""How the developer commands speak: short lines, in order, and one way to stop with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class Trouble(Exception):
    """Something a person has to know or do; its text is shown as it is, without a traceback."""


def say(text: str) -> None:
    """Print one line now, in the order in which things happen, also when standard output is a pipe."""  # noqa: E501
    print(text, flush=True)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Say what begins, and how long it took when it ends well."""
    say(f"-- {what}")
    begun = time.monotonic()
    yield
    say(f"   {what}: {time.monotonic() - begun:.0f} s")


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    extra: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> int:
    """Run a command without standard input and return its exit status; its output goes to `log`
    where given, else to ours.
    """
    environment = {**os.environ, **(extra or {})}
    words = [str(word) for word in command]
    sys.stdout.flush()
    if log is None:
        return subprocess.run(
            words, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, check=False
        ).returncode
    with log.open("wb") as output:
        return subprocess.run(
            words,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


def answer(
    command: Sequence[str | Path], *, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; a command that is not there or never ends answers
    with a status that is not 0.
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
