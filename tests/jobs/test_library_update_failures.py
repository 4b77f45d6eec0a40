# SPDX-License-Identifier: GPL-3.0-or-later
"""How failures of jobs change the library: refused is not deleted, and failed stays failed."""

from __future__ import annotations

import time

import pytest

from mint_blender.jobs.library import view_model as library_words
from mint_blender.jobs.library.view_model import AssetState, Filter, Library
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.workflow.effects import ReadAsset, TakeSlot
from mint_blender.mint.schema import Format, Page

from .library_helpers import MODELS, an_asset
from .library_update_helpers import NOWHERE, a_shown, attempt, making, states
from .workflow_harness import Convert, WorkflowHarness, a_job, problem

EARLIER, THEN, LATER = (f"2026-08-03T10:00:{seconds:02}.000Z" for seconds in (0, 10, 20))


def test_a_refused_conversion_removes_no_asset() -> None:
    """A server that does not know the format returns "not found" too."""
    library, _ = a_shown(1, 2)
    run = WorkflowHarness(new_conversion(an_asset(1), (Format.FBX,), NOWHERE, now=time.time()))
    run.expect(ReadAsset)
    run.answer(an_asset(1)).expect(TakeSlot)
    run.answer(None).expect(Convert)
    run.fail(problem(404, "not-found")).expect(ReadAsset)
    assert run.answer(an_asset(1)).rests
    library.apply_updates([run.job])
    assert states(library) == {"id_2": AssetState.DONE, "id_1": AssetState.DONE}


def test_a_conversion_without_its_model_removes_the_asset() -> None:
    """A failed read of the model means that it was deleted."""
    library, _ = a_shown(1, 2)
    run = WorkflowHarness(new_conversion(an_asset(1), (Format.FBX,), NOWHERE, now=time.time()))
    run.expect(ReadAsset)
    run.fail(problem(404, "not-found"))
    library.apply_updates([run.job])
    assert states(library) == {"id_2": AssetState.DONE}


# -- what has failed
# -----------------------------------------------------------------------------------------------------------


def reported_as_failed(updated: str | None = THEN) -> Library:
    """Return a library in which a job reported model 2 as failed at that time."""
    library, _ = a_shown(1, 2)
    job = making(a_job(), "running", 2, updatedAt=EARLIER)
    library.apply_updates([job])
    more = {"updatedAt": updated} if updated else {}
    library.apply_updates(
        [
            making(
                job,
                "failed",
                2,
                error={"code": "generation_failed", "message": "Out of clay."},
                **more,
            )
        ]
    )
    assert states(library)["id_2"] is AssetState.FAILED
    return library


def listed(library: Library, updated: str | None) -> AssetState:
    """Return the state of model 2 after a page lists it as running, as of that time."""
    more = {"updatedAt": updated} if updated else {}
    library.add_page(MODELS, Page((an_asset(2, status="running", **more), an_asset(1)), None))
    return states(library)["id_2"]


@pytest.mark.parametrize("updated", [EARLIER, THEN, None])
def test_a_stale_list_does_not_undo_a_failure(updated: str | None) -> None:
    """Mint's list may still say running for some seconds."""
    library = reported_as_failed()
    assert listed(library, updated) is AssetState.FAILED
    assert library_words.reason(library.entries(Filter())[0]) == "Out of clay."


def test_a_failure_without_a_date() -> None:
    """Without dates the list is not newer; a list that has a date is."""
    assert listed(reported_as_failed(updated=None), None) is AssetState.FAILED
    assert listed(reported_as_failed(updated=None), LATER) is AssetState.UNFINISHED


def test_a_retry_elsewhere_is_shown_as_running() -> None:
    """A list newer than the failure shows a retry, perhaps from the web app."""
    assert listed(reported_as_failed(), LATER) is AssetState.UNFINISHED


def test_a_retry_here_is_shown_as_running() -> None:
    """The job of the retry is believed, however late the list is."""
    library = reported_as_failed()
    library.apply_updates([making(attempt(2), "queued", 2, id="op_9", updatedAt=LATER)])
    assert listed(library, EARLIER) is AssetState.UNFINISHED
