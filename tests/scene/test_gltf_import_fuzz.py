# SPDX-License-Identifier: GPL-3.0-or-later
"""GLBs with random changes are imported whole or refused in a sentence, and nothing is left."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ..harness.processes import captured
from .window_script import said

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

ROOT = Path(__file__).parents[2]
SEEDS = 120
MOST_MEGABYTES = 600
"""Grown by, over the first file: all of them are small, and no lie in one may ask for much memory.
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What became of each file."""
    folder = tmp_path_factory.mktemp("fuzz")
    words = ("-m", "tests.scene.import_mutated_glbs", str(folder), "0", str(SEEDS))
    done = captured([sys.executable, *words], cwd=ROOT, timeout=300)
    lines = said(done)
    assert lines and lines[-1] == {"done": True}, (
        f"Blender ended with {done.returncode} at {lines[-1:]}:\n{done.stderr[-3000:]}"
    )
    return [each for each in lines if "seed" in each]


@pytest.mark.covers("S-models")
def test_each_file_is_imported_or_refused_in_a_sentence(results: list[dict[str, Any]]) -> None:
    """There is no crash or traceback, and enough files of both kinds."""
    refused = [each for each in results if "sentence" in each]
    assert len(results) == SEEDS
    assert len(refused) > SEEDS / 5
    assert len(results) - len(refused) > SEEDS / 10
    for each in refused:
        assert each["sentence"].endswith(".") and "Traceback" not in each["sentence"], each
    assert all(each["landed"] for each in results if "landed" in each)


def test_nothing_is_left_of_a_refused_file(results: list[dict[str, Any]]) -> None:
    """No data-block, scene or file is left."""
    assert [each for each in results if each.get("left")] == []
    assert all(each["files"] and each["scenes"] == 1 for each in results)


def test_memory_is_bounded(results: list[dict[str, Any]]) -> None:
    """The peak memory of the whole process stays below the limit."""
    assert results[-1]["megabytes"] - results[0]["megabytes"] < MOST_MEGABYTES
