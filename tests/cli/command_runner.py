# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the command line in this process or in its own, and read what it printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mint_blender.cli import main

from ..harness.processes import captured
from ..mint_service.runner import Service, ThreadService

ROOT = Path(__file__).parents[2]
LAMP = ("generate", "--prompt", "a lamp", "--preset", "fast")


@dataclass(frozen=True)
class CommandResult:
    """Exit status, standard output and standard error of one command."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Return the JSON objects of `--json`; every line has to be one."""
        records = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(record, dict) for record in records)
        return records

    @property
    def result(self) -> dict[str, Any]:
        """Return the only "result" object of `--json`."""
        (result,) = [record for record in self.records if record["event"] == "result"]
        return result

    @property
    def error_text(self) -> str:
        """Return standard error as one line, to search it for a sentence."""
        return " ".join(self.err.split())

    def check_no_leaks(self, service: Service) -> CommandResult:
        """Assert that there is no traceback and no key, and return the result."""
        everything = self.out + self.err
        assert service.key not in everything
        assert "Traceback" not in everything
        return self


@dataclass(frozen=True)
class RunMint:
    """Run commands in this process: `mint("generate", "--prompt", "a lamp")`."""

    service: ThreadService
    """The stand-in that the commands reach."""
    capfd: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> CommandResult:
        """Return what became of one command."""
        self.capfd.readouterr()
        status = main(list(arguments))
        out, err = self.capfd.readouterr()
        return CommandResult(status, out, err).check_no_leaks(self.service)

    def jobs(self) -> list[dict[str, Any]]:
        """Return the objects of `jobs --json`, newest first."""
        return self("jobs", "--json").records

    @property
    def job(self) -> str:
        """Return the id of the newest job."""
        return str(self.jobs()[0]["job"])


def environment(service: Service, home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a command in its own process."""
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
    """Return the command line as a user types it."""
    return [sys.executable, "-m", "mint_blender", *arguments]


def run(service: Service, home: Path, *arguments: str, **more: str) -> CommandResult:
    """Run a command in its own process, with pipes; `more` are variables of its environment."""
    ended = captured(command(*arguments), env=environment(service, home, **more), timeout=240)
    return CommandResult(ended.returncode, ended.stdout, ended.stderr).check_no_leaks(service)


def run_on_terminal(service: Service, home: Path, *arguments: str) -> CommandResult:
    """Run a command in its own process, with a pseudo terminal as its standard error."""
    pty = pytest.importorskip("pty", reason="does not apply: Windows has no pseudo terminals")
    near, far = pty.openpty()
    told, shown = environment(service, home, TERM="xterm-256color"), b""
    with subprocess.Popen(
        command(*arguments), env=told, stdout=subprocess.PIPE, stderr=far
    ) as running:
        os.close(far)
        with suppress(OSError):  # nobody holds the other end any more
            while piece := os.read(near, 65536):
                shown += piece
        out, _ = running.communicate(timeout=240)
    os.close(near)
    result = CommandResult(running.returncode, out.decode(), shown.decode(errors="replace"))
    return result.check_no_leaks(service)


def start(service: Service, home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command in its own process, with pipes; Ctrl-C ends it."""
    return popen(command(*arguments), environment(service, home))


def popen(words: list[str], variables: dict[str, str]) -> subprocess.Popen[str]:
    """Start a program with pipes; Ctrl-C ends it."""
    return subprocess.Popen(
        words,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **of_its_own(),
    )


def read_until(running: subprocess.Popen[str], *words: str) -> None:
    """Read standard error to the line that has all of these words."""
    line = ""
    while not line or not all(word in line for word in words):
        line = running.stderr.readline()
        assert line, "it ended by itself"


def commands_below(process: int) -> list[int]:
    """Return the process ids of the commands that a process has started, or that others did for it."""
    found = []
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, thread.read_text().split()):
            with suppress(FileNotFoundError):  # it has just ended
                if b"mint_blender" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    found.append(child)
                found += commands_below(child)
    return found


def press_ctrl_c(running: subprocess.Popen[str], *at: str) -> tuple[str, str]:
    """Interrupt a command once it has printed a line with `at`, if it is given; return the rest."""
    if at:
        read_until(running, *at)
    interrupt(running)
    return running.communicate(timeout=240)


CTRL_C = """
import ctypes, sys
console = ctypes.windll.kernel32
console.FreeConsole()
console.AttachConsole(int(sys.argv[1])) or sys.exit("It has no console.")
console.SetConsoleCtrlHandler(None, True)
console.GenerateConsoleCtrlEvent(0, 0) or sys.exit("Ctrl-C was not sent.")
"""
"""Press Ctrl-C in the console of a process, on Windows. It reaches all processes of a console."""


def interrupt(running: subprocess.Popen[str]) -> None:
    """Press Ctrl-C in the terminal of a program that `popen` has started."""
    if sys.platform == "win32":
        captured([sys.executable, "-c", CTRL_C, str(running.pid)], check=True)
    else:
        running.send_signal(signal.SIGINT)


def restore_sigint() -> None:
    """Restore the default handler of SIGINT in a child process.

    In a shell's background job SIGINT is ignored, and every child inherits that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def of_its_own() -> dict[str, Any]:
    """Return how `Popen` starts a program that Ctrl-C ends, and nothing beside it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}  # its own console
    return {"preexec_fn": restore_sigint}
