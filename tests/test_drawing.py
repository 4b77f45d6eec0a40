# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawing only draws: read from the source, no function that draws asks Mint, touches a file or
writes a property of the user's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

BLENDER = Path(__file__).resolve().parents[1] / "mint_blender" / "ui"

# What a layout and the button it has just made may be told.
LAYOUT = {
    "alert",
    "active",
    "active_default",
    "enabled",
    "scale_x",
    "scale_y",
    "alignment",
    "ui_units_x",
    "use_property_split",
    "use_property_decorate",
    "operator_context",
    "activate_init",
}
FORBIDDEN = {
    "ask", "start", "fetch", "look", "board", "service", "connect",  # the network, and opening the journal
    "open", "read_text", "write_text", "read_bytes", "write_bytes", "exists", "is_file", "iterdir", "mkdir", "unlink", "stat", "load", "size",
    "setattr", "add", "remove", "clear", "remember", "recall",  # properties and collections
}  # fmt: skip


def drawing() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function that draws, by its name."""
    for path in sorted(BLENDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.lstrip("_").startswith("draw"):
                yield f"{path.relative_to(BLENDER)}: {node.name}", node


def buttons(function: ast.FunctionDef) -> set[str]:
    """Local names of buttons: what `layout.operator(…)` answers is there to be filled in."""
    made = (
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    )
    return {
        target.id
        for node in made
        for target in node.targets
        if isinstance(target, ast.Name)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func).endswith(".operator")
    }


def complaints(function: ast.FunctionDef) -> list[str]:
    """What a function does that drawing must not do."""
    wrong, own = [], buttons(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            if name in FORBIDDEN:
                wrong.append(f"line {node.lineno}: calls {ast.unparse(node.func)}")
        if isinstance(node, ast.Assign | ast.AugAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                    if isinstance(part, ast.Attribute) and part.attr not in LAYOUT:
                        base = ast.unparse(part.value)
                        if base not in own and ".operator(" not in base:
                            wrong.append(f"line {node.lineno}: writes {ast.unparse(part)}")
    return wrong


@pytest.mark.parametrize(
    ("name", "function"), [pytest.param(name, node, id=name) for name, node in drawing()]
)
def test_drawing_only_draws(name: str, function: ast.FunctionDef) -> None:
    """No network, no file, no property: what is shown was prepared by the heartbeat."""
    assert complaints(function) == []


def test_a_wrong_one_is_found() -> None:
    """The reading notices each kind of thing that drawing must not do."""
    source = "def draw(self, context):\n    board.ask(1)\n    context.scene.x = 1\n    self.layout.operator('a').job_id = 'b'\n    row.alert = True\n"
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert len(complaints(function)) == 2
    assert len(list(drawing())) > 20
