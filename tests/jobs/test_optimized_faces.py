# SPDX-License-Identifier: GPL-3.0-or-later
"""How many faces a level of Reduce Polygons is expected to leave."""

from __future__ import annotations

from dataclasses import replace

from mint_blender.jobs.job import Job
from mint_blender.jobs.presentation.optimized_faces import expected
from mint_blender.message import Message
from mint_blender.mint.schema import OptimizationLevel

from .workflow_harness import a_job


def optimized(level: OptimizationLevel, before: int, after: int) -> Job:
    """Return a job that has optimized a model."""
    note = Message("{after:,} of {before:,}", after=after, before=before).with_code("optimized")
    return replace(a_job(), optimize=level, notes=(note,))


def test_a_level_is_expected_to_do_what_it_did() -> None:
    """The middle of what it has left before, on two digits; other levels are unknown."""
    light = OptimizationLevel.LIGHT
    jobs = [optimized(light, 1000, after) for after in (100, 500, 900)]
    assert expected(jobs, 24690) == {"LIGHT": 12000}
    jobs.append(optimized(OptimizationLevel.AGGRESSIVE, 200, 20))
    assert expected(jobs, 1000) == {"LIGHT": 500, "AGGRESSIVE": 100}


def test_without_figures_nothing_is_promised() -> None:
    """A model that is not in the scene has no faces, and other jobs say nothing of levels."""
    alone = Message("{after:,}", after=5).with_code("optimized_alone")
    jobs = [a_job(), replace(a_job(), optimize=OptimizationLevel.LIGHT, notes=(alone,))]
    assert expected(jobs, 1000) == {}
    assert expected([optimized(OptimizationLevel.LIGHT, 10, 5)], 0) == {}
