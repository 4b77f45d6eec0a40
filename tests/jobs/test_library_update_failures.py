# SPDX-License-Identifier: GPL-3.0-or-later
"""What the failures of jobs tell of the library's entries: what is refused is not gone, and what
has failed is not made by an old list.
"""

from __future__ import annotations

import pytest

from mint_blender.jobs.library import view_model as library_words
from mint_blender.jobs.library.view_model import AssetState, Filter, Library
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.workflow.effects import Convert, ReadAsset, TakeSlot
from mint_blender.mint.schema import Format, Page

from .library_helpers import MODELS, an_asset
from .library_update_helpers import NOWHERE, a_shown, attempt, making, states
from .workflow_harness import WorkflowHarness, a_job, problem

EARLIER, THEN, LATER = (f"2026-08-03T10:00:{seconds:02}.000Z" for seconds in (0, 10, 20))


def test_a_refused_conversion_takes_nothing_away() -> None:
    """A Mint that does not know the route or the format answers "not found" too: the model was read
    a moment before.
    """
    library, _ = a_shown(1, 2)
    run = WorkflowHarness(new_conversion(an_asset(1), (Format.FBX,), NOWHERE, now=1.0))
    run.expect(ReadAsset)
    run.answer(an_asset(1)).expect(TakeSlot)
    run.answer(None).expect(Convert)
    run.fail(problem(404, "not-found"))
    library.apply_updates([run.job])
    assert states(library) == {"id_2": AssetState.DONE, "id_1": AssetState.DONE}


def test_a_conversion_whose_model_cannot_be_read_tells_that_it_is_gone() -> None:
    """As a job does that was only to fetch it."""
    library, _ = a_shown(1, 2)
    run = WorkflowHarness(new_conversion(an_asset(1), (Format.FBX,), NOWHERE, now=1.0))
    run.expect(ReadAsset)
    run.fail(problem(404, "not-found"))
    library.apply_updates([run.job])
    assert states(library) == {"id_2": AssetState.DONE}


# -- what has failed
# -----------------------------------------------------------------------------------------------------------


def reported_as_failed(updated: str | None = THEN) -> Library:
    """A library whose model 2 is being made, until its job tells that it has failed, at that time."""
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
    """What becomes of it when a page says that it is being made, as of that time."""
    more = {"updatedAt": updated} if updated else {}
    library.add_page(MODELS, Page((an_asset(2, status="running", **more), an_asset(1)), None))
    return states(library)["id_2"]


@pytest.mark.parametrize("updated", [EARLIER, THEN, None])
def test_a_list_that_lags_behind_does_not_undo_a_failure(updated: str | None) -> None:
    """For some seconds Mint's list may still say running: it has failed, and says why."""
    library = reported_as_failed()
    assert listed(library, updated) is AssetState.FAILED
    assert library_words.reason(library.entries(Filter())[0]) == "Out of clay."


def test_a_failure_without_a_date() -> None:
    """Where nobody tells when that was, the list is no newer. A list that has a date is."""
    assert listed(reported_as_failed(updated=None), None) is AssetState.FAILED
    assert listed(reported_as_failed(updated=None), LATER) is AssetState.UNFINISHED


def test_what_others_try_anew_is_being_made() -> None:
    """A list that is newer than the failure: somebody has begun another attempt, in the web app
    perhaps.
    """
    assert listed(reported_as_failed(), LATER) is AssetState.UNFINISHED


def test_what_is_tried_anew_here_is_being_made() -> None:
    """However late the list is, the job of the new attempt has the last word."""
    library = reported_as_failed()
    library.apply_updates([making(attempt(2), "queued", 2, id="op_9", updatedAt=LATER)])
    assert listed(library, EARLIER) is AssetState.UNFINISHED
