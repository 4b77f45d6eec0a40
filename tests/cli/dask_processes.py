# SPDX-License-Identifier: GPL-3.0-or-later
"""A Dask cluster for tests: a scheduler and workers as processes, as `dask scheduler` starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .command_runner import ROOT

START_TIMEOUT = 240.0


class DaskProcesses:
    """A scheduler on loopback, and the workers that a test starts."""

    def __init__(self, folder: Path) -> None:
        """Start the scheduler and wait until it listens."""
        self.folder = folder
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._environment.pop("MINT_API_KEY", None)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        about = self.folder / "scheduler.json"
        self._start("scheduler", "--port", "0", "--scheduler-file", str(about))
        wait_until(lambda: about.is_file() and about.read_text().rstrip().endswith("}"))
        self.address = json.loads(about.read_text())["address"]  # tcp://127.0.0.1:PORT
        self.executor = self.address.replace("tcp://", "dask://")

    def add_workers(self, count: int = 1) -> None:
        """Start workers with one thread each, and wait until the scheduler knows them."""
        for _ in range(count):
            place = str(self.folder / f"local-{len(self.workers)}")
            words = ("--nthreads", "1", "--no-nanny", "--local-directory", place)
            self.workers.append(self._start("worker", self.address, *words))
        wait_until(lambda: self.log.count("Register worker") >= len(self.workers))

    @property
    def log(self) -> str:
        """Return what the scheduler and the workers have printed so far."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def _start(self, kind: str, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{kind}-{len(self._processes)}.log").open("wb") as log:
            command = [sys.executable, "-m", "dask", kind, *words]
            command += ["--host", "127.0.0.1", "--no-dashboard"]
            streams = {"stdout": log, "stderr": subprocess.STDOUT}
            where = {"env": self._environment, "cwd": self.folder}
            started = subprocess.Popen(command, **streams, **where)
        self._processes.append(started)
        return started

    def close(self) -> None:
        """Kill all processes."""
        for process in self._processes:
            with contextlib.suppress(OSError):
                process.send_signal(signal.SIGKILL)
            process.wait()


def wait_until(is_true: Callable[[], object]) -> None:
    """Wait until something is true; fail after minutes."""
    deadline = time.monotonic() + START_TIMEOUT
    while not is_true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
