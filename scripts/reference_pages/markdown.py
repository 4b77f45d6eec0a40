# SPDX-License-Identifier: GPL-3.0-or-later
"""Write Markdown: escaped text and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `python3 scripts/dev.py docs --write` from the code. Do not edit. -->"
"""The first line of a page, for whoever opens its source."""


def escaped(text: str) -> str:
    """Return a text in which nothing is formatted but words in backquotes."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        part if part.startswith("`") else re.sub(r"([\\*_<>\[\]|])", r"\\\1", part)
        for part in parts
    )


def code(text: str) -> str:
    """Return a text as code, also inside a table."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table; the cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def page(*blocks: Sequence[str] | str) -> str:
    """Return a page of these blocks, with an empty line between them."""
    texts = [block if isinstance(block, str) else "\n".join(block) for block in blocks]
    return "\n\n".join([NOTICE, *(text for text in texts if text)]) + "\n"
