# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a batch line is sent, the ledger is asked whether another machine has started it."""

from __future__ import annotations

import time
from dataclasses import replace
from errno import EIO

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, Problem
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation import error_messages
from mint_blender.jobs.workflow.effects import CheckLine, NoteLine, Start, TakeSlot

from .workflow_harness import WorkflowHarness, a_job


def a_line() -> Job:
    """Return the job of a batch line."""
    return replace(a_job(), delivery=Delivery(line="/results#a lamp"))


def test_a_line_is_checked_and_sent() -> None:
    """With the slot taken, and nothing else between the check and the start."""
    run = WorkflowHarness(a_line())
    run.expect(TakeSlot)
    run.answer().expect(CheckLine)
    run.answer(None).expect(NoteLine)
    assert run.job.first_sent_at is not None
    run.answer(None).expect(Start)


def test_a_job_without_a_line_is_not_checked() -> None:
    """It has no ledger."""
    WorkflowHarness(a_job()).answer().expect(Start)


def test_a_line_that_was_sent_is_not_checked() -> None:
    """It is sent again under its key, whatever others have done since. But it is noted first.

    A process may have been killed after it stored the job, and before it wrote the entry.
    """
    job = replace(a_line(), phase=Phase.SENDING, first_sent_at=time.time())
    run = WorkflowHarness(job)
    run.expect(NoteLine)
    run.answer(None).expect(Start)


def test_a_line_that_the_ledger_does_not_know_is_not_sent() -> None:
    """Another machine could send it, too."""
    run = WorkflowHarness(a_line()).answer()
    problem = error_messages.unreadable_ledger(OSError(EIO, "Input/output error"))
    run.answer(None).expect(NoteLine)
    assert run.answer(problem).rests
    assert (run.job.phase, run.job.first_sent_at) == (Phase.PAUSED, None)


@pytest.mark.parametrize(
    "problem",
    [
        error_messages.started_elsewhere(),
        error_messages.unreadable_ledger(OSError(EIO, "Input/output error")),
    ],
    ids=["started", "unreadable"],
)
def test_a_line_that_may_have_been_started_is_paused(problem: Problem) -> None:
    """Nothing is sent, and it is checked again when it is resumed."""
    run = WorkflowHarness(a_line()).answer()
    run.answer(problem)
    assert run.effect is None
    assert (run.job.phase, run.job.problem) == (Phase.PAUSED, problem)
    again = WorkflowHarness(run.job).answer()
    again.expect(CheckLine)
