# SPDX-License-Identifier: GPL-3.0-or-later
"""The source of the package and of its tests; each file is read and parsed once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mint_blender"
TESTS = ROOT / "tests"


@cache
def sources(folder: Path = PACKAGE) -> dict[str, str]:
    """Return the text of every Python file in a folder and its subfolders, by its path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


@cache
def nodes_of(source: str) -> tuple[ast.AST, ...]:
    """Return every node of a source, the module itself first."""
    return tuple(ast.walk(ast.parse(source)))


def calls_in(source: str) -> list[ast.Call]:
    return [node for node in nodes_of(source) if isinstance(node, ast.Call)]
