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
def covering_tests(root: Path = ROOT) -> dict[str, set[str]]:
    """Return for each id in a marker the tests that have it, as `tests/FILE.py::NAME`.

    They are read from the source, since no environment collects every test.
    """
    tests: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.covers(" in text:
            file = path.relative_to(root).as_posix()
            for name, rule in _markers(ast.parse(text)):
                tests[rule].add(f"{file}::{name}")
    return dict(tests)


def _markers(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the name of each test, and each rule that it shows."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                for rule in _rules(decorator):
                    yield node.name, rule


def _rules(decorator: ast.expr) -> list[str]:
    """Return the ids in `@pytest.mark.covers("ID", …)`; any other decorator has none."""
    if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != "pytest.mark.covers":
        return []
    return [str(ast.literal_eval(argument)) for argument in decorator.args]
