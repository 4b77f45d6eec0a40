# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the command line, in this process or in one of its own, and what it said."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..mint_service.running import Service

ROOT = Path(__file__).parents[2]
LAMP = ("generate", "--prompt", "a lamp", "--preset", "fast")
Mint = Callable[..., "Ran"]


@dataclass(frozen=True)
class Ran:
    """Exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Standard output of `--json`: every line has to be a JSON object."""
        records = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(record, dict) for record in records)
        return records

    @property
    def result(self) -> dict[str, Any]:
        """The one result of `--json`."""
        (result,) = [record for record in self.records if record["event"] == "result"]
        return result

    @property
    def said(self) -> str:
        """Standard error as one line, so that a test can look for a sentence."""
        return " ".join(self.err.split())

    def checked(self, service: Service) -> Ran:
        """What holds for every run: no traceback and no key, wherever it ends."""
        everything = self.out + self.err
        assert service.key not in everything
        assert "Traceback" not in everything
        return self


def environment(service: Service, home: Path, **more: str) -> dict[str, str]:
    """What a command of its own process finds."""
    return {
        **os.environ,
        "MINT_API_KEY": service.key,
        "MINT_API_BASE_URL": service.api,
        "MINT_BLENDER_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "100",
        **more,
    }


def command(*arguments: str) -> list[str]:
    """The command line as a user types it."""
    return [sys.executable, "-m", "mint_blender", *arguments]


def run(service: Service, home: Path, *arguments: str, timeout: float = 60, **more: str) -> Ran:
    """A command in a process of its own, with pipes."""
    ended = subprocess.run(
        command(*arguments),
        env=environment(service, home, **more),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr).checked(service)


class Screen:
    """A terminal (a pseudo terminal's other end) and all that was written to it."""

    def __init__(self) -> None:
        self._master, self.end = pty.openpty()
        self._pieces: list[bytes] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # nobody holds the other end any more
                return
            if not piece:
                return
            self._pieces.append(piece)

    @property
    def text(self) -> str:
        """So far."""
        return b"".join(self._pieces).decode(errors="replace")

    def close(self) -> None:
        """Let go of our hold on the writing end and read to the end."""
        os.close(self.end)
        self._thread.join(10)
        os.close(self._master)


@contextmanager
def screen() -> Iterator[Screen]:
    """A terminal for a command's streams."""
    opened = Screen()
    try:
        yield opened
    finally:
        opened.close()


def press_ctrl_c(running: subprocess.Popen[str], *, at: str, within: float = 20) -> tuple[str, str]:
    """Interrupt a command as soon as it has said this; returns what it said afterwards, on both
    streams.
    """
    assert running.stderr is not None
    line = ""
    while at not in line:
        line = running.stderr.readline()
        assert line, "it ended before it was interrupted"
    running.send_signal(signal.SIGINT)
    return running.communicate(timeout=within)


def hear_ctrl_c() -> None:
    """For a child that is to be interrupted: a job in a shell's background has SIGINT ignored, and
    hands that on to all it starts.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
