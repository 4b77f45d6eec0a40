# SPDX-License-Identifier: GPL-3.0-or-later
"""The exit status of a job that has stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.cli import exits
from mint_blender.cli.exits import Exit
from mint_blender.jobs.job_values import Cause, Problem
from mint_blender.jobs.phases import Phase
from mint_blender.message import Message

from ..jobs.workflow_harness import a_job


@pytest.mark.covers("R-statuses")
@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.KEY, Exit.KEY),
        (Cause.CREDITS, Exit.CREDITS),
        (Cause.UNREACHABLE, Exit.UNREACHABLE),
        (Cause.FILE, Exit.UNREACHABLE),
        (Cause.IMPORT, Exit.IMPORT),
    ],
)
def test_the_status_says_why_a_job_has_paused(cause: Cause, status: Exit) -> None:
    """A script learns from it what a person reads in the sentence."""
    problem = Problem(cause, Message("It stopped."))
    job = replace(a_job(), phase=Phase.PAUSED, problem=problem)
    assert exits.of_job(job) is status
