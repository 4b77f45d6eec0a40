# SPDX-License-Identifier: GPL-3.0-or-later
"""Run steps of a job template as a worker of a farm does, with `openjd run`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from ..mint_service.runner import Service
from .command_runner import environment

GENERATE, WRITE, SHEET = "Generate", "Import, render and write files", "Contact sheet"
PROGRAMS = Path(sys.executable).parent


def worker(service: Service, home: Path, *, has_key: bool = True) -> dict[str, str]:
    """Return the environment of a worker; each has a home of its own, as machines have."""
    variables = environment(service, home)
    variables["PATH"] = f"{PROGRAMS}{os.pathsep}{variables['PATH']}"
    if not has_key:
        del variables["MINT_API_KEY"]
    return variables


class Session:
    """`openjd run`, started for all steps or for one; `end` waits for it."""

    def __init__(self, folder: Path, variables: dict[str, str], *options: str) -> None:
        values = f"file://{folder / 'parameters.json'}"
        program, template = str(PROGRAMS / "openjd"), str(folder / "template.json")
        self._process = subprocess.Popen(
            [program, "run", template, "-p", values, *options],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def output(self) -> str:
        """Return what it printed so far."""
        return "\n".join(self._lines)

    def end(self) -> int:
        """Wait for the end; return the exit status."""
        status = self._process.wait(240)
        self._thread.join(240)
        return status

    def interrupt(self) -> None:
        """Cancel the running task, as an operator does."""
        self._process.send_signal(signal.SIGINT)

    def task_id(self) -> int:
        """Return the id of the latest task's process."""
        return int(re.findall(r"Command started as pid: (\d+)", self.output)[-1])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.rstrip())
