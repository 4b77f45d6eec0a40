# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the bash code of a page; `mint-blender` and `python3 -m mint_blender` run in this process.

bash finds only `TOOLS`, and programs of ours that send their arguments to this process through a
socket. So a command takes milliseconds, and nothing on a page can install or download anything.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..cli.command_runner import ROOT, CommandResult

RunCommand = Callable[[list[str]], CommandResult]

TOOLS = ("cat", "cp", "head", "ls", "mkdir", "mv", "tail")
OPENJD = Path(sys.executable).with_name("openjd")
CANNOT_RUN = 125
"""Exit status of a Python command that cannot run in a test."""

PRELUDE = 'set -o pipefail; trap \'echo "$LINENO $?" >> "$FAILED"\' ERR; trap remember EXIT\n'
"""Before the code of a block: note each command that fails, and its end."""

PROGRAM = """\
#!{python} -IS
import json, os, socket, sys
variables = {{name: value for name, value in os.environ.items() if name.startswith("MINT_")}}
request = {{"words": sys.argv, "folder": os.getcwd(), "variables": variables}}
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    stream = connection.makefile("rwb")
    stream.write(json.dumps(request).encode() + b"\\n")
    stream.flush()
    answer = json.loads(stream.readline())
if answer is None:  # a program of the page, which Python runs
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
sys.stdout.write(answer["out"])
sys.stderr.write(answer["err"])
sys.exit(answer["status"])
"""

_EXPECTED = re.compile(r"# exit status (\d+)$")


@dataclass
class Request:
    """A command that bash runs: its words, folder and variables."""

    words: list[str]
    folder: str
    variables: dict[str, str] = field(repr=False)

    @property
    def program(self) -> str:
        """The name of the program."""
        return Path(self.words[0]).name


class Shell:
    """One terminal: folder and variables of a block are those that the block before it has left."""

    def __init__(self, folder: Path, place: Path, run_command: RunCommand) -> None:
        """Make the programs in `place`; the first block starts in `folder`."""
        self._folder, self._place, self._run_command = folder, place, run_command
        self._variables = _of_mint(os.environ)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(place / "s"))
        self._listener.listen()
        self._make_programs()

    def close(self) -> None:
        """Close the socket."""
        self._listener.close()

    def run(self, code: str) -> str:
        """Run a block and return what it printed.

        A command that fails is expected if its line ends with "# exit status N".

        Raises:
            AssertionError: A command had another exit status.
        """
        failed, printed = self._place / "failed", self._place / "printed"
        failed.write_text("")
        with printed.open("w") as output:
            process = subprocess.Popen(
                ["/bin/bash", "--noprofile", "--norc", "-c", PRELUDE + code],
                cwd=self._folder,
                env=self._environment(failed),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                while process.poll() is None:
                    if select.select([self._listener], [], [], 0.02)[0]:
                        self._serve()
            finally:
                process.kill()
                process.wait()
        text = printed.read_text(encoding="utf-8", errors="replace")
        expected = _expected_lines(code)
        assert _failed_lines(failed.read_text()) == expected, f"{code}\n{text}"
        # bash itself ends with 2 for what it cannot parse, and then runs nothing
        assert process.returncode in {0, *expected.values()}, f"{code}\n{text}"
        return text

    def _environment(self, failed: Path) -> dict[str, str]:
        variables = {name: os.environ[name] for name in ("HOME", "XDG_DATA_HOME")}
        variables |= {
            "PATH": str(self._place),
            "FAILED": str(failed),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
        }
        return variables | self._variables

    def _make_programs(self) -> None:
        code = PROGRAM.format(python=sys.executable, address=str(self._place / "s"))
        for name in ("mint-blender", "python3", "remember"):
            (self._place / name).write_text(code, encoding="utf-8")
            (self._place / name).chmod(0o755)
        for tool in TOOLS:
            (self._place / tool).symlink_to(shutil.which(tool))
        (self._place / "openjd").symlink_to(OPENJD)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rwb") as stream:
            answer = self._answer(Request(**json.loads(stream.readline())))
            stream.write(json.dumps(answer).encode() + b"\n")

    def _answer(self, request: Request) -> dict[str, Any] | None:
        if request.program == "remember":
            self._folder, self._variables = Path(request.folder), request.variables
            return {"status": 0, "out": "", "err": ""}
        words = request.words[1:]
        if request.program == "python3":
            if words[:2] != ["-m", "mint_blender"]:
                is_harmless = words[:1] == ["-c"] or Path(request.folder, words[0]).is_file()
                refusal = {"status": CANNOT_RUN, "out": "", "err": "This cannot run in a test."}
                return None if is_harmless else refusal
            words = words[2:]
        with _as_in(request):
            result = self._run_command(words)
        return {"status": result.status, "out": result.out, "err": result.err}


class _as_in:
    """Have the folder and the variables of a request in this process."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __enter__(self) -> None:
        self._before = Path.cwd(), _of_mint(os.environ)
        _set(self._request.folder, self._request.variables)

    def __exit__(self, *_: object) -> None:
        _set(*self._before)


def _set(folder: str | Path, variables: Mapping[str, str]) -> None:
    os.chdir(folder)
    for name in _of_mint(os.environ):
        del os.environ[name]
    os.environ.update(variables)


def _of_mint(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith("MINT_")}


def _failed_lines(text: str) -> dict[int, int]:
    """Return the exit status of each line of the block that failed."""
    pairs = (line.split() for line in text.splitlines())
    return {int(line) - PRELUDE.count("\n"): int(status) for line, status in pairs}


def _expected_lines(code: str) -> dict[int, int]:
    lines = enumerate(code.splitlines(), start=1)
    return {number: int(found[1]) for number, line in lines if (found := _EXPECTED.search(line))}
