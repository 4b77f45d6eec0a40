# SPDX-License-Identifier: GPL-3.0-or-later
"""How a workflow downloads result files: which ones, in what order, and what is reported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.files.errors import (
    DownloadFailed,
    FileError,
    InvalidGlb,
    InvalidPicture,
    LinkExpired,
    TooLarge,
)
from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Delivery, Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Poll, ReadAsset
from mint_blender.message import Message
from mint_blender.mint.schema import Kind, OptimizationLevel, PollResult

from .workflow_harness import (
    FILES,
    GLB,
    PREVIEW,
    THUMB,
    Optimize,
    WorkflowHarness,
    asset,
    fetch_all,
    kept,
    operation,
    problem,
    working,
)


def collecting(
    workflow_config: WorkflowConfig = WorkflowConfig(), job: Job | None = None, **files: object
) -> WorkflowHarness:
    """Return a run of a finished job whose resource offers these files."""
    job = job or working()
    run = WorkflowHarness(
        replace(job, phase=Phase.FETCHING, operation=operation("succeeded", kind=job.kind)),
        workflow_config,
    )
    run.expect(ReadAsset)
    return run.answer(asset(job.kind, **files))


def test_an_expired_link_is_renewed_once() -> None:
    """Mint is asked for a fresh address, once; then it is trouble that can be resumed."""
    run = collecting(glbUrl=GLB).fail(LinkExpired("The link has expired."))
    run.expect(ReadAsset)
    run.answer(asset(glbUrl=f"{FILES}fresh.glb"))
    assert run.expect(Fetch).url == f"{FILES}fresh.glb"
    run.fail(LinkExpired("The link has expired."))
    assert run.rests
    assert run.job.phase is Phase.PAUSED
    assert run.job.problem is not None
    assert run.job.problem.cause is Cause.FILE


BOTH = {"glbUrl": GLB, "optimizedGlbUrl": f"{FILES}o.glb", "thumbnailUrl": THUMB}


@pytest.mark.covers("C3-optimized")
def test_the_optimized_file_where_it_can_be_read() -> None:
    """A Blender with Draco and WebP takes the optimized file, without a remark."""
    run = collecting(WorkflowConfig(readable=OPTIMIZED_NEEDS), **BOTH)
    effect = run.expect(Fetch)
    assert (effect.url, effect.note) == (f"{FILES}o.glb", None)
    run.answer(kept(effect, needs=tuple(sorted(OPTIMIZED_NEEDS))))
    assert run.expect(Fetch).role is Role.PICTURE


@pytest.mark.covers("C2-original")
def test_the_original_file_where_the_optimized_one_cannot_be_read() -> None:
    """A Blender without Draco takes the original file and says why."""
    effect = collecting(WorkflowConfig(readable=frozenset({"EXT_texture_webp"})), **BOTH).expect(
        Fetch
    )
    assert effect.url == GLB
    assert effect.note is not None
    assert "Draco" in effect.note


def test_the_file_itself_decides() -> None:
    """If the optimized file needs more than expected, the original is downloaded too.

    The original is used from then on, and the reason is kept.
    """
    run = collecting(WorkflowConfig(readable=OPTIMIZED_NEEDS), **BOTH)
    run.answer(kept(run.expect(Fetch), needs=("EXT_meshopt_compression",)))
    effect = run.expect(Fetch)
    assert effect.url == GLB
    assert effect.note is not None
    assert effect.note.startswith("The original file is used.")
    run.answer(kept(effect))
    fetch_all(run)
    assert run.job.phase is Phase.READY
    newest = run.job.file(Role.MODEL)
    assert newest is not None
    assert newest.url == GLB


def optimizing() -> WorkflowHarness:
    """A finished model that shall be optimized first."""
    run = collecting(
        WorkflowConfig(readable=OPTIMIZED_NEEDS),
        replace(working(), optimize=OptimizationLevel.MODERATE),
        glbUrl=GLB,
        thumbnailUrl=THUMB,
    )
    run.expect(Optimize)
    return run


def test_a_model_that_is_optimized_already_is_looked_at_again() -> None:
    """409 model-already-optimized: its optimized file is taken, and there is nothing to remark."""
    run = optimizing().fail(problem(409, "model-already-optimized"))
    run.expect(ReadAsset)
    assert run.answer(asset(**BOTH)).expect(Fetch).url == BOTH["optimizedGlbUrl"]
    assert fetch_all(run).job.notes == ()


def test_an_optimization_in_progress_is_awaited() -> None:
    """After a 409 the model is read at growing intervals until the file is there."""
    run = optimizing().fail(problem(409, "model-optimization-in-progress"))
    waits = []
    for _ in range(4):
        waits.append(run.expect(ReadAsset).after)
        run.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    assert waits == pytest.approx([1.0, 1.6, 2.56, 4.096])
    assert run.answer(asset(**BOTH)).expect(Fetch).url == BOTH["optimizedGlbUrl"]
    assert fetch_all(run).job.notes == ()


def test_a_long_optimization_is_polled_once_a_minute() -> None:
    """After half an hour it is polled less often, and its file is used in the end."""
    run = optimizing().answer(operation("running", id="op_2"))
    waited = 0.0
    while run.job.problem is None:
        waited += run.expect(Poll).after
        run.answer(PollResult(operation("running", id="op_2"), None))
    assert waited == pytest.approx(30 * 60, rel=0.1)
    for _ in range(300):
        assert run.expect(Poll).after == 60.0
        run.answer(PollResult(operation("running", id="op_2"), None))
    assert run.job.problem.cause is Cause.PATIENCE
    run.answer(PollResult(operation("succeeded", id="op_2"), None))
    assert run.job.problem is None
    run.answer(asset(**BOTH))
    assert run.expect(Fetch).url == BOTH["optimizedGlbUrl"]
    assert fetch_all(run).job.notes == ()


def test_an_optimization_elsewhere_is_not_awaited_forever() -> None:
    """After half an hour the model is read less often, after two hours the original is used."""
    run = optimizing().fail(problem(409, "model-optimization-in-progress"))
    waits = []
    while isinstance(run.effect, ReadAsset):
        waits.append(run.effect.after)
        run.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    assert waits[-1] == 30.0
    assert 60 * 60 <= sum(waits) <= 65 * 60
    assert run.expect(Fetch).url == GLB
    assert fetch_all(run).job.notes == (
        "Mint is still optimizing the model, so the original file is used. You can import the "
        "optimized one later.",
    )


def test_an_optimized_file_that_is_there_later_is_not_called_missing() -> None:
    """The notes about the first file are removed when another one is downloaded."""
    run = optimizing().answer(operation("failed", id="op_2"))
    job = fetch_all(run).job
    assert [note.split(",")[0] for note in job.notes] == ["The model was not optimized"]
    landing = Message("The original file is used: there is no optimized one.")
    job = job.with_note(landing.with_code("file_choice")).with_note("Something else.")
    again = WorkflowHarness(
        job.moved(Phase.FETCHING, files=()), WorkflowConfig(readable=OPTIMIZED_NEEDS)
    ).answer(asset(**BOTH))
    assert again.expect(Fetch).url == BOTH["optimizedGlbUrl"]
    assert fetch_all(again).job.notes == ("Something else.",)


def test_what_is_said_of_a_fetched_file_stays() -> None:
    """Told again after a kill, the original is here, and the reason for it is as true as before."""
    run = optimizing()
    run.expect(Optimize)
    run.fail(problem(409, "model-cannot-be-optimized")).answer(
        asset(glbUrl=GLB, thumbnailUrl=THUMB)
    )
    run.answer(kept(run.expect(Fetch)))
    again = run.again(WorkflowConfig(readable=OPTIMIZED_NEEDS)).answer(asset(**BOTH))
    assert fetch_all(again).job.notes == run.job.notes != ()


def test_a_fetched_file_is_not_fetched_again() -> None:
    """After a restart only what is missing is fetched."""
    run = collecting(glbUrl=GLB, thumbnailUrl=THUMB)
    run.answer(kept(run.expect(Fetch)))
    again = run.again()
    again.expect(ReadAsset)
    assert again.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB)).expect(Fetch).role is Role.PICTURE


def test_a_world_brings_collider_panorama_and_the_splats_that_were_asked_for() -> None:
    """All three, each once, and the tier that was wanted."""
    job = replace(working(kind=Kind.WORLD, delivery=Delivery(splats="500k")))
    run = collecting(
        job=job,
        colliderMeshUrl=GLB,
        panoUrl=PREVIEW,
        spzUrls={"100k": f"{FILES}s", "500k": f"{FILES}l"},
        thumbnailUrl=THUMB,
    )
    wanted = []
    while not run.rests:
        wanted.append((run.expect(Fetch).role, run.expect(Fetch).url))
        run.answer(kept(run.expect(Fetch)))
    assert wanted == [
        (Role.COLLIDER, GLB),
        (Role.PANORAMA, PREVIEW),
        (Role.SPLATS, f"{FILES}l"),
        (Role.PICTURE, THUMB),
    ]
    assert run.job.phase is Phase.READY


def test_a_collider_that_was_left_out_is_not_fetched() -> None:
    """Neither fetched nor said to be missing."""
    run = collecting(
        job=working(kind=Kind.WORLD, delivery=Delivery(collider="NONE")),
        colliderMeshUrl=GLB,
        panoUrl=PREVIEW,
        thumbnailUrl=THUMB,
    )
    roles = []
    while not run.rests:
        roles.append(run.expect(Fetch).role)
        run.answer(kept(run.expect(Fetch)))
    assert roles == [Role.PANORAMA, Role.PICTURE]
    assert run.job.phase is Phase.READY and run.job.notes == ()


def test_each_tier_of_splats_is_a_file_of_its_own() -> None:
    """What lies on disk is not fetched again, so another tier must have another name."""
    names = []
    for tier in ("100k", "full_res"):
        job = working(kind=Kind.WORLD, delivery=Delivery(splats=tier, collider="NONE"))
        run = collecting(
            job=job, panoUrl=PREVIEW, spzUrls={"100k": f"{FILES}s", "full_res": f"{FILES}l"}
        )
        run.answer(kept(run.expect(Fetch)))
        names.append(run.expect(Fetch).name)
    assert names == ["splats-100k", "splats-full_res"]


@pytest.mark.parametrize("trouble", [InvalidPicture, TooLarge])
def test_a_rejected_part_of_a_world_does_not_stop_the_others(trouble: type[FileError]) -> None:
    """The part is skipped with a note, and the others are downloaded."""
    run = collecting(job=working(kind=Kind.WORLD), colliderMeshUrl=GLB, panoUrl=PREVIEW)
    run.answer(kept(run.expect(Fetch))).fail(trouble("panorama.webp is 300 × 200 pixels."))
    assert run.job.phase is Phase.READY and run.job.problem is None
    assert run.job.notes[0] == "The panorama cannot be used. panorama.webp is 300 × 200 pixels."
    assert [each.role for each in run.job.files] == [Role.COLLIDER]


def test_a_part_that_comes_later_is_not_called_bad_any_more() -> None:
    """DownloadEnded once more, it may be another file: then the note goes."""
    said = replace(
        working(kind=Kind.WORLD),
        notes=(
            Message("The panorama cannot be used. It is cut off.").with_code("panorama_unusable"),
            Message("Something else."),
        ),
    )
    run = fetch_all(collecting(job=said, colliderMeshUrl=GLB, panoUrl=PREVIEW, thumbnailUrl=THUMB))
    assert run.job.notes == ("Something else.",)


def test_a_world_of_which_every_part_is_bad_does_not_arrive() -> None:
    """It stops with the sentence of what is wrong, not with that there were no files."""
    run = collecting(
        job=working(kind=Kind.WORLD), colliderMeshUrl=GLB, panoUrl=PREVIEW, thumbnailUrl=THUMB
    )
    run.fail(InvalidGlb("collider.glb is empty.")).fail(
        InvalidPicture("panorama.webp is a web page.")
    )
    run.answer(kept(run.expect(Fetch)))
    assert run.job.phase is Phase.PAUSED and run.job.problem is not None
    assert "panorama.webp is a web page." in run.job.problem.message


def test_a_part_that_could_not_be_fetched_is_waited_for() -> None:
    """The connection is not the file: Retry brings the part, which nobody would miss otherwise."""
    run = collecting(job=working(kind=Kind.WORLD), colliderMeshUrl=GLB, panoUrl=PREVIEW)
    run.answer(kept(run.expect(Fetch))).fail(DownloadFailed("It broke."))
    assert run.job.phase is not Phase.READY


def test_what_a_world_lacks_is_said() -> None:
    """Each missing part is named."""
    job = replace(working(kind=Kind.WORLD, delivery=Delivery(splats="500k")))
    run = fetch_all(collecting(job=job, panoUrl=PREVIEW))
    assert run.job.phase is Phase.READY
    assert run.job.notes == (
        "This world has no collider mesh.",
        "This world has no splats.",
        "This world has no picture.",
    )


def test_a_thumbnail_never_holds_up_a_result() -> None:
    """The small picture's trouble is a note."""
    run = collecting(glbUrl=GLB, thumbnailUrl=THUMB)
    run.answer(kept(run.expect(Fetch))).fail(DownloadFailed("It broke."))
    assert run.job.phase is Phase.READY
    assert run.job.notes == ("The picture could not be downloaded. It broke.",)


