# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the tests with the marker `feature`, in their source: no environment collects every test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.dev import ROOT

MARKER = "pytest.mark.feature"
_WITH_WINDOW = ("pytest.mark.window", "pytest.mark.debian")


@dataclass(frozen=True)
class FeatureTest:
    """One test, and a feature that it shows."""

    file: str
    """Its path from the repository root."""
    name: str
    feature: str
    has_window: bool = False
    """Whether it starts the system's Blender, instead of loading the `bpy` module."""


def feature_tests(root: Path = ROOT) -> list[FeatureTest]:
    """Return all tests that show a feature, once for each feature."""
    found: list[FeatureTest] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.feature(" in text:
            found += in_source(text, path.relative_to(root).as_posix())
    return found


def in_source(source: str, file: str) -> Iterator[FeatureTest]:
    """Yield the tests in the source of a file that show a feature."""
    module = ast.parse(source)
    of_all = [mark for node in module.body for mark in _module_marks(node)]
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            marks = [*of_all, *node.decorator_list]
            has_window = any(ast.unparse(mark) in _WITH_WINDOW for mark in marks)
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == MARKER:
                    yield _test(mark, file, node.name, has_window=has_window)


def _module_marks(node: ast.stmt) -> list[ast.expr]:
    """Return the marks in `pytestmark = …`; any other statement has none."""
    if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"):
        return []
    return node.value.elts if isinstance(node.value, ast.List) else [node.value]


def _test(mark: ast.Call, file: str, name: str, *, has_window: bool) -> FeatureTest:
    return FeatureTest(file, name, str(ast.literal_eval(mark.args[0])), has_window)
