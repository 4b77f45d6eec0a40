# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules a program imports, found in a process of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.harness.processes import captured

ROOT = Path(__file__).resolve().parents[2]


def modules_of(code: str, *, environment: Mapping[str, str] | None = None) -> set[str]:
    """Return the modules that a piece of code imports."""
    (imported,) = modules_of_steps(code, environment=environment)
    return imported


def modules_of_steps(
    *steps: str, given: str = "", environment: Mapping[str, str] | None = None
) -> list[set[str]]:
    """Return the modules that each of some pieces of code imports, one after the other.

    What `given` imports before them does not count.
    """
    # `os._exit`: the shutdown of the bpy 4.5 wheel hangs while classes are registered
    program = f"""
import json, os, sys
{given}
known, imported = set(sys.modules), []
for step in {steps!r}:
    exec(step, globals())
    imported.append(sorted(set(sys.modules) - known))
    known |= set(sys.modules)
print("\\n" + json.dumps(imported), flush=True)
os._exit(0)
"""
    ended = captured(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        check=True,
    )
    return [set(modules) for modules in json.loads(ended.stdout.splitlines()[-1])]


def ours(modules: set[str]) -> set[str]:
    """Return the names within this package: `mint_blender.ui.panel` is `ui.panel`."""
    return {
        name.removeprefix("mint_blender.") for name in modules if name.startswith("mint_blender.")
    }


def foreign(modules: set[str]) -> set[str]:
    """Return the top-level packages that are not of this package."""
    return {name.partition(".")[0] for name in modules} - {"mint_blender"}
