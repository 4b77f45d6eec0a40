# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow of converting a model to other formats and saving the files."""

from __future__ import annotations

import time
from dataclasses import replace

from mint_blender.files.errors import DiskError
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Delivery, Role
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.workflow.effects import Cancel, Fetch, Poll, ReadAsset, TakeSlot
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.schema import Asset, Format, Kind

from .workflow_harness import (
    FILES,
    Convert,
    SendDecision,
    WorkflowHarness,
    asset,
    decided,
    fetch_all,
    kept,
    operation,
    problem,
    retried,
    seen,
)

GLB, FBX, OBJ = f"{FILES}a.glb", f"{FILES}a.fbx", f"{FILES}a.obj"
LAMP = Asset.from_json(
    Kind.MODEL,
    {"id": "res_1", "name": "Lamp: red/blue", "status": "succeeded", "assets": {"glbUrl": GLB}},
)
CONVERSION = {"type": "model_conversion", "id": "op_9"}


def a_conversion(*formats: Format) -> Job:
    """Return a new conversion job."""
    return new_conversion(
        LAMP, formats or (Format.FBX, Format.OBJ), Delivery(folder="/out"), now=time.time()
    )


def sending() -> WorkflowHarness:
    """Return a conversion job just before its request is sent."""
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB))
    run.expect(TakeSlot)
    return run.answer()


def converting() -> WorkflowHarness:
    """Return a conversion that Mint has just started."""
    run = sending()
    run.expect(Convert)
    return run.answer(operation("queued", **CONVERSION))


# -- the straight way
# ---------------------------------------------------------------------------------------------------------


def test_a_conversion_runs_to_its_files() -> None:
    """The model is read, converted under the job's record and polled, and each file is saved."""
    job = a_conversion()
    run = WorkflowHarness(job)
    assert run.expect(ReadAsset).asset_id == "res_1"
    run.answer(asset(glbUrl=GLB))
    assert run.expect(TakeSlot) == TakeSlot(None)
    convert = run.answer().expect(Convert)
    assert (convert.target, convert.key) == ("res_1", job.requests[0].key)
    assert convert.body == {"targetFormats": ["fbx", "obj"]}
    assert run.job.phase is Phase.SENDING
    run.answer(operation("queued", **CONVERSION)).expect(Poll)
    run.answer(seen("running", **CONVERSION)).expect(Poll)
    assert JobView(run.job).state == "Converting"
    run.answer(seen("succeeded", **CONVERSION)).expect(ReadAsset)
    run.answer(asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ))
    assert run.expect(Fetch) == Fetch(Role.FBX, FBX, "fbx", save_as="/out/Lamp red blue")
    run.answer(kept(run.expect(Fetch)))
    assert run.expect(Fetch) == Fetch(Role.OBJ, OBJ, "obj", save_as="/out/Lamp red blue")
    run.answer(kept(run.expect(Fetch)))
    assert run.rests
    assert (run.job.phase, JobView(run.job).state, run.job.notes) == (
        Phase.PLACED,
        "Saved",
        (),
    )


def test_existing_formats_are_only_downloaded() -> None:
    """Only missing formats are requested; when none is missing nothing is converted."""
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB, objUrl=OBJ)).answer()
    assert run.expect(Convert).body == {"targetFormats": ["fbx"]}
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ))
    assert run.job.phase is Phase.FETCHING
    run.expect(ReadAsset)


def test_the_journal_stores_formats_and_folder() -> None:
    """Formats and folder are the same after loading the job."""
    job = a_conversion()
    loaded = serialization.load(serialization.dump(job), job.phase)
    assert replace(loaded, requests=job.requests) == job


# -- interruptions
# --------------------------------------------------------------------------------------------------------------


def test_a_lost_response_repeats_the_request_with_the_same_key() -> None:
    """After a restart the same call is repeated, and the model is not read again."""
    run = sending()
    sent = run.expect(Convert)
    assert run.again().expect(Convert) == sent
    run.fail(Unreachable("no route to it"))
    assert run.job.phase is Phase.PAUSED
    assert run.again().expect(Convert) == sent


def test_a_restart_continues_polling() -> None:
    """The operation is known, so nothing is converted again."""
    assert converting().again().expect(Poll).operation_id == "op_9"


def test_a_folder_that_cannot_be_written_pauses_the_job() -> None:
    """Resume saves the remaining files, and no new operation is started."""
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


def test_a_result_without_addresses_is_read_again() -> None:
    """The model is read again until it has the new addresses; a missing file is reported."""
    run = converting().answer(seen("succeeded", **CONVERSION))
    waits = []
    while isinstance(run.effect, ReadAsset):
        waits.append(run.effect.after)
        run.answer(asset(glbUrl=GLB, objUrl=OBJ))
    assert waits == [0.0, 3.0, 3.0]
    run.answer(kept(run.expect(Fetch)))
    assert run.job.phase is Phase.PLACED
    assert run.job.notes == ("Mint did not create the FBX file.",)


# -- what a person decides
# --------------------------------------------------------------------------------------------------------


