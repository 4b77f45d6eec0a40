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


def modules_of(
    code: str, *, given: str = "", environment: Mapping[str, str] | None = None
) -> set[str]:
    """Return the modules that a piece of code imports, besides those that `given` imports."""
    # `os._exit`: the shutdown of the bpy 4.5 wheel hangs while classes are registered
    program = f"""
import json, os, sys
{given}
before = set(sys.modules)
{code}
print("\\n" + json.dumps(sorted(set(sys.modules) - before)), flush=True)
os._exit(0)
"""
    ended = captured(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        check=True,
    )
    return set(json.loads(ended.stdout.splitlines()[-1]))


def ours(modules: set[str]) -> set[str]:
    """Return the names within this package: `mint_blender.ui.panel` is `ui.panel`."""
    return {
        name.removeprefix("mint_blender.") for name in modules if name.startswith("mint_blender.")
    }


def foreign(modules: set[str]) -> set[str]:
    """Return the top-level packages that are not of this package."""
    return {name.partition(".")[0] for name in modules} - {"mint_blender"}
