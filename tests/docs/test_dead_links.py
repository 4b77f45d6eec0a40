# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the check of links in the built manual, with a manual of two pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.devtools import dead_links

PAGES = {
    "index.html": '<a href="start/install.html#keys">1</a> <a href="https://mint.gg/x">2</a>',
    "start/install.html": '<h2 id="keys">Keys</h2> <img src="../lamp.png"> <a href="#keys">3</a>',
}


def test_dead_links_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Links to other sites, to pictures and within a page are right."""
    (tmp_path / "start").mkdir()
    (tmp_path / "lamp.png").touch()
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert dead_links.main([str(tmp_path)]) == 0
    dead = []
    for page in ("start/install.html", "start/nobody-links-here.html"):
        for address in ("../py-modindex.html", "../index.html#nowhere", "#nothing", "../mug.png"):
            with (tmp_path / page).open("a", encoding="utf-8") as file:
                file.write(f'<a href="{address}">4</a>')
            dead.append(f"dead link in {page}: {address}\n")
    assert dead_links.main([str(tmp_path)]) == 1
    assert sorted(capsys.readouterr().out.splitlines(keepends=True)) == sorted(dead)
