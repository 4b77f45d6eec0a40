# SPDX-License-Identifier: GPL-3.0-or-later
"""What the methods that look for defects have in common: `python3 -m tests.NAME` runs one.

`scripts/devtools/soak_methods.py` lists them, and reads the last line that each prints.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """A run of a method. It is over after so many minutes, and when `end` has printed its result."""

    def __init__(self, name: str, minutes: float | None = None) -> None:
        self._name = name
        self._began = time.monotonic()
        self._end = math.inf if minutes is None else self._began + 60.0 * minutes
        self.failures: list[str] = []

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be begun."""
        return time.monotonic() > self._end

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    def end(self, figures: Mapping[str, object], more: Iterable[str] = (), **about: object) -> int:
        """Print figures and failures as one line of JSON; return the exit status."""
        self.failures += more
        result = {"method": self._name, "figures": figures, "failures": self.failures}
        print(json.dumps({**result, "seconds": round(self.seconds, 1), **about}))
        return int(bool(self.failures))


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a method's command."""
    return argparse.ArgumentParser(prog=f"python3 -m tests.{name}", description=description)


def report_of(name: str, *words: str, timeout: float | None = None) -> dict[str, Any]:
    """Run a method in a process of its own, and return what its last line says."""
    command = [sys.executable, "-m", f"tests.{name}", *words]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout
    )
    assert ended.stdout, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return report


def seed_of_commit() -> int:
    """Return a seed that each commit has of its own; outside of a repository always the same."""
    git = shutil.which("git")
    if git is None:
        return 1
    command = [git, "rev-parse", "HEAD"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return int(ended.stdout.strip()[:7] or "1", 16)
