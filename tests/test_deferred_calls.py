# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that functions called later do not keep the operator that created them.

The source is analyzed. Above a limit a call waits for a price or for the user. Blender frees the
operator long before, and access to it then raises a ReferenceError.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

BLENDER = Path(__file__).resolve().parents[1] / "mint_blender" / "ui"
SPENDING = {
    "MINT_OT_spend",
    "MINT_OT_generate",
    "MINT_OT_batch_text",
    "MINT_OT_optimize",
    "MINT_OT_again",
}
BEGIN = {"run_action", "about_asset", "when_priced", "when_confirmed"}


def deferred_functions(method: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield every function that a method creates to be called later.

    Names of methods that create one are included.
    """
    for node in ast.walk(method):
        is_function = isinstance(node, ast.Lambda | ast.FunctionDef) and node is not method
        if is_function:
            yield node


def kept(method: ast.FunctionDef) -> list[int]:
    """Return the lines where a deferred function of this method uses the operator."""
    begins = any(
        isinstance(each, ast.Call) and ast.unparse(each.func).rpartition(".")[2] in BEGIN
        for each in ast.walk(method)
    )
    if not begins and method.name != "decision":
        return []
    return [
        each.lineno
        for act in deferred_functions(method)
        for each in ast.walk(act)
        if isinstance(each, ast.Name) and each.id == "self"
    ]


def methods() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield every method of the room with its position."""
    for path in sorted(BLENDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield from (
                    (f"{path.relative_to(BLENDER)}: {node.name}.{each.name}", each)
                    for each in node.body
                    if isinstance(each, ast.FunctionDef)
                )


def test_no_deferred_function_uses_its_operator() -> None:
    """No function that is called later uses `self`."""
    assert {place: lines for place, method in methods() if (lines := kept(method))} == {}


def test_a_deferred_function_that_uses_its_operator_is_found() -> None:
    """The check reports a function that uses `self`."""
    source = "class A:\n    def act(self):\n        def later(board):\n            self.decide(board)\n        return run_action(self, later)\n"
    (operator,) = ast.parse(source).body
    assert isinstance(operator, ast.ClassDef) and isinstance(operator.body[0], ast.FunctionDef)
    assert kept(operator.body[0]) == [4]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=str(path.relative_to(BLENDER)))
        for path in sorted(BLENDER.rglob("*.py"))
    ],
)
def test_enter_does_not_confirm_a_dialog_that_spends_credits(path: Path) -> None:
    """Each operator that spends Credits opens its dialog with Cancel as the default button."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name in SPENDING:
            assert "invoke_props_dialog" not in ast.unparse(node)
            assert "ask_before_spending" in ast.unparse(node)
