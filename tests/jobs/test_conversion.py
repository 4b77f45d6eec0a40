# SPDX-License-Identifier: GPL-3.0-or-later
"""A model in other formats: converted once, fetched, and saved where the user said.

Told by hand first, then with a Mint.
"""

from __future__ import annotations

from mint_blender.files.errors import DiskError
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Delivery, Role
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.workflow.effects import (
    Convert,
    Fetch,
    Poll,
    ReadAsset,
    SendDecision,
    TakeSlot,
)
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.schema import Asset, Format, Kind

from .workflow_harness import (
    FILES,
    WorkflowHarness,
    asset,
    decided,
    fetch_all,
    kept,
    operation,
    problem,
    seen,
)

GLB, FBX, OBJ = f"{FILES}a.glb", f"{FILES}a.fbx", f"{FILES}a.obj"
LAMP = Asset.from_json(
    Kind.MODEL,
    {"id": "res_1", "name": "Lamp: red/blue", "status": "succeeded", "assets": {"glbUrl": GLB}},
)
CONVERSION = {"type": "model_conversion", "id": "op_9"}


def a_conversion(*formats: Format) -> Job:
    """A fresh click."""
    return new_conversion(
        LAMP, formats or (Format.FBX, Format.OBJ), Delivery(folder="/out"), now=1.0
    )


def sending() -> WorkflowHarness:
    """Nothing is converted yet; the wish is on its way."""
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB))
    run.expect(TakeSlot)
    return run.answer()


def converting() -> WorkflowHarness:
    """Mint has just begun to convert."""
    run = sending()
    run.expect(Convert)
    return run.answer(operation("queued", **CONVERSION))


# -- the straight way
# ---------------------------------------------------------------------------------------------------------


def test_from_the_click_to_the_files() -> None:
    """The model is looked at, converted under the job's own key, polled, and each file fetched to
    the folder: nothing else is asked.
    """
    job = a_conversion()
    run = WorkflowHarness(job)
    assert run.expect(ReadAsset).asset_id == "res_1"
    run.answer(asset(glbUrl=GLB))
    assert run.expect(TakeSlot) == TakeSlot(None)
    assert run.job.body == {"targetFormats": ["fbx", "obj"]}, (
        "what is wanted is committed before it is sent"
    )
    run.answer()
    assert run.expect(Convert) == Convert("res_1", (Format.FBX, Format.OBJ), key=job.key)
    assert run.job.phase is Phase.SENDING
    run.answer(operation("queued", **CONVERSION)).expect(Poll)
    run.answer(seen("running", **CONVERSION)).expect(Poll)
    assert presenter.state(run.job) == "Converting"
    run.answer(seen("succeeded", **CONVERSION)).expect(ReadAsset)
    run.answer(asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ))
    assert run.expect(Fetch) == Fetch(Role.FBX, FBX, "fbx", save_as="/out/Lamp red blue")
    run.answer(kept(run.expect(Fetch)))
    assert run.expect(Fetch) == Fetch(Role.OBJ, OBJ, "obj", save_as="/out/Lamp red blue")
    run.answer(kept(run.expect(Fetch)))
    assert run.rests
    assert (run.job.phase, presenter.state(run.job), run.job.notes) == (
        Phase.PLACED,
        "Saved",
        (),
    )


def test_what_mint_has_is_only_fetched() -> None:
    """Formats that were converted before cost nothing: only the missing ones are asked for, and
    nothing at all when none is.
    """
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB, objUrl=OBJ)).answer()
    assert run.expect(Convert).formats == (Format.FBX,)
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ))
    assert run.job.phase is Phase.FETCHING
    run.expect(ReadAsset)


def test_the_journal_keeps_it() -> None:
    """Formats and folder come back as they were."""
    job = a_conversion()
    assert serialization.load(serialization.dump(job), None, job.phase) == job


# -- interruptions
# --------------------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_again_with_the_same_key() -> None:
    """Told again after the start was sent: the same call, and the model is not looked at anew,
    which may have changed by then.
    """
    run = sending()
    sent = run.expect(Convert)
    assert run.again().expect(Convert) == sent
    run.fail(Unreachable("no route to it"))
    assert run.job.phase is Phase.PAUSED
    assert run.again().expect(Convert) == sent


def test_a_restart_goes_on_watching() -> None:
    """The operation is known: nothing is converted again."""
    assert converting().again().expect(Poll).operation_id == "op_9"


def test_a_folder_that_cannot_be_written_pauses_and_what_is_saved_stays_so() -> None:
    """Resume saves the rest; the operation is asked, not begun again."""
    run = (
        converting()
        .answer(seen("succeeded", **CONVERSION))
        .answer(asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ))
    )
    run.answer(kept(run.expect(Fetch))).fail(DiskError("/out may not be written."))
    assert (run.job.phase, run.job.problem and run.job.problem.cause) == (
        Phase.PAUSED,
        Cause.FILE,
    )
    run = run.again()
    run.answer(seen("succeeded", **CONVERSION)).answer(asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ))
    assert run.expect(Fetch).role is Role.OBJ


