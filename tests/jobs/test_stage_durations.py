# SPDX-License-Identifier: GPL-3.0-or-later
"""Expected durations: from this machine's jobs, before them typical ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import LocalFile, Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage import job_cache
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Mode

from .workflow_harness import a_job


def working(kind: Kind, mode: Mode = Mode.AUTO) -> Job:
    return replace(
        a_job(), phase=Phase.WORKING, request=GenerationRequest(kind, "a lamp", mode=mode)
    )


@pytest.mark.parametrize(
    ("kind", "least", "most"), [(Kind.WORLD, 240, 360), (Kind.MODEL, 200, 280)]
)
def test_typical_durations_are_used_first(kind: Kind, least: float, most: float) -> None:
    """A World takes 4 to 6 minutes, a model about 4."""
    outlook = job_cache.outlook(working(kind), [(Phase.WORKING, 100.0)], {}, now=160.0)
    assert outlook.usual is not None and least <= outlook.usual <= most
    assert (outlook.elapsed, outlook.remaining) == (60.0, outlook.usual - 60.0)


def test_an_exceeded_duration_has_no_estimate() -> None:
    """After the expected time nothing is promised."""
    outlook = job_cache.outlook(working(Kind.WORLD), [(Phase.WORKING, 0.0)], {}, now=3600.0)
    assert (outlook.remaining, outlook.fraction) == (None, 0.97)


def test_measured_durations_replace_typical_ones() -> None:
    """The typical duration is used only the first time."""
    job = working(Kind.MODEL)
    assert (
        job_cache.outlook(job, [], {job_cache.stage_of(job): 30.0}, now=job.created_at).usual
        == 30.0
    )


def test_a_preview_has_no_estimate() -> None:
    """After the approval there is an estimate for the result."""
    job = working(Kind.WORLD, Mode.REVIEW)
    assert job_cache.outlook(job, [], {}, now=job.created_at).usual is None
    approved = replace(
        job, files=(LocalFile(Role.PREVIEW, "preview-0.webp", "https://files.example/p.webp"),)
    )
    assert (
        job_cache.outlook(approved, [], {}, now=job.created_at).usual
        == job_cache.FIRST_GUESS["world"]
    )
