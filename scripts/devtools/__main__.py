# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of `scripts/dev.py`, run when nox and uv are installed."""

from __future__ import annotations

import argparse
import os
import sys

from scripts import dev
from scripts.languages import manual_languages

from . import compatibility, environments, manual, pip_settings, soak, testing, windows
from .console import DevError, echo
from .environments import BLENDERS, ENVIRONMENTS
from .pytest_runs import Level


def parser() -> argparse.ArgumentParser:
    """Return the argument parser; the help of dev.py describes the commands."""
    top = argparse.ArgumentParser(prog="dev.py")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    installing = argparse.ArgumentParser(add_help=False)
    installing.add_argument(
        "--install", action="store_true", help="install missing Debian packages too"
    )
    for name in dev.MODULES:
        added = commands.add_parser(name, add_help=False, parents=[installing])
        if name == "demo":
            added.add_argument("--windows", action="store_true")
    for name in dev.HANDED_ON:
        commands.add_parser(name, add_help=False, parents=[installing])
    commands.add_parser("lint")
    docs = commands.add_parser("docs", parents=[installing])
    docs.add_argument("--language", choices=manual_languages(), help="only in this language")
    docs.add_argument("--write", action="store_true", help="write docs/reference/ from the code")
    docs.add_argument("--open", action="store_true", help="open the manual in a browser")
    how = commands.add_parser("compatibility").add_mutually_exclusive_group()
    how.add_argument("--write", action="store_true", help="write docs/compatibility.md")
    how.add_argument("--check", action="store_true", help="fail if the page is not as the table")
    lock = commands.add_parser("lock")
    lock.add_argument("--upgrade", action="store_true", help="use the newest compatible versions")
    make = commands.add_parser("env", parents=[installing])
    make.add_argument("name", nargs="?", choices=list(ENVIRONMENTS))
    test = commands.add_parser(
        "test",
        parents=[installing],
        epilog="Arguments after -- go to pytest, and nothing else is run.",
    )
    which = test.add_mutually_exclusive_group()
    versions = [blender.name.removeprefix("bpy-") for blender in BLENDERS]
    which.add_argument("--bpy", action="append", choices=versions, help="on this Blender")
    which.add_argument("--all", action="store_true", help="on all Blenders")
    help = "what needs no window, in Windows' own Python, which Wine runs"
    which.add_argument("--windows", action="store_true", help=help)
    level = test.add_mutually_exclusive_group()
    words = {
        Level.FAST: "only what needs no Blender and no minutes",
        Level.THOROUGH: "also what `.ci/run` tests, such as kills, faults and pictures",
        Level.NIGHTLY: "also what is random or takes hours, and everything on all Blenders",
    }
    for name, text in words.items():
        level.add_argument(
            f"--{name}",
            dest="level",
            action="store_const",
            const=name,
            default=Level.TEST,
            help=text,
        )
    test.add_argument("--no-lint", action="store_true", help="without ruff, mypy and codespell")
    test.add_argument(
        "--coverage", action="store_true", help="measure it; takes half as long again"
    )
    help = "a test that was left out or needs a second try is a failure (default where CI=true)"
    strict = os.environ.get("CI") == "true"
    test.add_argument("--strict", action="store_true", default=strict, help=help)
    return top


def main(words: list[str]) -> int:
    """Run one command; return 0 for success, 1 for failure, 2 if it could not be run."""
    place = words.index("--") if "--" in words else len(words)
    own, rest = words[:place], words[place + 1 :]
    options, unknown = parser().parse_known_args(own)
    if options.command in dev.MODULES:
        return _run_module(options, [*unknown, *rest])
    if options.command == "bench":
        return _bench([*unknown, *rest], install=options.install)
    if options.command == "soak":
        return soak.main([*unknown, *rest], install=options.install)
    if unknown:
        parser().error(f"unknown arguments: {' '.join(unknown)}")
    if options.command == "env":
        environment = ENVIRONMENTS.get(options.name) or environments.default()
        echo(str(environments.ensure(environment, install=options.install)))
        return 0
    if options.command == "lint":
        environments.ensure(ENVIRONMENTS["lint"], install=False)
        return environments.nox("-R", "-s", "lint")
    if options.command == "docs":
        return manual.main(options)
    if options.command == "lock":
        upgrade = ["--", "--upgrade"] if options.upgrade else []
        return environments.nox("-s", "lock", *upgrade, extra=pip_settings.for_uv())
    if options.command == "compatibility":
        return compatibility.compatibility(write=options.write, check=options.check)
    return testing.test(options, rest)


def _run_module(options: argparse.Namespace, words: list[str]) -> int:
    """Run a command of `dev.MODULES` in the default environment, or in Windows' own Python."""
    module = dev.MODULES[options.command]
    if options.command == "demo" and options.windows:
        return windows.run(module, words, install=options.install)
    python = environments.ensure(environments.default(), install=options.install)
    return dev.replace_process([str(python), "-m", module, *words])


def _bench(words: list[str], *, install: bool) -> int:
    """Run the benchmarks in the default environment."""
    testing.install_window_packages(install=install)
    python = environments.ensure(environments.default(), install=install)
    return dev.replace_process([str(python), "-m", "benchmarks", *words])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        echo(f"\n{error}")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
