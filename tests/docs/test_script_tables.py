# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the pages for scripts name what exists."""

from __future__ import annotations

import re

from mint_blender.jobs.batch_lines import FIELDS
from mint_blender.mint.schema import Kind

from .code_blocks import ROOT

EVENT = re.compile(r"""(?:"event": |\bevent(?:: str = |=))([^,)}\n]+)""")
"""The value of an event in a record, an argument or a default."""


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
        for value in EVENT.findall(path.read_text(encoding="utf-8")):
            printed |= set(re.findall(r'"(\w+)"', value))
            if value == "kind.value":
                printed |= {kind.value for kind in Kind}
    assert first_column("docs/scripts/command-line.md", "`event`") == printed


TEXTS = {".py", ".po", ".md", ".js", ".html", ".toml"}


def test_no_text_names_a_package_of_the_public_index() -> None:
    """The name `mint-blender` there is not ours: texts name the folder or the release's wheel."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("*.toml")]
    for folder in ("mint_blender", "docs", "scripts", "extras"):
        texts = (path for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS)
        files += texts
    assert len(files) > 400
    named = re.compile(r"pip install[^\n]*mint-blender|mint-blender\[")
    assert [str(path) for path in files if named.search(path.read_text(encoding="utf-8"))] == []
