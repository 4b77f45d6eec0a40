# SPDX-License-Identifier: GPL-3.0-or-later
"""What a developer types: set-up and work in one command each, on a machine that has only Python
and pip.

python3 scripts/dev.py demo          the main job against the stand-in service: prompt, preview, approval, .blend, picture
python3 scripts/dev.py service       only the stand-in service: prints its address and a key, and serves until Ctrl-C
python3 scripts/dev.py images        the pictures of the README, made anew
python3 scripts/dev.py test          every check and test; --all: on every Blender; -- PYTEST_ARGUMENTS: only those
python3 scripts/dev.py lint          ruff and mypy
python3 scripts/dev.py env [NAME]    make an environment and print the path of its Python
python3 scripts/dev.py lock          write the pinned dependencies anew
"""  # noqa: E501

import argparse
import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 (this file is the one that people start with any Python they have)
    sys.exit(
        f"Mint for Blender needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try python3.11 or python3.13."  # noqa: E501
    )

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # started as a file: only scripts/ itself would be found

from scripts.devtools import environments, locks, testing  # noqa: E402
from scripts.devtools.say import Trouble, run, say  # noqa: E402

MODULES = {
    "demo": ("scripts.demo", "the main job against the stand-in service"),
    "service": ("tests.mint_service", "the stand-in service alone"),
    "images": ("scripts.images", "the pictures of the README, made anew"),
}


def module(name: str, arguments: list[str]) -> int:
    """Run one of our own programs in the default environment."""
    python = environments.ready(environments.default_environment())
    return run([python, "-m", name, *arguments], cwd=ROOT)


def env(names: list[str]) -> int:
    """Make environments and print where their Pythons are."""
    unknown = [name for name in names if name not in environments.ENVIRONMENTS]
    if unknown:
        raise Trouble(
            f"There is no environment {', '.join(unknown)}. There are: {', '.join(environments.ENVIRONMENTS)}."  # noqa: E501
        )
    chosen = [environments.ENVIRONMENTS[name] for name in names] or [
        environments.default_environment()
    ]
    for environment in chosen:
        say(str(environments.ready(environment)))
    return 0


def prune() -> int:
    """Remove outdated environments."""
    removed = environments.prune()
    for path in removed:
        say(f"removed {path}")
    say(f"{len(removed)} removed from {environments.folder()}")
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, help) in MODULES.items():
        commands.add_parser(name, help=help, add_help=False)
    commands.add_parser("lint", help="ruff and mypy")
    lock = commands.add_parser("lock", help="write the pinned dependencies anew")
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    make = commands.add_parser("env", help="make environments and print the paths of their Pythons")
    make.add_argument(
        "--prune", action="store_true", help="remove the environments that no longer fit the locks"
    )
    make.add_argument("names", nargs="*", metavar="NAME", help=", ".join(environments.ENVIRONMENTS))
    test = commands.add_parser(
        "test",
        help="every check and test",
        epilog="What follows -- goes to pytest, and then nothing else is run.",
    )
    test.add_argument(
        "--bpy",
        action="append",
        default=[],
        metavar="VERSION",
        help="in the environment of this Blender (can be repeated)",
    )
    test.add_argument("--all", action="store_true", help="in the environments of all Blenders")
    test.add_argument(
        "--others", action="store_true", help="in those of all Blenders but the default"
    )
    test.add_argument("--fast", action="store_true", help="only what needs no Blender")
    test.add_argument("--no-lint", action="store_true", help="without ruff and mypy")
    test.add_argument(
        "--strict",
        action="store_true",
        help="a test that was left out is a failure (the default where CI=true)",
    )
    return top


def main(words: list[str]) -> int:
    """Run one command; 0 when it is good, 1 when not, 2 when it could not be tried."""
    own, _, rest = _split(words)
    arguments, unknown = parser().parse_known_args(own)
    if arguments.command in MODULES:
        return module(MODULES[arguments.command][0], [*unknown, *rest])
    if unknown:
        parser().error(f"unknown arguments: {' '.join(unknown)}")
    if arguments.command == "lint":
        return 0 if testing.lint() else 1
    if arguments.command == "lock":
        return locks.lock(upgrade=arguments.upgrade)
    if arguments.command == "env":
        return prune() if arguments.prune else env(arguments.names)
    return testing.test(
        versions=arguments.bpy,
        everything=arguments.all,
        others=arguments.others,
        fast=arguments.fast,
        strict=arguments.strict or os.environ.get("CI") == "true",
        with_lint=not arguments.no_lint,
        arguments=rest,
    )


def _split(words: list[str]) -> tuple[list[str], bool, list[str]]:
    """What stands before and after the first `--`."""
    if "--" not in words:
        return words, False, []
    place = words.index("--")
    return words[:place], True, words[place + 1 :]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        say(f"\n{trouble}")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
