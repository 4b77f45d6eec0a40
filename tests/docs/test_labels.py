# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels in the manual's pages for people in Blender are those of the interface."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import pytest

from .test_troubleshooting import GAP, ROOT, shows, texts

DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.glob("start/*.md")),
    *sorted(DOCS.glob("blender/*.md")),
    *(DOCS / name for name in ("costs.md", "privacy.md", "troubleshooting.md")),
]
OF_BLENDER = {
    *("Add Remote Repository…", "Check for Updates on Startup", "Get Extensions", "Install"),
    *("Install from Disk…", "Repositories", "Uninstall", "Update", "+"),
    *("Add-ons", "Preferences", "Network", "System"),
    *("Edit", "Export", "File", "View", "Local View", "Properties", "Custom Properties"),
    *("Apply Rotation", "Apply Scale", "Repeat History", "Repeat Last"),
    *("Enter", "N"),
}
"""Labels and keys of Blender itself."""


def labels(page: Path) -> list[str]:
    """Return the texts in italics, one for each step of a path through menus."""
    prose = re.sub(r"```.*?```|`[^`]*`|^#.*$", "", page.read_text("utf-8"), flags=re.S | re.M)
    italics = re.findall(r"(?<!\*)\*([^*\n]+(?:\n[^*\n]+)?)\*(?!\*)", prose)
    return [_plain(part) for found in italics for part in found.split(" > ")]


def _plain(text: str) -> str:
    """Return a text without line breaks, and with a gap for each number or file."""
    return re.sub(r"\d[\d,]*|\bFILE\b", GAP, " ".join(text.split())).removesuffix(".")


@lru_cache
def known() -> frozenset[str]:
    """Return the texts of the interface, also without the dots that announce a dialog."""
    found = {_plain(text) for text in texts()}
    return frozenset(found | {text.removesuffix(GAP) for text in found} | OF_BLENDER)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_labels_are_those_of_the_interface(page: Path) -> None:
    """A label that was renamed is renamed in the manual, too."""
    unknown = {label for label in labels(page) if label not in known()}
    unknown = {each for each in unknown if not any(shows(text, each) for text in texts())}
    assert not unknown, f"not in the interface: {sorted(unknown)}"


def test_an_unknown_label_is_noticed(tmp_path: Path) -> None:
    """Also one in a path through menus, or in two lines; code is not looked at."""
    page = tmp_path / "page.md"
    page.write_text("Click *Show\nTime*, *Edit > Fly*, *5 Credits short* or **so**: `*code*`.")
    assert [each for each in labels(page) if each not in known()] == ["Show Time", "Fly"]
