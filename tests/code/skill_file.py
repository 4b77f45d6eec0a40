# SPDX-License-Identifier: GPL-3.0-or-later
"""Read `extras/skills/mint-blender/SKILL.md`: its front matter, its code and the calls in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FILE = Path(__file__).parents[2] / "extras" / "skills" / "mint-blender" / "SKILL.md"
OPERATORS = "bpy.ops.mint."


def front_matter() -> dict[str, str]:
    """Return the fields between the two lines of dashes."""
    _, fields, _ = FILE.read_text(encoding="utf-8").split("---\n", 2)
    return dict(line.split(": ", 1) for line in fields.splitlines())


def body() -> str:
    """Return what follows the front matter."""
    return FILE.read_text(encoding="utf-8").split("---\n", 2)[2]


def code_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", body(), re.DOTALL)


def code_block(part: str) -> str:
    """Return the only block that contains a text."""
    (found,) = [block for block in code_blocks() if part in block]
    return found


def inline_code() -> list[str]:
    """Return everything between single backticks outside of the blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", body(), flags=re.DOTALL))


def calls() -> Iterator[ast.Call]:
    """Yield every call in the code, in blocks and in the text."""
    for code in [*code_blocks(), *inline_code()]:
        try:
            tree = ast.parse(code.replace("(job_id=…)", "(job_id='…')"))
        except SyntaxError:
            continue  # a word or a shell command
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def operator_calls() -> list[tuple[str, ast.Call]]:
    """Return the name and the call of each operator of the add-on."""
    named = ((ast.unparse(call.func), call) for call in calls())
    return [(name.removeprefix(OPERATORS), call) for name, call in named if OPERATORS in name]
