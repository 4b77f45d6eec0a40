# SPDX-License-Identifier: GPL-3.0-or-later
"""GLBs with random changes are imported whole or refused in a sentence, and nothing is left."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ..harness.processes import captured
from .window_script import said

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

ROOT = Path(__file__).parents[2]
MOST_MEGABYTES = 600
"""Grown by, over the first file: all of them are small, and no lie in one may ask for much memory.
"""


@pytest.mark.covers("S-models")
@pytest.mark.parametrize("seeds", [40, pytest.param(600, marks=pytest.mark.nightly)])
def test_each_file_is_imported_or_refused_in_a_sentence(tmp_path: Path, seeds: int) -> None:
    """There is no crash or traceback, and enough files of both kinds."""
    words = ("-m", "tests.scene.import_mutated_glbs", str(tmp_path), "0", str(seeds))
    done = captured([sys.executable, *words], cwd=ROOT, timeout=280)
    lines = said(done)
    assert lines and lines[-1] == {"done": True}, (
        f"Blender ended with {done.returncode} at {lines[-1:]}:\n{done.stderr[-3000:]}"
    )
    results = [line for line in lines if "seed" in line]
    refused = [result for result in results if "sentence" in result]
    assert len(results) == seeds
    assert len(refused) > seeds / 5
    assert len(results) - len(refused) > seeds / 10
    for result in refused:
        sentence = result["sentence"]
        assert sentence.endswith(".") and "Traceback" not in sentence, result
        assert not result["left"], result
    assert all(result["landed"] for result in results if "landed" in result)
    assert all(result["files"] and result["scenes"] == 1 for result in results)
    assert results[-1]["megabytes"] - results[0]["megabytes"] < MOST_MEGABYTES
