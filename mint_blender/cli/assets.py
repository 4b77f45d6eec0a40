# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `assets FILE.blend…`: what in these files came from Mint."""

from __future__ import annotations

import argparse
import contextlib
import io
import math
from typing import TYPE_CHECKING

from ..delivery import blender_runtime
from .exits import Exit

if TYPE_CHECKING:
    from .output.terminal import Terminal


def assets(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """List the objects from Mint of each file. A file that cannot be read stops nothing else."""
    if problem := blender_runtime.blender_problem("Reading .blend files"):
        terminal.error(problem)
        return Exit.IMPORT
    if arguments.csv and terminal.as_json:
        terminal.error("Choose one of --json and --csv.")
        return Exit.USAGE
    from ..scene import asset_list

    entries: list[dict[str, str]] = []
    status = Exit.DONE
    for path in arguments.files:
        try:
            # Blender also prints to Python's standard output, which is for our results
            with contextlib.redirect_stdout(io.StringIO()):
                found = asset_list.of_file(path.expanduser().absolute())
        except OSError:
            terminal.error(f"{path} could not be opened. Is it a .blend of this Blender or older?")
            status = Exit.IMPORT
            continue
        entries += found
        if not arguments.csv:
            for each in found:
                credits = _number(each["credits"])
                terminal.result({"event": "asset", **each, "credits": credits}, _line(each))
            if not found:
                terminal.note(f"{path}: nothing from Mint")
    if arguments.csv:
        print(asset_list.as_csv(entries), end="", flush=True)
    return status


def _number(text: str) -> float | None:
    """Return a finite number, or None: anybody can have written what a .blend says."""
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    return None


def _line(entry: dict[str, str]) -> str:
    known = (
        entry["kind"],
        entry["preset"],
        entry["credits"] and f"{entry['credits']} Credits",
        entry["date"][:10],
        entry["asset"],
    )
    return f"{entry['object']}: {entry['prompt'] or 'no prompt'} ({', '.join(filter(None, known))})"
