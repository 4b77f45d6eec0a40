# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `soak` of `scripts/dev.py`: run the long forms of methods that look for defects."""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.dev import ROOT

from . import environments, testing
from .console import echo
from .environments import ENVIRONMENTS
from .soak_methods import METHODS, Method


@dataclass(frozen=True)
class Result:
    """What a method has counted, and what went wrong."""

    figures: Mapping[str, float] = field(default_factory=dict)
    failures: Sequence[str] = ()
    seconds: float = 0.0

    @classmethod
    def read(cls, line: str, status: int) -> Result:
        """Return the result in the last line of a method's output.

        Raises:
            ValueError: The line is no result, or it says something else than the exit status.
        """
        found: Any = json.loads(line)
        try:
            figures, failures = dict(found["figures"]), [str(each) for each in found["failures"]]
            seconds = float(found["seconds"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"it lacks something: {error}") from error
        if wrong := [name for name, value in figures.items() if not _is_number(value)]:
            raise ValueError(f"these figures are no numbers: {', '.join(wrong)}")
        if bool(failures) != bool(status):
            raise ValueError(f"it has {len(failures)} failures, but the exit status is {status}")
        return cls(figures, failures, seconds)


def main(words: Sequence[str], *, install: bool) -> int:
    """Run the methods that were asked for; return 0 if none has failed, else 1."""
    parser = _parser()
    options = parser.parse_args(words)
    if unknown := set(options.names) - set(METHODS):
        parser.error(f"no such method: {', '.join(sorted(unknown))}")
    names = options.names or [*METHODS]
    if any(METHODS[name].needs_window for name in names):
        testing.install_window_packages(install=install)
    results: dict[str, Result] = {}
    for name in names:
        command = _arguments(METHODS[name], options)
        if command is None:
            echo(f"-- {name} has no --minutes; run it without that option")
            continue
        results[name] = _run(METHODS[name], command, install=install)
    _print_table(results)
    return int(any(result.failures for result in results.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py soak", description=__doc__)
    names = ", ".join(METHODS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {names}")
    parser.add_argument("--short", action="store_true", help="about a minute for each method")
    parser.add_argument("--minutes", type=float, help="for methods that have such an option")
    return parser


def _arguments(method: Method, options: argparse.Namespace) -> list[str] | None:
    """Return the arguments of a method; None if it has no `--minutes` and is asked for them."""
    if options.minutes is None:
        return [*(method.short if options.short else method.long)]
    if not method.takes_minutes:
        return None
    return [*method.long, "--minutes", f"{options.minutes:g}"]  # the last of two options counts


def _run(method: Method, arguments: Sequence[str], *, install: bool) -> Result:
    """Run a method, show its output, and return its result."""
    environment = ENVIRONMENTS.get(method.environment) or environments.default()
    python = environments.ensure(environment, install=install)
    command = [str(python), "-m", method.package, *arguments]
    repeat = f"python3 scripts/dev.py soak {method.name}"
    echo(f"-- {method.name}: python3 -m {' '.join([method.package, *arguments])}")
    last, status = _run_and_show(command, ROOT)
    try:
        return Result.read(last, status)
    except ValueError as error:
        return Result(failures=[f"no result, exit status {status} ({error}): {repeat}"])


def _run_and_show(command: Sequence[str], folder: Path) -> tuple[str, int]:
    """Run a command; return the last line that it has printed, and its exit status."""
    last = ""
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            echo(f"   {line.rstrip()}")
            last = line if line.strip() else last
    return last, process.returncode


def _print_table(results: Mapping[str, Result]) -> None:
    echo("\n== Soak")
    for name, result in results.items():
        verdict = f"{len(result.failures)} FAILED" if result.failures else "ok"
        echo(f"   {name:<16}{result.seconds:>9.0f} s  {verdict}")
        for figure, value in result.figures.items():
            echo(f"     {figure:<40}{_number(value):>14}")
        for failure in result.failures:
            echo(f"     {failure}")


def _number(value: float) -> str:
    """Return a figure as people write it: 1,000,000 or 0.25."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
