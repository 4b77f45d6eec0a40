# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the size limits for functions, files, packages and rooms."""

from __future__ import annotations

import ast
import statistics
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
    """No function has more than 40 lines, and half of them have at most 8."""
    sizes = function_sizes()
    assert {name: size for name, size in sizes.items() if size > 40} == {}
    assert statistics.median(sizes.values()) <= 8


def test_files_are_short() -> None:
    """No file of the package or its tests has more than 400 lines."""
    files = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
    sizes = {str(path.relative_to(ROOT)): line_count(path) for path in files}
    assert {name: size for name, size in sizes.items() if size > 400} == {}


def test_packages_are_small() -> None:
    """No package has more than 15 modules besides its `__init__`."""
    modules = Counter(
        str(path.parent.relative_to(PACKAGE)) for path in MODULES if path.name != "__init__.py"
    )
    assert {name: count for name, count in modules.items() if count > 15} == {}


def test_no_room_is_too_large() -> None:
    """The largest room has less than a third of the package's lines."""
    rooms: Counter[str] = Counter()
    for path in MODULES:
        rooms[path.relative_to(PACKAGE).parts[0]] += line_count(path)
    name, largest = rooms.most_common(1)[0]
    assert largest < rooms.total() / 3, name
