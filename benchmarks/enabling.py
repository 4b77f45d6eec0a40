# SPDX-License-Identifier: GPL-3.0-or-later
"""Enabling the add-on in the installed Blender, beside add-ons that come with it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from .measure import Row, in_turn, milliseconds

ROOT = Path(__file__).resolve().parents[1]
GOAL = 0.025
ROUNDS = 9
PEERS = ("node_wrangler", "io_scene_gltf2", "io_scene_fbx")

ENABLE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import bpy
bpy.context.preferences.addons.new().module = "mint_blender"
import mint_blender
mint_blender.register()
"""

# Blender enables some of the others at its start: they are disabled and imported again.
COMPARE = f"""
import addon_utils, bpy, json, sys, time
sys.path.insert(0, {str(ROOT)!r})

def forget(package):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]

def enable_peer(name):
    if name in bpy.context.preferences.addons:
        addon_utils.disable(name)
    forget(name)
    before = time.perf_counter()
    addon_utils.enable(name)
    return time.perf_counter() - before

bpy.context.preferences.addons.new().module = "mint_blender"
known, before = set(sys.modules), time.perf_counter()
import mint_blender
mint_blender.register()
found = {{"mint_blender": time.perf_counter() - before}}
modules = sum(name.startswith("mint_blender") for name in set(sys.modules) - known)
mint_blender.unregister()
before = time.perf_counter()
mint_blender.register()
found["again"] = time.perf_counter() - before
found |= {{name: enable_peer(name) for name in {PEERS!r}}}
print("RESULT", json.dumps([found, modules]), flush=True)
"""


def measure() -> Iterator[Row]:
    """Enable the add-on in a Blender of its own several times; the files are in the disk cache."""
    with tempfile.TemporaryDirectory() as folder:
        _run(folder, ENABLE)  # writes the bytecode
        runs = [_result(_run(folder, COMPARE)) for _ in range(ROUNDS)]
        modules = runs[0][1]
        took = {name: median(run[0][name] for run in runs) for name in runs[0][0]}
        others = ", ".join(f"{name} {milliseconds(took[name])}" for name in PEERS)
        yield Row(
            "Enabling in Blender, files in the disk cache",
            f"at most {milliseconds(GOAL)}",
            f"{milliseconds(took['mint_blender'])} for {modules} modules, of which registering"
            f" {milliseconds(took['again'])}",
            took["mint_blender"] <= GOAL,
            others,
        )
        plain, enabled = in_turn(
            lambda: _run(folder, "pass"), lambda: _run(folder, ENABLE), times=ROUNDS
        )
        slower = median(one - other for one, other in zip(enabled, plain, strict=True))
        yield Row(
            "Start of Blender in the background, with the add-on",
            f"not slower: at most {milliseconds(GOAL)} more",
            f"{milliseconds(median(enabled))}: {milliseconds(slower)} more in the median of the"
            " pairs",
            slower <= GOAL,
            f"without it {milliseconds(median(plain))}",
        )


def _result(printed: str) -> Any:
    """Return what `COMPARE` has printed between the lines of Blender."""
    lines = [line for line in printed.splitlines() if line.startswith("RESULT ")]
    return json.loads(lines[0].removeprefix("RESULT "))


def _run(folder: str, code: str) -> str:
    """Run Python code in a new Blender and return what is printed."""
    command = ["blender", "--background", "--factory-startup", "--python-expr", code]
    ended = subprocess.run(
        command,
        env={**os.environ, "MINT_BLENDER_HOME": folder, "BLENDER_USER_RESOURCES": folder},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout
