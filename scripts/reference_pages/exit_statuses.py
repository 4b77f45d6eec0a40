# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of exit statuses."""

from __future__ import annotations

from mint_blender.cli.exits import MEANINGS

from . import markdown

INTRODUCTION = """\
Every command ends with one of these, so that a script can decide what to do next. They do not
change from version to version."""


def page() -> str:
    """Return the page as Markdown."""
    rows = [(str(status.value), meaning) for status, meaning in MEANINGS.items()]
    head = ("exit status", "meaning")
    return markdown.page("# Exit statuses", INTRODUCTION, markdown.table(head, rows))
