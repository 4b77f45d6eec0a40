# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that hold something until they are killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAY = "print('ready', flush=True)\nsys.stdin.read()\n"


@contextmanager
def process(code: str, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run Python code in a process of its own, which then stays; it is killed at the end."""
    begin = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
    running = subprocess.Popen(
        [sys.executable, "-c", begin + code + STAY, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate(timeout=60)


def read(running: subprocess.Popen[str]) -> str:
    """Return the next line that a process prints."""
    return running.stdout.readline().strip()


def kill(running: subprocess.Popen[str]) -> None:
    """Kill a process with TerminateProcess, and wait for its end."""
    running.kill()
    running.wait(timeout=60)
