# SPDX-License-Identifier: GPL-3.0-or-later
"""The example of an importer part works: its changes are made in a copy of the package."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from ..code.import_graph import PACKAGE
from ..harness.processes import captured
from .test_development_pages import text_of

PAGE = "importer-parts.md"
MODULE = re.compile(r"`(mint_blender/[\w/]+\.py)`:\n\n```python\n(.*?)```", re.DOTALL)
CHANGE = re.compile(r"```diff\n--- (\S+)\n(.*?)```", re.DOTALL)
CHECK = re.compile(r"## 6\. Test it\n.*?```python\n(.*?)```", re.DOTALL)


def changed(text: str, diff: str) -> str:
    """Return a text with one change; what is taken away has to be there exactly once."""
    lines = diff.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    assert text.count(before) == 1, f"{text.count(before)} times in the source:\n{before}"
    return text.replace(before, after)


def extended_package(folder: Path, page: str) -> None:
    """Write a copy of the package with the modules and changes of the page."""
    shutil.copytree(
        PACKAGE, folder / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__", "po")
    )
    modules, changes = MODULE.findall(page), CHANGE.findall(page)
    rooms = {name.split("/")[1] for name, _ in changes}
    assert (len(modules), rooms) == (2, {"mint", "jobs", "cli", "scene", "delivery"})
    for name, source in modules:
        assert not (folder / name).exists()
        (folder / name).write_text(source, encoding="utf-8")
    for name, diff in changes:
        path = folder / name
        path.write_text(changed(path.read_text(encoding="utf-8"), diff), encoding="utf-8")


@pytest.mark.thorough
@pytest.mark.blender
def test_the_example_of_the_page_works(tmp_path: Path) -> None:
    """The part is checked, built and removed, and a damaged file is refused."""
    page = text_of(PAGE)
    extended_package(tmp_path, page)
    (code,) = CHECK.findall(page)
    (tmp_path / "check.py").write_text(code, encoding="utf-8")
    done = captured([sys.executable, str(tmp_path / "check.py")], cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_changes_of_the_page_fit_the_source() -> None:
    """The page has to follow the code that it changes."""
    for name, diff in CHANGE.findall(text_of(PAGE)):
        changed((PACKAGE.parent / name).read_text(encoding="utf-8"), diff)
