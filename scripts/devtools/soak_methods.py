# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods of `dev.py soak`, and their commands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A way of looking for defects, which is a package that runs as a command.

    Its last line on standard output is a JSON object: `figures` (what was counted, by name),
    `failures` (a line each, with the command that repeats it) and `seconds`. Its exit status is 0
    if there was no failure.
    """

    name: str
    package: str
    long: tuple[str, ...] = ()
    """The arguments of the long form, which takes minutes or hours."""
    short: tuple[str, ...] = ()
    """The arguments of a run of a minute or so. The tests have a short form of their own."""
    takes_minutes: bool = False
    """Whether it has the option `--minutes`."""
    needs_window: bool = False
    """Whether it needs Debian's Blender and a virtual display."""
    environment: str = ""
    """The environment that it runs in; empty for the default one."""


_ALL = (
    Method(
        "simulation",
        "tests.simulation",
        long=("--jobs", "1000000", "--processes", "2", "--keep-going"),
        short=("--jobs", "400"),
        takes_minutes=True,
    ),
    Method(
        "exhaustive",
        "tests.exhaustive",
        long=("--processes", "2"),
        short=("--length", "2"),
        takes_minutes=True,
    ),
    Method("process_kills", "tests.process_kills", short=("--count", "10"), takes_minutes=True),
    Method(
        "fuzzing",
        "tests.fuzzing",
        long=("--minutes", "30"),
        short=("--minutes", "4"),
        takes_minutes=True,
        environment="fuzz",
    ),
    Method(
        "random_steps",
        "tests.random_steps",
        long=("--steps", "10000", "--seed", "1"),
        short=("--steps", "100"),
        takes_minutes=True,
        needs_window=True,
    ),
    Method(
        "endurance",
        "tests.endurance",
        long=("--jobs", "1000"),
        short=("--jobs", "50"),
        takes_minutes=True,
        needs_window=True,
    ),
    Method("key", "tests.key_search", short=("--only", "tests/mint"), needs_window=True),
    Method("mutants", "tests.mutants", short=("--sample", "3"), needs_window=True),
)
METHODS = {each.name: each for each in _ALL}
"""All methods by name, in the order of docs/development/testing.md, which says what they do."""
