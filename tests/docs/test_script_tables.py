# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the pages for scripts name what exists."""

from __future__ import annotations

import ast
import re

from mint_blender.jobs.batch_lines import FIELDS
from mint_blender.mint.schema import Kind

from .code_blocks import ROOT


def first_column(page: str, title: str) -> set[str]:
    """Return every word in backticks in the first column of the table with this title."""
    rows = (ROOT / page).read_text(encoding="utf-8").split(f"\n| {title} |")[1].split("\n\n")[0]
    cells = [row.split("|")[1] for row in rows.splitlines()[2:]]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_the_table_of_batches_has_every_field() -> None:
    """A line of a batch takes these fields and no others."""
    assert first_column("docs/scripts/batches.md", "field") == FIELDS


def test_the_table_of_events_has_each_that_is_printed() -> None:
    """The command line prints each of them with `--json`, and no other."""
    printed: set[str] = set()
    package = ROOT / "mint_blender"
    for path in (*(package / "cli").rglob("*.py"), package / "jobs/presentation/job_view.py"):
        printed |= events_in(path.read_text(encoding="utf-8"))
    assert first_column("docs/scripts/command-line.md", "`event`") == printed


def events_in(source: str) -> set[str]:
    """Return the events that a module prints: in records, arguments and defaults."""
    values: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values += [
                value
                for key, value in pairs
                if isinstance(key, ast.Constant) and key.value == "event"
            ]
        elif isinstance(node, ast.Call):
            values += [each.value for each in node.keywords if each.arg == "event"]
        elif isinstance(node, ast.FunctionDef):
            named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            values += [default for each, default in named if each.arg == "event"]
            positional = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
            values += [default for each, default in positional if each.arg == "event"]
    return {name for value in values if value is not None for name in words(value)}


def words(value: ast.expr) -> set[str]:
    """Return the words that an expression may be."""
    if isinstance(value, ast.IfExp):
        return words(value.body) | words(value.orelse)
    if ast.unparse(value) == "kind.value":
        return {kind.value for kind in Kind}
    if isinstance(value, ast.Name):
        return set()  # it is passed on
    assert isinstance(value, ast.Constant), ast.unparse(value)
    return {str(value.value)}


TEXTS = {".py", ".po", ".md", ".js", ".html", ".toml"}


def test_no_text_names_a_package_of_the_public_index() -> None:
    """The name `mint-blender` there is not ours: texts name the folder or the release's wheel."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("*.toml")]
    for folder in ("mint_blender", "docs", "scripts", "skills", "extras"):
        texts = (path for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS)
        files += texts
    assert len(files) > 400
    named = re.compile(r"pip install[^\n]*mint-blender|mint-blender\[")
    assert [str(path) for path in files if named.search(path.read_text(encoding="utf-8"))] == []
