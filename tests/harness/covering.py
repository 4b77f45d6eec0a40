# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests show which rule, read from `@pytest.mark.covers("ID")` in their source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def covering_tests(root: Path = ROOT, without: frozenset[str] = frozenset()) -> dict[str, set[str]]:
    """Return for each id in a marker the tests that have it, as `tests/FILE.py::NAME`.

    They are read from the source, since no environment collects every test. Those `without` a
    marker such as `thorough`, on them and on their module, can be asked for.
    """
    tests: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.covers(" in text:
            file = path.relative_to(root).as_posix()
            for name, rule in _markers(ast.parse(text), without):
                tests[rule].add(f"{file}::{name}")
    return dict(tests)


def _markers(module: ast.Module, without: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each test, and each rule that it shows."""
    of_all = [mark for node in module.body for mark in _module_marks(node)]
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_test = node.name.startswith("test_")
            marks = [*(of_all if is_test else ()), *node.decorator_list]
            if without.isdisjoint(map(_name, marks)):
                for rule in _rules(marks):
                    yield node.name, rule


def _module_marks(node: ast.stmt) -> list[ast.expr]:
    """Return the marks in `pytestmark = …`; any other statement has none."""
    if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"):
        return []
    return node.value.elts if isinstance(node.value, ast.List) else [node.value]


def _name(mark: ast.expr) -> str:
    """Return the name of a marker, without its arguments."""
    called = mark.func if isinstance(mark, ast.Call) else mark
    return ast.unparse(called).removeprefix("pytest.mark.")


def _rules(marks: list[ast.expr]) -> Iterator[str]:
    """Yield the ids in `@pytest.mark.covers("ID", …)`; any other decorator has none."""
    for mark in marks:
        if isinstance(mark, ast.Call) and _name(mark) == "covers":
            for argument in mark.args:
                yield str(ast.literal_eval(argument))
