# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's list is read when nothing can be on its way, and what others may have made is left alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mint_blender.jobs.job import is_unanswered
from mint_blender.jobs.job_values import ClaimedAssets
from mint_blender.jobs.paid_requests.record import SETTLED_AFTER, State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.effects import ReadClaimedAssets, ReadPage
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, Page

from .workflow_harness import Start, WorkflowHarness, a_job, decided, problem

pytestmark = pytest.mark.one_blender


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_does_not_answer_the_attempt_before(status: int) -> None:
    """That one may still arrive for ten minutes: "not found" would be told too early."""
    lost = WorkflowHarness(a_job()).answer()
    lost.expect(Start)
    run = lost.fail(Unreachable("gone")).again()
    run.expect(Start)
    run.fail(problem(status)).expect(ReadPage)
    assert run.waited > SETTLED_AFTER - 10.0


def test_a_conflict_is_an_answer() -> None:
    """It is not a refusal, but nothing of its attempt is on its way."""
    run = WorkflowHarness(a_job()).answer()
    run.fail(problem(409, "idempotency-conflict")).expect(ReadPage)
    assert run.waited == 0.0


LATER = "2099-01-01T00:00:00Z"
WORLD = {"id": "res_1", "status": "succeeded", "name": "Lamp", "createdAt": LATER}
A_WORLD = GenerationRequest(Kind.WORLD, "a hall", name="Lamp")


@pytest.mark.parametrize("of_other", ["unnamed", "unanswered"])
def test_worlds_of_one_name_are_not_told_apart(of_other: str) -> None:
    """Mint lists no prompt of Worlds: one that another job may have made is not adopted."""
    lost = WorkflowHarness(replace(a_job(), request=A_WORLD)).answer()
    run = lost.fail(problem(409, "idempotency-conflict"))
    run.expect(ReadPage)
    run.answer(Page((Asset.from_json(Kind.WORLD, WORLD),), None))
    other = json.dumps({"prompt": "a cave", "name": "Lamp"})
    run.expect(ReadClaimedAssets)
    run.answer(ClaimedAssets(frozenset(), **{of_other: (other,)}))
    assert run.job.start_request is not None and run.job.start_request.operation is None


@pytest.mark.parametrize("assets", [(), (Asset.from_json(Kind.WORLD, WORLD),)])
@pytest.mark.parametrize("is_canceled", [False, True])
def test_a_list_that_cannot_be_read_in_full_proves_nothing(
    assets: tuple[Asset, ...], is_canceled: bool
) -> None:
    """What was left out may be what the start has made: a person decides, and nothing is over."""
    lost = WorkflowHarness(replace(a_job(), request=A_WORLD)).answer()
    if is_canceled:
        run = WorkflowHarness(decided(lost.fail(Unreachable("gone")).job, Verb.CANCEL))
    else:
        run = lost.fail(problem(409, "idempotency-conflict"))
    run.expect(ReadPage)
    run.answer(Page(assets, None, left_out=1))
    run.expect(ReadClaimedAssets)
    run.answer(ClaimedAssets(frozenset()))
    request = run.job.start_request
    assert request is not None and request.may_be_started and request.closed is not State.OVER
    if is_canceled and not assets:
        assert run.job.phase is Phase.CANCELED and run.job.has_note("canceled_in_doubt")
        return
    assert is_unanswered(run.job) and run.job.problem is not None
    assert [each.id for each in run.job.candidates] == [each.id for each in assets]
    assert ("could not be read" in run.job.problem.message) is not bool(assets)
    assert "is not in your library" not in run.job.problem.message
