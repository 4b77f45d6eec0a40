# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the pages for scripts name what exists."""

from __future__ import annotations

import re

from mint_blender.cli.batch.fields import FIELDS

from .code_blocks import ROOT


def first_column(page: str, title: str) -> set[str]:
    """Return every word in backticks in the first column of the table with this title."""
    rows = (ROOT / page).read_text(encoding="utf-8").split(f"\n| {title} |")[1].split("\n\n")[0]
    cells = [row.split("|")[1] for row in rows.splitlines()[2:]]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_the_table_of_batches_has_every_field() -> None:
    """A line of a batch takes these fields and no others."""
    assert first_column("docs/scripts/batches.md", "field") == FIELDS


def test_each_event_of_the_table_is_printed() -> None:
    """The command line prints each of them with `--json`."""
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "mint_blender" / "cli").rglob("*.py")
    )
    named = first_column("docs/scripts/command-line.md", "`event`")
    printed = set(re.findall(r'(?:"event": |event(?:: str)? ?= ?)"(\w+)"', source))
    assert len(named) >= 7
    assert named <= printed
