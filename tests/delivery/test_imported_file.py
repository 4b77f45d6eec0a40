# SPDX-License-Identifier: GPL-3.0-or-later
"""The user is told which of Mint's files was imported, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ..jobs.workflow_harness import a_job
from ..scene import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import import_job, imported_file
from mint_blender.files.file_choice import DRACO, choose_model
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import LocalFile, Role
from mint_blender.jobs.notes import note


def _job(path: Path, **more: Any) -> Job:
    return replace(
        a_job(), files=(LocalFile(Role.MODEL, str(path), "https://cdn.mint.gg/a.glb", **more),)
    )


def test_the_choice_of_file_is_recorded(tmp_path: Path) -> None:
    """The choice of the original file is on the root object and in the notes."""
    chosen = choose_model(
        optimized_url="https://m.gg/o.glb", original_url="https://m.gg/a.glb", readable=frozenset()
    )
    placed = import_job.place(_job(glb_fixtures.simple(tmp_path / "model.glb"), note=chosen.reason))
    assert placed.root["mint_file_used"] == "original"
    assert placed.root["mint_file_reason"] == chosen.reason and "Draco" in chosen.reason
    assert chosen.reason in placed.notes


@pytest.mark.parametrize(
    ("name", "needs", "words"),
    [
        ("model.glb", (), "there is no optimized one"),
        ("model-optimized.glb", (), "this Blender can read it"),
        ("model-optimized.glb", (DRACO,), "this Blender can read it"),
    ],
)
def test_every_choice_has_its_sentence(
    name: str, needs: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    """There is a sentence for the original and the optimized file."""
    job = _job(tmp_path / name, needs=needs)
    assert words in imported_file.explanation(job)
    assert imported_file.variant(job) == ("optimized" if "optimized" in name else "original")


def test_a_failed_optimization_is_the_reason(tmp_path: Path) -> None:
    known = note("not_optimized", reason="Not enough Credits.")
    job = replace(_job(tmp_path / "model.glb"), notes=(known,))
    assert imported_file.explanation(job) is known


def test_a_world_has_no_file_choice() -> None:
    """A job without a model file has no such sentence."""
    assert (imported_file.variant(a_job()), imported_file.explanation(a_job())) == ("", "")
