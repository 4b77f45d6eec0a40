# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of environment variables."""

from __future__ import annotations

from mint_blender.cli.variables import OTHERS, VARIABLES

from . import markdown

INTRODUCTION = """\
The add-on, the command line and the Python interface read these. Set them before Blender or
the command starts."""

OF_OTHERS = """\
## Proxies and certificates

These are the usual variables. They apply to Mint and to the host of its files."""


def page() -> str:
    """Return the page as Markdown."""
    head = ("variable", "meaning")
    own = [(markdown.code(each.name), each.meaning) for each in VARIABLES]
    others = [(", ".join(map(markdown.code, names)), text) for names, text in OTHERS.items()]
    return markdown.page(
        "# Environment variables",
        INTRODUCTION,
        markdown.table(head, own),
        OF_OTHERS,
        markdown.table(head, others),
    )