def test_a_result_that_settles_is_asked_again() -> None:
    """The model may take some seconds to tell the new addresses; what it never tells is said, and
    the other file is brought.
    """
    run = converting().answer(seen("succeeded", **CONVERSION))
    waits = []
    while isinstance(run.effect, ReadAsset):
        waits.append(run.effect.after)
        run.answer(asset(glbUrl=GLB, objUrl=OBJ))
    assert waits == [0.0, 3.0, 3.0]
    run.answer(kept(run.expect(Fetch)))
    assert run.job.phase is Phase.PLACED
    assert run.job.notes == ("Mint has made no FBX file of it.",)


# -- what a person decides
# --------------------------------------------------------------------------------------------------------


def test_a_failed_one_is_retried_with_a_new_key() -> None:
    """The model itself is well: it is not generated again.

    What has come of the failed try is only fetched.
    """
    run = converting().answer(
        seen(
            "failed",
            error={"code": "conversion_failed", "message": "The mesh is open."},
            **CONVERSION,
        )
    )
    assert run.job.problem is not None
    assert run.job.problem.message == (
        "Mint could not convert the model (conversion_failed): retry, or choose another format. Mint says: The mesh is open."
    )
    run = WorkflowHarness(decided(run.job, Verb.RETRY))
    run.expect(ReadAsset)
    again = run.answer(asset(glbUrl=GLB, objUrl=OBJ)).answer().expect(Convert)
    assert (again.formats, again.key) == ((Format.FBX,), "click-retry")


def test_a_format_that_comes_on_the_second_try_is_not_called_missing() -> None:
    """What was said when there was no file at all goes with each file that comes."""
    run = converting().answer(seen("succeeded", **CONVERSION))
    while isinstance(run.effect, ReadAsset):
        run.answer(asset(glbUrl=GLB))
    assert (run.job.phase, len(run.job.notes)) == (Phase.PAUSED, 2)
    run = WorkflowHarness(run.job).answer(seen("succeeded", **CONVERSION))
    assert fetch_all(run.answer(asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ))).job.notes == ()


def test_credits_are_bought_and_it_goes_on() -> None:
    """A conversion pauses for Credits as a generation does, and its operation is resumed."""
    run = converting().answer(
        seen(
            "billing_required", billing={"requiredCredits": 10, "availableCredits": 3}, **CONVERSION
        )
    )
    assert run.job.phase is Phase.BILLING
    run = WorkflowHarness(decided(run.job, Verb.RESUME))
    assert run.expect(SendDecision).target_id == "op_9"
    run.answer(operation("running", **CONVERSION)).expect(Poll)
    assert run.job.source_asset_id == "res_1"


def test_credits_are_bought_before_anything_was_begun() -> None:
    """Mint has nothing to resume yet: the very same start is repeated, which cannot be charged
    twice.
    """
    run = converting().answer(seen("billing_required", **CONVERSION))
    run = WorkflowHarness(decided(run.job, Verb.RESUME))
    run.expect(SendDecision)
    again = run.fail(problem(409)).expect(Convert)
    assert (again.key, again.formats, run.job.notes) == (
        run.job.key,
        (Format.FBX, Format.OBJ),
        (),
    )
    run.answer(operation("queued", **CONVERSION)).expect(Poll)


def test_cancel_stops_it_at_mint() -> None:
    """While it is converted it can be canceled."""
    run = WorkflowHarness(decided(converting().job, Verb.CANCEL))
    assert run.expect(SendDecision).target_id == "op_9"
    assert run.answer(operation("canceled", **CONVERSION)).job.phase is Phase.CANCELED


def test_cancel_before_it_was_sent_sends_nothing() -> None:
    """While the model is looked at, and while it stands in line: nothing is begun that would have
    to be stopped.
    """
    looking = WorkflowHarness(a_conversion())
    waiting = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB))
    turned_away = sending().fail(problem(429, "concurrency-limit-reached"))
    assert (turned_away.job.phase, turned_away.expect(TakeSlot).kind) == (Phase.WAITING, None)
    for run in (looking, waiting, turned_away):
        run = WorkflowHarness(decided(run.job, Verb.CANCEL))
        assert run.rests and run.job.phase is Phase.CANCELED


def test_what_has_not_been_sent_is_looked_at_anew() -> None:
    """A model that could not be read after a restart pauses the job; nothing is sent of what was
    lacking the first time.
    """
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB)).again()
    run.fail(Unreachable("no route to it"))
    assert (run.job.phase, run.job.body) == (Phase.PAUSED, None)
    run.again().expect(ReadAsset)


def test_what_mint_refuses_is_over() -> None:
    """A model that cannot be converted costs nothing, and the reason is read."""
    run = sending().fail(problem(422, detail="the model is failed"))
    assert run.job.phase is Phase.FAILED
    assert "the model is failed" in (run.job.problem.message if run.job.problem else "")
