# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of mutants on the page *How it is tested*."""

from __future__ import annotations

from collections.abc import Mapping

from .mutants import ROOT, Mutant

PAGE = ROOT / "docs" / "development" / "testing.md"
BEGIN = "<!-- begin: mutants -->"
END = "<!-- end: mutants -->"


def with_table(page: str, killers: Mapping[Mutant, str | None]) -> str:
    """Return the page with this table in place of the earlier one."""
    rows = ["| rule | the add-on … | noticed by |", "| --- | --- | --- |"]
    for mutant, killer in killers.items():
        rows.append(f"| `{mutant.rule}` | {mutant.mistake} | {_words(killer)} |")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    table = "\n".join(rows)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def _words(killer: str | None) -> str:
    """Return the file and name of a test without its parameters."""
    if killer is None:
        return "**nothing**"
    return f"`{killer.partition('[')[0].removeprefix('tests/')}`"
