# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's list is read when nothing can be on its way, and what others may have made is left alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mint_blender.jobs.job_values import ClaimedAssets
from mint_blender.jobs.paid_requests.record import SETTLED_AFTER
from mint_blender.jobs.workflow.effects import ReadClaimedAssets, ReadPage
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, Page

from .workflow_harness import Start, WorkflowHarness, a_job, problem

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
