# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the code blocks of README.md and of the pages in docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
RUN = ("bash", "python")
"""The languages of the blocks that are run."""

_NOT_RUN = re.compile(
    r"<!-- not run(?P<page> on this page)?: needs (?P<needs>[^;]+); see (?P<test>tests/\S+) -->"
)
_FILE_NAME = re.compile(r"`([\w.-]+)`:$")


class MarkError(ValueError):
    """A comment "not run" does not say why, or names no test."""


@dataclass(frozen=True)
class NotRun:
    """Why a block is not run, and the test that shows what it says.

    `whole_page`: so it is for all blocks that follow on its page.
    """

    needs: str
    test: str
    whole_page: bool = False


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block of a page.

    Attributes:
        line: The line of its opening fence, from 1.
        language: The first word after the fence; empty without one.
        code: Its text.
        file_name: The file that it shows: the text before it ends with "`name`:".
        not_run: Why it is not run, or None.
    """

    line: int
    language: str
    code: str
    file_name: str | None
    not_run: NotRun | None


def pages() -> list[str]:
    """Return README.md and all pages of the manual, as paths from the root."""
    found = (ROOT / "docs").rglob("*.md")
    below = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return ["README.md", *(each for each in below if "/_" not in each)]


def read_blocks(text: str, first_line: int = 1) -> list[CodeBlock]:
    """Return the code blocks of a page, also those in directives of Sphinx.

    Raises:
        MarkError: A comment "not run" has another form.
    """
    return list(_blocks(MarkdownIt("commonmark").parse(text), first_line))


def _blocks(tokens: list[Token], first_line: int) -> Iterator[CodeBlock]:
    said, not_run = "", None
    for token in tokens:
        if token.type == "inline":
            said = token.content
        elif token.type == "html_block":
            not_run = _mark(token.content) or not_run
        elif token.type == "fence":
            line = first_line + (token.map or [0])[0]
            if token.info.startswith("{"):
                yield from read_blocks(token.content, line + 1)
            else:
                name = _FILE_NAME.search(said)
                language = (token.info.split() or [""])[0]
                yield CodeBlock(line, language, token.content, name[1] if name else None, not_run)
            said, not_run = "", not_run if not_run and not_run.whole_page else None


def _mark(comment: str) -> NotRun | None:
    if "not run" not in comment:
        return None
    if not (found := _NOT_RUN.fullmatch(comment.strip())):
        raise MarkError(f"{comment.strip()} is not <!-- not run: needs X; see tests/FILE.py -->")
    return NotRun(found["needs"], found["test"], bool(found["page"]))