def test_a_failed_conversion_is_retried_with_a_new_key() -> None:
    """The model is not generated again, and formats that exist by then are only downloaded."""
    run = converting().answer(
        seen(
            "failed",
            error={"code": "conversion_failed", "message": "The mesh is open."},
            **CONVERSION,
        )
    )
    assert run.job.problem is not None
    assert run.job.problem.message == (
        "Mint could not convert the model (conversion_failed). Retry, or choose another format. Mint says: The mesh is open."
    )
    first = run.job.requests[0].key
    run = WorkflowHarness(retried(run.job))
    run.expect(ReadAsset)
    again = run.answer(asset(glbUrl=GLB, objUrl=OBJ)).answer().expect(Convert)
    assert again.body == {"targetFormats": ["fbx"]}
    assert again.key == run.job.requests[1].key != first


def test_a_format_that_comes_on_the_second_try_is_not_called_missing() -> None:
    """The note about a missing file is removed when the file arrives."""
    run = converting().answer(seen("succeeded", **CONVERSION))
    while isinstance(run.effect, ReadAsset):
        run.answer(asset(glbUrl=GLB))
    assert (run.job.phase, len(run.job.notes)) == (Phase.PAUSED, 2)
    run = WorkflowHarness(run.job).answer(seen("succeeded", **CONVERSION))
    assert fetch_all(run.answer(asset(glbUrl=GLB, fbxUrl=FBX, objUrl=OBJ))).job.notes == ()


def test_resume_after_buying_credits_resumes_the_operation() -> None:
    """A conversion that pauses for Credits is resumed like a generation."""
    run = converting().answer(
        seen(
            "billing_required", billing={"requiredCredits": 10, "availableCredits": 3}, **CONVERSION
        )
    )
    assert run.job.phase is Phase.BILLING
    run = WorkflowHarness(decided(run.job, Verb.RESUME))
    assert run.expect(SendDecision).target == "op_9"
    run.answer(operation("running", **CONVERSION)).expect(Poll)
    assert run.job.source_asset_id == "res_1"


def test_resume_without_an_operation_repeats_the_start() -> None:
    """The same request is repeated with the same key, so it cannot be charged twice."""
    run = converting().answer(seen("billing_required", **CONVERSION))
    run = WorkflowHarness(decided(run.job, Verb.RESUME))
    run.expect(SendDecision)
    again = run.fail(problem(409)).expect(Convert)
    assert (again.key, again.target) == (run.job.requests[0].key, "res_1")
    assert (again.body, run.job.notes) == ({"targetFormats": ["fbx", "obj"]}, ())
    run.answer(operation("queued", **CONVERSION)).expect(Poll)


def test_a_conversion_that_cannot_be_resumed_is_looked_at() -> None:
    """Mint's reason becomes a note. What has the operation shows how it stands."""
    run = converting().answer(seen("billing_required", **CONVERSION))
    run = WorkflowHarness(decided(run.job, Verb.RESUME))
    run.expect(SendDecision)
    run.fail(problem(409)).expect(Convert)
    assert run.fail(problem(409)).expect(Poll).operation_id == "op_9"
    assert run.answer(seen("billing_required", **CONVERSION)).rests
    assert (run.job.phase, len(run.job.notes)) == (Phase.BILLING, 1)


def test_cancel_is_sent_to_mint_while_converting() -> None:
    """A conversion that runs at Mint can be canceled."""
    run = WorkflowHarness(decided(converting().job, Verb.CANCEL))
    assert run.expect(Cancel).operation_id == "op_9"
    assert run.answer(operation("canceled", **CONVERSION)).job.phase is Phase.CANCELED


def test_cancel_before_it_was_sent_sends_nothing() -> None:
    """A job that reads the model or waits in the queue is canceled without a request."""
    looking = WorkflowHarness(a_conversion())
    waiting = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB))
    turned_away = sending().fail(problem(429, "concurrency-limit-reached"))
    assert (turned_away.job.phase, turned_away.expect(TakeSlot).kind) == (Phase.WAITING, None)
    for run in (looking, waiting, turned_away):
        run = WorkflowHarness(decided(run.job, Verb.CANCEL))
        assert run.rests and run.job.phase is Phase.CANCELED


def test_an_unsent_conversion_reads_the_model_again() -> None:
    """If the model cannot be read after a restart, the job pauses and sends nothing."""
    run = WorkflowHarness(a_conversion()).answer(asset(glbUrl=GLB)).again()
    run.fail(Unreachable("no route to it"))
    assert (run.job.phase, run.job.requests[0].attempts) == (Phase.PAUSED, 0)
    run.again().expect(ReadAsset)


def test_a_refused_conversion_fails() -> None:
    """The model is looked at, since others can convert it. Then the job fails, with the reason."""
    run = sending().fail(problem(422, detail="the model is failed"))
    run.expect(ReadAsset)
    run.answer(asset(glbUrl=GLB))
    assert run.job.phase is Phase.FAILED
    assert "the model is failed" in (run.job.problem.message if run.job.problem else "")
