# SPDX-License-Identifier: GPL-3.0-or-later
"""An asset whose operation is not known here, and that waits at Mint for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.workflow.effects import Fetch, ReadAsset
from mint_blender.mint.schema import Asset, Kind

from .workflow_harness import FINISHED_MODEL, WorkflowHarness, a_job

POLLS_OF_AN_HOUR = 200


def unfinished(status: str) -> Asset:
    return Asset.from_json(Kind.MODEL, {"id": "res_1", "status": status})


def adopted(status: str) -> Job:
    """Return a job whose start was never answered, and which has found what it has started."""
    return replace(a_job(), phase=Phase.FETCHING, source_asset_id="res_1", asset=unfinished(status))


def polled(status: str) -> WorkflowHarness:
    """Run the job until it stops, or for about an hour."""
    run = WorkflowHarness(adopted(status))
    for _ in range(POLLS_OF_AN_HOUR):
        if run.rests:
            break
        run.expect(ReadAsset)
        run.answer(unfinished(status))
    return run


@pytest.mark.parametrize("status", ["preview_ready", "billing_required"])
def test_stops_for_a_person(status: str) -> None:
    """Nobody can approve or pay here, so the job says where, and can be resumed or canceled."""
    job = polled(status).job
    assert job.phase is Phase.PAUSED
    assert job.problem is not None and "mint.gg" in job.problem.message
    assert {Verb.RESUME, Verb.CANCEL} <= set(JobView(job).verbs)


def test_waits_while_mint_works() -> None:
    """A model that Mint still works on is waited for, however long that takes."""
    run = polled("running")
    assert run.job.phase is Phase.FETCHING and not run.rests


def test_goes_on_when_it_is_approved_elsewhere() -> None:
    """In auto mode a Preview passes by itself, and a resumed job fetches what was approved."""
    run = WorkflowHarness(adopted("preview_ready"))
    for status in ("preview_ready", "running"):
        run.expect(ReadAsset)
        run.answer(unfinished(status))
    assert run.answer(FINISHED_MODEL).expect(Fetch)
    again = polled("preview_ready").again()
    for _ in range(3):
        if isinstance(again.effect, ReadAsset):
            again.answer(FINISHED_MODEL)
    assert again.expect(Fetch)


def test_a_model_whose_files_come_later_is_asked_again() -> None:
    """Mint says that it has succeeded some seconds before its files can be downloaded."""
    run = WorkflowHarness(adopted("running"))
    for status in (*["running"] * 4, "succeeded", "succeeded"):
        run.expect(ReadAsset)
        run.answer(unfinished(status))
    run.expect(ReadAsset)
    assert run.answer(FINISHED_MODEL).expect(Fetch)
