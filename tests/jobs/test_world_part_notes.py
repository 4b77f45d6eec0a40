# SPDX-License-Identifier: GPL-3.0-or-later
"""The notes about each part of a World: at most one, and a correct one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from mint_blender.files.errors import DownloadFailed, InvalidFile, LinkExpired
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, Role
from mint_blender.jobs.notes import note
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.workflow.effects import Fetch, Poll, ReadAsset
from mint_blender.mint.schema import Kind

from .workflow_harness import FILES, THUMB, WorkflowHarness, asset, kept, operation, seen, working

PARTS = {Role.COLLIDER: "collider mesh", Role.PANORAMA: "panorama", Role.SPLATS: "splats"}
STATES = ("missing", "bad", "gone", "good")
MISSING = {
    Role.COLLIDER: "This world has no collider mesh.",
    Role.PANORAMA: "This world has no panorama.",
    Role.SPLATS: "This world has no splats.",
}
ALL_GOOD = dict.fromkeys(PARTS, "good")
REMARK = "No RAD file came with this World."

States = dict[Role, str]


def fetching(status: str = "succeeded", **more: str) -> Job:
    """A World that Mint has made, all of whose parts are wanted."""
    job = working(kind=Kind.WORLD, delivery=Delivery(splats="100k"))
    return replace(job, phase=Phase.FETCHING, operation=operation(status, kind=Kind.WORLD), **more)


def fetched_again(job: Job) -> Job:
    """Return the job after `JobService.fetch_again`.

    It was in a scene meanwhile, whose note is kept.
    """
    return job.with_note(REMARK).moved(Phase.FETCHING, files=job.previews)


def run_until_thumbnail(run: WorkflowHarness, states: States, time: str) -> WorkflowHarness:
    """Run until the thumbnail is requested, with each part missing, rejected, good or gone."""
    run.expect(ReadAsset)
    offered = {role: f"{FILES}{role}" for role, state in states.items() if state != "missing"}
    world = asset(
        Kind.WORLD,
        colliderMeshUrl=offered.get(Role.COLLIDER),
        panoUrl=offered.get(Role.PANORAMA),
        spzUrls={"100k": offered[Role.SPLATS]} if Role.SPLATS in offered else {},
        thumbnailUrl=THUMB,
    )
    run.answer(world)
    while (effect := run.expect(Fetch)).role is not Role.PICTURE:
        if states[effect.role] == "bad":
            run.fail(InvalidFile(f"It was damaged the {time} time."))
        elif states[effect.role] == "gone":
            # a fresh address, which is as dead
            run.fail(LinkExpired("It is not there.")).expect(ReadAsset)
            run.answer(world).expect(Fetch)
            run.fail(LinkExpired(f"It was not there the {time} time."))
        else:
            run.answer(kept(effect))
    return run


def end(run: WorkflowHarness) -> Job:
    """The small picture comes as well."""
    job = run.answer(kept(run.expect(Fetch))).job
    assert run.rests and job.phase is Phase.READY
    return job


def notes(states: States, time: str) -> tuple[str, ...]:
    """What is to be said of such parts, and nothing else."""
    bad = {
        role: f"The {what} cannot be used. It was damaged the {time} time."
        for role, what in PARTS.items()
    }
    gone = {
        role: f"The {what} could not be downloaded. It was not there the {time} time."
        for role, what in PARTS.items()
    }
    said = {"missing": MISSING, "bad": bad, "gone": gone}
    return tuple(said[state][role] for role, state in states.items() if state in said)


@pytest.mark.parametrize(
    ("part", "before", "after"), list(itertools.product(PARTS, STATES, STATES))
)
def test_the_note_of_a_part(part: Role, before: str, after: str) -> None:
    """The note is right after a first download, a second one, and a kill."""
    first, second = {**ALL_GOOD, part: before}, {**ALL_GOOD, part: after}
    run = run_until_thumbnail(WorkflowHarness(fetching()), first, "first")
    broken_off = end(run_until_thumbnail(run.again(), second, "second"))
    assert broken_off.notes == (() if before == "good" else notes(second, "second"))
    job = end(run)
    assert job.notes == notes(first, "first")
    again = run_until_thumbnail(WorkflowHarness(fetched_again(job)), second, "second")
    killed = run_until_thumbnail(again.again(), first, "third")
    assert end(again).notes == (REMARK, *notes(second, "second"))
    assert end(killed).notes == (REMARK, *(() if after == "good" else notes(first, "third")))


COMBINED = [dict(zip(PARTS, states, strict=True)) for states in itertools.product(STATES, repeat=3)]


@pytest.mark.parametrize(
    "before",
    [each for each in COMBINED if "good" in each.values()],
    ids=lambda each: "-".join(each.values()),
)
def test_what_is_said_of_all_parts(before: States) -> None:
    """No part has anything to do with what is said of another."""
    job = end(run_until_thumbnail(WorkflowHarness(fetching()), before, "first"))
    assert job.notes == notes(before, "first")
    for after in (each for each in COMBINED if "good" in each.values()):
        assert end(
            run_until_thumbnail(WorkflowHarness(fetched_again(job)), after, "second")
        ).notes == (
            REMARK,
            *notes(after, "second"),
        )


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_a_partial_success_is_explained_once(before: str, after: str) -> None:
    """The note of a missing part explains it; otherwise one general note does."""
    first, second = {**ALL_GOOD, Role.PANORAMA: before}, {**ALL_GOOD, Role.PANORAMA: after}
    job = end(run_until_thumbnail(WorkflowHarness(fetching("partially_succeeded")), first, "first"))
    assert job.notes == (notes(first, "first") or (note("unused_parts_missing"),))
    again = end(run_until_thumbnail(WorkflowHarness(fetched_again(job)), second, "second"))
    assert again.notes == (REMARK, *(notes(second, "second") or (note("unused_parts_missing"),)))


def test_a_rejected_part_is_not_reported_before_its_second_download() -> None:
    """When the connection broke, nothing is known about the new file."""
    job = end(
        run_until_thumbnail(
            WorkflowHarness(fetching()), {**ALL_GOOD, Role.COLLIDER: "bad"}, "first"
        )
    )
    run = WorkflowHarness(fetched_again(job))
    run.answer(
        asset(Kind.WORLD, colliderMeshUrl=f"{FILES}c", panoUrl=f"{FILES}p", thumbnailUrl=THUMB)
    )
    run.fail(DownloadFailed("It broke."))
    assert run.job.phase is Phase.PAUSED and run.job.notes == (REMARK,)


def test_a_missing_thumbnail_is_reported_once() -> None:
    """Its note is replaced when the reason changes, and removed when it arrives."""
    job = (
        run_until_thumbnail(WorkflowHarness(fetching()), ALL_GOOD, "first")
        .fail(DownloadFailed("It broke."))
        .job
    )
    assert job.notes == ("The picture could not be downloaded. It broke.",)
    job = (
        run_until_thumbnail(WorkflowHarness(fetched_again(job)), ALL_GOOD, "second")
        .fail(DownloadFailed("It broke again."))
        .job
    )
    assert job.notes == (REMARK, "The picture could not be downloaded. It broke again.")
    run = WorkflowHarness(fetched_again(job)).answer(asset(Kind.WORLD, panoUrl=f"{FILES}p"))
    job = run.answer(kept(run.expect(Fetch))).job
    assert "This world has no picture." in job.notes and not any(
        "could not be downloaded" in note for note in job.notes
    )
    assert end(
        run_until_thumbnail(WorkflowHarness(fetched_again(job)), ALL_GOOD, "fourth")
    ).notes == (REMARK,)


def test_a_world_without_any_file_pauses() -> None:
    """The job was paid for, so it can continue when the addresses work again."""
    run = run_until_thumbnail(WorkflowHarness(fetching()), dict.fromkeys(PARTS, "gone"), "first")
    run.fail(LinkExpired("It is not there.")).expect(ReadAsset)  # the small picture
    run.fail(DownloadFailed("It broke."))
    assert run.job.phase is Phase.PAUSED and run.job.problem is not None
    assert run.job.problem.message == "It was not there the first time. Resume does that."
    again = WorkflowHarness(run.job)
    again.expect(Poll)
    again.answer(seen("succeeded", kind=Kind.WORLD))
    assert end(run_until_thumbnail(again, ALL_GOOD, "second")).notes == ()
