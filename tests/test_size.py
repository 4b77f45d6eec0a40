# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the sizes of functions, files and rooms."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "mint_blender"
MODULES = sorted(PACKAGE.rglob("*.py"))


def line_count(path: Path) -> int:
    """Return the number of lines in a file."""
    return path.read_text(encoding="utf-8").count("\n")


def function_sizes() -> dict[str, int]:
    """Return the number of lines of each function in the package, by module and line."""
    return {
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_functions_are_short() -> None:
    """A function of more than 60 lines asks for a second look."""
    assert {name: size for name, size in function_sizes().items() if size > 60} == {}


def test_files_are_short() -> None:
    """A file of more than 700 lines asks for a second look, also in the tests."""
    files = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
    sizes = {str(path.relative_to(ROOT)): line_count(path) for path in files}
    assert {name: size for name, size in sizes.items() if size > 700} == {}


def test_no_room_is_too_large() -> None:
    """The largest room has less than a third of the package's lines."""
    rooms: Counter[str] = Counter()
    for path in MODULES:
        rooms[path.relative_to(PACKAGE).parts[0]] += line_count(path)
    name, largest = rooms.most_common(1)[0]
    assert largest < rooms.total() / 3, name
