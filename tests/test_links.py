# SPDX-License-Identifier: GPL-3.0-or-later
"""Links and pictures of the Markdown outside of docs/ lead to files that exist.

For the pages in docs/ Sphinx checks the same when it builds the manual.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("skills/**/*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


def local_links(text: str) -> list[str]:
    """Return the targets of links and pictures that are no web addresses."""
    found = [first or second for first, second in LINK.findall(without_code(text))]
    return [each for each in found if not re.match(r"[a-z]+:", each)]


def without_code(text: str) -> str:
    """Return Markdown without its code, in which nothing is a link."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def slugs(text: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_local_links_lead_somewhere(page: Path) -> None:
    """Each target is a file or a folder, and an anchor is a heading in it."""
    text = page.read_text(encoding="utf-8")
    for link in local_links(text):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in slugs(target.read_text(encoding="utf-8")), link


def test_links_are_found() -> None:
    """Links, pictures and HTML count; web addresses and code do not."""
    text = '[a](b.md#c) ![d](e.png) <img src="f.gif"> [g](https://h) `[i](j)`\n```\n[k](l)\n```\n'
    assert local_links(text) == ["b.md#c", "e.png", "f.gif"]
    assert slugs("# A b\n## C: `d_e`, f?\n") == {"a-b", "c-d_e-f"}
    assert len(PAGES) >= 4