@pytest.mark.covers("C16-settling")
def test_a_resource_that_settles_is_asked_again() -> None:
    """A fresh resource without files is asked three times, 3 s apart."""
    run = collecting()
    waits = []
    while isinstance(run.effect, ReadAsset):
        waits.append(run.effect.after)
        run.answer(asset())
    assert waits == [3.0, 3.0]
    assert run.job.phase is Phase.PAUSED, "it is paid for"
    assert run.job.problem is not None
    assert "the result contains no file" in run.job.problem.message


def test_the_operations_files_serve_where_the_resource_has_none() -> None:
    """A resource that stays empty does not hide what the operation itself offers."""
    run = WorkflowHarness(
        replace(
            working(),
            phase=Phase.FETCHING,
            operation=operation("succeeded", assets={"glbUrl": GLB}),
        )
    )
    while isinstance(run.effect, ReadAsset):
        run.answer(asset())
    assert run.expect(Fetch).url == GLB


@pytest.mark.parametrize("status", [403, 404])
def test_a_resource_that_cannot_be_read_is_no_end(status: int) -> None:
    """The operation's own files are used, and a note says why."""
    run = WorkflowHarness(
        replace(
            working(),
            phase=Phase.FETCHING,
            operation=operation("succeeded", assets={"glbUrl": GLB}),
        )
    )
    run.fail(problem(status))
    assert run.expect(Fetch).url == GLB
    assert run.job.notes[0].startswith("The details of the result could not be read.")
    run.answer(kept(run.expect(Fetch)))
    again = WorkflowHarness(run.job.moved(Phase.FETCHING, files=())).answer(
        asset(glbUrl=GLB, thumbnailUrl=THUMB)
    )
    assert fetch_all(again).job.notes == (), "the next time it could be read"
