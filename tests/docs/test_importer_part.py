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

JOBS = Path(__file__).with_name("markers_in_jobs.py")


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
    for name, source in MODULE.findall(page):
        assert not (folder / name).exists()
        (folder / name).write_text(source, encoding="utf-8")
    for name, diff in CHANGE.findall(page):
        path = folder / name
        path.write_text(changed(path.read_text(encoding="utf-8"), diff), encoding="utf-8")


@pytest.mark.thorough
@pytest.mark.blender
def test_the_example_of_the_page_works(tmp_path: Path) -> None:
    """The part is fetched, checked, built, prepared and removed, and a damaged file is refused."""
    from ..scene.world_helpers import corner_splats

    page = text_of(PAGE)
    extended_package(tmp_path, page)
    shutil.copy(JOBS, tmp_path)
    script = tmp_path / "check.py"
    code = "import sys, markers_in_jobs\nmarkers_in_jobs.main(*map(Path, sys.argv[1:]))\n"
    script.write_text(f"{CHECK.findall(page)[0]}\n{code}", encoding="utf-8")
    arguments = [str(tmp_path), str(corner_splats(tmp_path / "splats.spz"))]
    done = captured([sys.executable, str(script), *arguments])
    assert done.returncode == 0, done.stderr


def test_the_page_has_all_its_parts() -> None:
    """Two modules, a change in each room, and the code that tests them are found in the page."""
    page = text_of(PAGE)
    assert len(MODULE.findall(page)) == 2
    assert {name.split("/")[1] for name, _ in CHANGE.findall(page)} == {
        "mint",
        "jobs",
        "cli",
        "scene",
        "delivery",
    }
    assert len(CHECK.findall(page)) == 1


def test_a_change_of_code_that_is_gone_is_found() -> None:
    """The page has to follow the source."""
    assert changed("a\nb\nc\n", " a\n-b\n+d\n") == "a\nd\nc\n"
    with pytest.raises(AssertionError, match="0 times"):
        changed("a\nc\n", " a\n-b\n+d\n")
