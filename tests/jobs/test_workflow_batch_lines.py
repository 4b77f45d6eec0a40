# SPDX-License-Identifier: GPL-3.0-or-later
"""The start of a batch line: others can order the same, so nothing about it is certain alone."""

from __future__ import annotations

import time
from dataclasses import replace

from mint_blender.files.errors import DiskError
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import ClaimedAssets, Delivery
from mint_blender.jobs.new_jobs import new_request
from mint_blender.jobs.paid_requests.record import PaidVerb, State, of_line
from mint_blender.jobs.paid_requests.send import Sent
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.effects import Poll, ReadPage, TakeSlot
from mint_blender.mint.schema import Page

from .workflow_harness import Start, WorkflowHarness, a_job, decided, problem, seen


def a_line() -> Job:
    """Return the job of a batch line."""
    job = replace(a_job(), delivery=Delivery(line="/results#tag"))
    request = new_request(of_line("batch", "tag"), PaidVerb.START, job.id, now=time.time())
    return replace(job, requests=(request,))


def test_a_line_is_sent_like_any_other_job() -> None:
    """What says in the folder that it is ours is written by the one function that sends."""
    run = WorkflowHarness(a_line())
    run.expect(TakeSlot)
    assert run.answer().expect(Start).key == run.job.requests[0].key


def test_a_line_that_another_machine_has_taken_is_paused() -> None:
    """Nothing was sent here. Resume looks for what the other one has made."""
    run = WorkflowHarness(a_line()).answer()
    run.expect(Start)
    dropped = replace(run.job.requests[0], closed=State.DROPPED)
    assert run.answer(Sent(dropped)).rests
    assert run.job.phase is Phase.PAUSED
    assert run.job.problem is not None and run.job.problem.code == "started_elsewhere"
    again = run.again()
    again.expect(ReadPage)
    assert again.answer(Page((), None)).answer(ClaimedAssets(frozenset())).rests
    assert again.job.phase is Phase.PAUSED


def test_a_line_of_a_folder_that_cannot_be_written_is_paused() -> None:
    """Nothing was sent, and the same request is tried again after Resume."""
    run = WorkflowHarness(a_line()).answer()
    key = run.expect(Start).key
    run.fail(DiskError("The batch folder cannot be written."))
    assert (run.rests, run.job.phase) == (True, Phase.PAUSED)
    assert run.job.requests[0].attempts == 0
    assert run.again().answer().expect(Start).key == key


def test_a_line_that_another_machine_has_started_is_polled() -> None:
    """Its operation is known from the folder, and nothing is sent."""
    job = a_line()
    run = WorkflowHarness(job.with_request(replace(job.requests[0], operation="op_1")))
    assert run.expect(Poll).operation_id == "op_1"
    run.answer(seen("running")).expect(Poll)
    assert run.job.phase is Phase.WORKING


def test_a_line_that_mint_refuses_is_looked_for_and_has_failed() -> None:
    """Another machine can have sent the same, so a refusal here proves nothing alone."""
    run = WorkflowHarness(a_line()).answer().fail(problem(400, detail="too long"))
    run.expect(ReadPage)
    assert run.waited == 0.0, "nothing of ours can be on its way"
    assert run.answer(Page((), None)).answer(ClaimedAssets(frozenset())).rests
    assert (run.job.phase, run.job.requests[0].state) == (Phase.FAILED, State.OVER)
    assert run.job.problem is not None and "too long" in run.job.problem.message


def test_an_unsent_line_is_canceled_without_a_look() -> None:
    """This journal has sent nothing."""
    run = WorkflowHarness(decided(a_line(), Verb.CANCEL))
    assert (run.rests, run.job.phase, run.job.notes) == (True, Phase.CANCELED, ())
