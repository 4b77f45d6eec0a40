# SPDX-License-Identifier: GPL-3.0-or-later
"""What was clicked and placed, one line of JSON each: it outlives the process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


class _State:
    folder: Path
    violations: list[str]
    left_of_addon: Callable[[], dict[str, Any]]


_state = _State()
_state.violations = []


def begin(folder: str) -> None:
    """Write to `facts.jsonl` in this folder."""
    _state.folder = Path(folder)


def folder() -> Path:
    """Return the folder of the facts and of the saved files."""
    return _state.folder


def set_left_of_addon(left: Callable[[], dict[str, Any]]) -> None:
    """Use this function to find what Blender and Python know of the add-on."""
    _state.left_of_addon = left


def left_of_addon() -> dict[str, Any]:
    """Return what a disabled add-on has left behind; empty if nothing."""
    return {what: names for what, names in _state.left_of_addon().items() if names}


def write(what: str, **values: Any) -> None:
    """Write a fact before it comes true, so that a killed process has told of it."""
    with (folder() / "facts.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"what": what, **values}) + "\n")


def complain(sentence: str) -> None:
    """Note that a rule was broken."""
    _state.violations.append(sentence)


def take_violations() -> list[str]:
    """Return the broken rules since the last call."""
    found, _state.violations = _state.violations, []
    return found
