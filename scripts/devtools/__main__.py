# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of `scripts/dev.py`, once nox and uv are there."""

from __future__ import annotations

import argparse
import os
import sys

from scripts import dev

from . import environments, pip_settings, testing
from .environments import BLENDERS, ENVIRONMENTS
from .say import Trouble, say

MODULES = {"demo": "scripts.demo", "service": "tests.mint_service", "images": "scripts.images"}
"""Command, to the module that it is in the default environment."""


def parser() -> argparse.ArgumentParser:
    """Describe the commands and their options; dev.py's help has them in sentences."""
    top = argparse.ArgumentParser(prog="dev.py")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    installing = argparse.ArgumentParser(add_help=False)
    installing.add_argument("--install", action="store_true", help="also missing Debian packages")
    for name in MODULES:
        commands.add_parser(name, add_help=False, parents=[installing])
    commands.add_parser("lint")
    lock = commands.add_parser("lock")
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    make = commands.add_parser("env", parents=[installing])
    make.add_argument("name", nargs="?", choices=list(ENVIRONMENTS))
    test = commands.add_parser(
        "test",
        parents=[installing],
        epilog="What follows -- goes to pytest, and then nothing else is run.",
    )
    which = test.add_mutually_exclusive_group()
    versions = [blender.name.removeprefix("bpy-") for blender in BLENDERS]
    which.add_argument("--bpy", action="append", choices=versions, help="on this Blender")
    which.add_argument("--all", action="store_true", help="on all Blenders")
    which.add_argument("--others", action="store_true", help="on all but the default")
    test.add_argument("--fast", action="store_true", help="only what needs no Blender")
    test.add_argument("--no-lint", action="store_true", help="without ruff, mypy and codespell")
    help = "a test that was left out is a failure (the default where CI=true)"
    strict = os.environ.get("CI") == "true"
    test.add_argument("--strict", action="store_true", default=strict, help=help)
    return top


def main(words: list[str]) -> int:
    """Run one command; 0 when it is good, 1 when not, 2 when it could not be tried."""
    place = words.index("--") if "--" in words else len(words)
    own, rest = words[:place], words[place + 1 :]
    asked, unknown = parser().parse_known_args(own)
    if asked.command in MODULES:
        python = environments.ready(environments.default(), install=asked.install)
        return dev.become([str(python), "-m", MODULES[asked.command], *unknown, *rest])
    if unknown:
        parser().error(f"unknown arguments: {' '.join(unknown)}")
    if asked.command == "env":
        environment = ENVIRONMENTS.get(asked.name) or environments.default()
        say(str(environments.ready(environment, install=asked.install)))
        return 0
    if asked.command == "lint":
        environments.ready(ENVIRONMENTS["lint"], install=False)
        return environments.nox("-R", "-s", "lint")
    if asked.command == "lock":
        upgrade = ["--", "--upgrade"] if asked.upgrade else []
        return environments.nox("-s", "lock", *upgrade, extra=pip_settings.for_uv())
    return testing.test(asked, rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        say(f"\n{trouble}")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
