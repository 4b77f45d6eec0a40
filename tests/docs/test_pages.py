# SPDX-License-Identifier: GPL-3.0-or-later
"""All commands and all Python code in README.md and in the manual do what the pages say."""

from __future__ import annotations

import pytest

import mint_blender
from mint_blender.jobs.phases import BUSY

from .code_blocks import ROOT, RUN, pages, read_blocks
from .page_runner import PageRunner

BLOCKS = {page: read_blocks((ROOT / page).read_text(encoding="utf-8")) for page in pages()}
WITH_CODE = [
    page
    for page, blocks in BLOCKS.items()
    if any(each.language in RUN and each.not_run is None for each in blocks)
]


WRITTEN = {
    "docs/scripts/command-line.md": ("lamp.blend", "lamp.png", "courtyard.blend", "exports/*.usdz"),
    "docs/scripts/batches.md": ("results/index.html", "props/0002-lamp.blend", "set/0002-*.blend"),
    "docs/scripts/python.md": ("lamp.blend",),
    "docs/farm.md": ("mnt/props/0002-a-small-ceramic-lamp.blend", "mnt/props/index.html", "opt/flamenco/scripts/mint_batch.js"),
    "docs/agents.md": (".claude/skills/mint-blender/SKILL.md",),
}  # fmt: skip
"""Files that the code of a page writes, as patterns."""


@pytest.mark.thorough
@pytest.mark.blender
@pytest.mark.one_blender
@pytest.mark.parametrize("page", WITH_CODE)
def test_all_code_of_a_page_runs(page: str, run_page: PageRunner) -> None:
    """Each command ends with the exit status that the page says, and Python raises nothing."""
    assert run_page.run(page) > 0
    assert not [job for job in mint_blender.jobs() if job.phase in BUSY]
    for pattern in WRITTEN.get(page, ()):
        assert list(run_page.folder.glob(pattern)), pattern


def test_a_block_that_is_not_run_names_a_test() -> None:
    """The reason is of use only with a test that runs the same in another way."""
    code = [
        (page, each) for page, found in BLOCKS.items() for each in found if each.language in RUN
    ]
    marked = [(page, block) for page, block in code if block.not_run]
    assert 0 < len(marked) < len(code) / 2, "most of the code is run"
    for page, block in marked:
        assert (ROOT / block.not_run.test).is_file(), f"{page}, line {block.line}"


def test_every_block_names_its_language() -> None:
    """A command in a block without a language, or with another name of bash, would not be run."""
    languages = {block.language for blocks in BLOCKS.values() for block in blocks}
    assert languages == {*RUN, "diff", "json", "text"}
