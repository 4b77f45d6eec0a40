# SPDX-License-Identifier: GPL-3.0-or-later
"""`dev.py lock`: from the lists that people write (`requirements/*.in`) to the pinned ones that get
installed (`*.txt`).
"""

from __future__ import annotations

from .environments import ENVIRONMENTS, ROOT, Environment, ready
from .say import Trouble, run, say


def command(environment: Environment, *, upgrade: bool) -> list[str]:
    """The arguments of uv for one lock: for every platform, and without the address of any package
    index in it.
    """
    words = ["pip", "compile", "--quiet", "--universal", "--python-version", environment.pythons[0]]
    words += [
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--custom-compile-command",
        "python3 scripts/dev.py lock",
    ]
    words += ["--upgrade"] if upgrade else []
    return [
        *words,
        f"requirements/{environment.name}.in",
        "-o",
        f"requirements/{environment.name}.txt",
    ]


def lock(*, upgrade: bool) -> int:
    """Write every lock anew; what is pinned stays pinned unless `upgrade`."""
    uv = ready(ENVIRONMENTS["lock"]).with_name("uv")
    for environment in ENVIRONMENTS.values():
        say(f"-- requirements/{environment.name}.txt")
        if run([uv, *command(environment, upgrade=upgrade)], cwd=ROOT) != 0:
            raise Trouble(
                f"No set of versions fits requirements/{environment.name}.in. The reason is above."
            )
    return 0
