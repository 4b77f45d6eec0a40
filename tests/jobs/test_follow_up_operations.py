# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations after a generation: optimize it, retry a failure, generate it again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS, WEBP
from mint_blender.jobs import new_jobs
from mint_blender.jobs.budget import spending
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.library import view_model
from mint_blender.jobs.new_jobs import new_attempt, new_fetch
from mint_blender.jobs.paid_requests.record import PaidVerb
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.optimized_faces import expected
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Poll, ReadAsset
from mint_blender.message import Message
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, OptimizationLevel

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService
from .fast_config import account, fast_config
from .service_helpers import LAMP, ended
from .workflow_harness import (
    FILES,
    GLB,
    Optimize,
    Retry,
    WorkflowHarness,
    a_job,
    an_optimization,
    asset,
    decided,
    fetch_all,
    operation,
    problem,
    retried,
    seen,
    with_operation,
    with_optimization,
    working,
)

LIGHT = OptimizationLevel.LIGHT
OPTIMIZED = f"{FILES}o.glb"
FAILED = Asset.from_json(Kind.MODEL, {"id": "res_7", "prompt": "a lamp", "status": "failed"})


SERVICE = {"library": {"models": 7, "worlds": 7}}  # in which every seventh entry failed


# -- optimized afterwards


CONFIG = WorkflowConfig(readable=OPTIMIZED_NEEDS)
ORIGINAL = asset(glbUrl=GLB)
OPTIMIZED_MODEL = asset(glbUrl=GLB, optimizedGlbUrl=OPTIMIZED)
GENERATED = with_optimization(working(), LIGHT).with_prices(248.0, None)


def generated(workflow_config: WorkflowConfig) -> WorkflowHarness:
    """Run a generation with optimization until its result was read."""
    return WorkflowHarness(GENERATED, workflow_config).answer(seen("succeeded")).answer(ORIGINAL)


def test_no_optimization_is_bought_for_an_unreadable_file() -> None:
    """Without Draco the original is used with a note, and no optimization is requested."""
    run = generated(WorkflowConfig(readable=frozenset({WEBP})))
    assert run.expect(Fetch).url == GLB
    (note,) = run.job.notes
    assert note.startswith("The model was not optimized. This Blender lacks")


@pytest.mark.parametrize("readable", [frozenset[str](), OPTIMIZED_NEEDS])
def test_the_model_is_optimized_before_the_download(readable: frozenset[str]) -> None:
    """One request with the requested level is sent, under a record of the job.

    It is also sent when only the file is wanted, without a Blender that reads it.
    """
    run = generated(WorkflowConfig(readable=readable))
    optimize = run.expect(Optimize)
    assert (optimize.target, optimize.body) == ("res_1", {"optimizationLevel": "light"})
    assert optimize.key == run.job.requests[-1].key == GENERATED.requests[-1].key
    run.answer(operation("succeeded", id="op_2")).expect(ReadAsset)
    assert run.answer(OPTIMIZED_MODEL).expect(Fetch).url == OPTIMIZED
    assert run.job.notes == ()


@pytest.mark.covers("C3-optimized")
def test_fetching_again_buys_no_optimization(home: Path, service: ThreadService) -> None:
    """An optimization that was skipped is not bought later.

    A Blender that can read the file downloads the original again, at no cost.
    """
    config = fast_config(home, readable=frozenset({WEBP}))
    with closing(JobService(config, account(service))) as first:
        job = ended(first, first.start(LAMP, optimize=LIGHT))
        assert job.optimization is None
    config = fast_config(home, readable=OPTIMIZED_NEEDS)
    with closing(JobService(config, account(service))) as later:
        later.fetch_again(job.id)
        assert ended(later, job).phase is Phase.READY
    assert not service.requests("POST", "/v1/models/*:optimize")


def test_a_world_is_not_optimized(job_service: JobService) -> None:
    """The request is refused before anything is started."""
    with pytest.raises(NotPossible, match="Only models"):
        job_service.start(GenerationRequest(Kind.WORLD, "a hall"), optimize=LIGHT)
    assert job_service.jobs() == []


# -- a new attempt at what failed at Mint


@pytest.mark.parametrize(
    "job",
    [
        new_attempt(FAILED, Delivery(), now=1.0),
        replace(new_fetch(FAILED, Delivery(), now=1.0), phase=Phase.FAILED),  # only downloads it
    ],
)
def test_a_failed_asset_is_retried_by_its_id(job: Job) -> None:
    """The retry has a record of its own, and its operation becomes the job's own."""
    run = WorkflowHarness(retried(job)).answer()
    act = run.expect(Retry)
    assert (act.target, act.key) == ("res_7", run.job.requests[0].key)
    run.answer(operation("running", id="op_2", resource="res_7")).expect(Poll)
    assert (run.job.phase, run.job.source_asset_id) == (Phase.WORKING, None)
    assert run.again().expect(Poll).operation_id == "op_2"


def test_a_refused_retry_reads_the_model() -> None:
    """If somebody else retried it, their result is awaited and downloaded."""
    run = WorkflowHarness(retried(new_attempt(FAILED, Delivery(), now=1.0))).answer()
    run.fail(problem(409, detail="it is running"))
    running = replace(FAILED, status="running")
    run.expect(ReadAsset)
    while isinstance(run.effect, ReadAsset) and run.effect.after in {0.0, 3.0}:
        run.answer(running)
    assert run.job.phase is Phase.FETCHING
    run.expect(ReadAsset)
    run.answer(asset(glbUrl=GLB))
    assert run.expect(Fetch).url == GLB


@pytest.mark.parametrize("phase", [Phase.REVIEW, Phase.BILLING])
def test_an_asset_that_waits_is_not_retried(phase: Phase, offline: JobService) -> None:
    """When an attempt already waits for its user, nothing more is started."""
    made = operation("preview_ready", resource="res_7")
    waiting = with_operation(replace(new_fetch(FAILED, Delivery(), now=1.0), phase=phase), made)
    offline.cache.add(waiting)
    with pytest.raises(NotPossible, match="a lamp is waiting for you in the job list"):
        offline.retry_asset(FAILED)
    assert len(offline.jobs()) == 1


@pytest.mark.parametrize("kind", list(Kind))
def test_a_retry_is_one_job(kind: Kind, job_service: JobService, service: ThreadService) -> None:
    """The retry starts one operation, and a second click creates no second job."""
    failed = next(one for one in service.resources() if one.kind == kind and one.status == "failed")
    before = len(service.operations())
    entry = Asset.from_json(
        kind, {"id": failed.id, "prompt": failed.prompt, "name": failed.name, "status": "failed"}
    )
    job = job_service.retry_asset(entry)
    with pytest.raises(NotPossible, match="still in progress"):
        job_service.retry_asset(entry)
    assert ended(job_service, job).phase is Phase.READY
    assert job_service.job(job.id).request.prompt == failed.prompt
    assert len(service.operations()) == before + 1
    assert len(service.requests("POST", f"/v1/{kind}s/{failed.id}:retry")) == 1


def test_a_running_generation_cannot_be_retried(job_service: JobService) -> None:
    """The retry is refused, and no job is created."""
    with pytest.raises(NotPossible, match="has not failed"):
        job_service.retry_asset(Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "running"}))
    assert job_service.jobs() == []


# -- once more


def test_generate_again_has_another_key(offline: JobService) -> None:
    """The two requests are equal; a variation differs only in its prompt."""
    first = offline.start(replace(LAMP, name="Lamp"), Delivery(at=(1, 2, 3)), optimize=LIGHT)
    same = new_jobs.template_of_job(first)
    for once_more in (same, same.with_prompt("a green lamp"), same.with_prompt(" ")):
        offline.start(once_more.request, once_more.delivery, optimize=once_more.optimize)
    jobs = offline.jobs()
    assert sorted(job.request.prompt for job in jobs) == ["a green lamp", *["a lamp"] * 3]
    assert {replace(job.request, prompt="a lamp") for job in jobs} == {first.request}
    assert len({job.requests[0].key for job in jobs}) == 4
    assert {(job.delivery, job.optimize) for job in jobs} == {(first.delivery, LIGHT)}


def test_generate_again_does_not_write_the_first_files() -> None:
    """Output, batch line and replaced version are not repeated; the place in the scene is."""
    place = Delivery(at=(1, 2, 3), splats="100k")
    files = replace(place, output="lamp.blend", render="lamp.png", line="batch#1", replaces=True)
    assert new_jobs.template_of_job(a_job(delivery=files)).delivery == place


def test_missing_reference_pictures_are_found(tmp_path: Path) -> None:
    """Only local files that no longer exist are missing, not addresses."""
    (tmp_path / "a.png").write_bytes(PIXEL)
    images = (str(tmp_path / "a.png"), str(tmp_path / "b.png"), "https://example.com/c.png")
    assert new_jobs.template_of_job(a_job(images=images)).gone == (str(tmp_path / "b.png"),)


def test_the_request_of_a_library_entry_is_found() -> None:
    """The request comes from the job that generated it, else from what Mint returns."""
    made = with_operation(a_job(name="Mine"), operation("succeeded"))
    data = {"id": "res_1", "prompt": "a lamp", "name": "Theirs", "status": "succeeded"}
    entry = Asset.from_json(Kind.MODEL, data)
    fetched = new_fetch(entry, Delivery(), now=1.0)
    expected = new_jobs.template_of_job(made)
    assert new_jobs.template_of_asset(entry, [fetched, made]) == expected
    assert new_jobs.template_of_job(fetched, [fetched, made]) == expected
    run = new_jobs.template_of_asset(entry, [fetched])
    assert (run.request.name, run.is_complete) == ("Theirs", False)


# -- an optimization whose answer was lost counts for the limits, since Mint may have been paid


def optimizing(job: Job) -> WorkflowHarness:
    """Return a job that waits for the answer to its request."""
    run = WorkflowHarness(job, CONFIG)
    if job.source_asset_id is None:
        run.answer(seen("succeeded"))
    run.answer(asset(glbUrl=GLB)).expect(Optimize)
    return run


def test_an_optimization_that_was_given_up_unsent_is_ordered_anew() -> None:
    """Its job was canceled while it waited, and retried: it is optimized, as it was asked for."""
    canceled = decided(an_optimization(), Verb.CANCEL).requests
    job = replace(an_optimization(), requests=canceled)
    run = optimizing(job)
    assert run.expect(Optimize).key != canceled[0].key


@pytest.mark.parametrize(
    "job",
    [GENERATED.with_prices(None, 20.0), an_optimization().with_prices(None, 20.0)],
    ids=["after a generation", "of an existing model"],
)
@pytest.mark.parametrize("slug", ["model-already-optimized", "model-optimization-in-progress"])
def test_an_answer_that_was_lost_is_counted_once(job: Job, slug: str) -> None:
    """Mint says that the model is optimized when the request is repeated."""
    run = optimizing(optimizing(job).fail(Unreachable("gone")).job).fail(problem(409, slug))
    run.expect(ReadAsset)
    run.answer(OPTIMIZED_MODEL).expect(Fetch)
    request = run.job.paid_request(PaidVerb.OPTIMIZE)
    assert request.found_asset == "res_1"
    again = run.again(CONFIG)
    again.answer(OPTIMIZED_MODEL).expect(Fetch)
    generated = 0.0 if job.source_asset_id else 248.0
    assert spending.committed(fetch_all(again).job) == generated + 20.0


def test_a_kill_before_the_answer_is_counted() -> None:
    """The next process reads the model first, which is optimized then."""
    run = optimizing(GENERATED.with_prices(None, 20.0)).fail(Unreachable("gone"))
    run = run.again(CONFIG).answer(seen("succeeded")).answer(OPTIMIZED_MODEL)
    assert run.expect(Fetch).url == f"{FILES}o.glb"
    assert spending.committed(fetch_all(run).job) == 268.0


def test_a_model_that_is_optimized_already_counts_as_paid() -> None:
    """Mint may have answered a second copy of our own request: nobody can tell."""
    run = optimizing(GENERATED.with_prices(None, 20.0))
    run.fail(problem(409, "model-already-optimized")).answer(OPTIMIZED_MODEL).expect(Fetch)
    assert run.waited == 0.0, "the file is there"
    assert spending.committed(fetch_all(run).job) == 268.0


def test_a_refusal_after_no_answer_proves_nothing() -> None:
    """The model is read once more. If it is not optimized, the note does not say why it was not.

    What Mint may have been paid is reserved until then.
    """
    lost = optimizing(GENERATED.with_prices(None, 20.0)).fail(Unreachable("gone"))
    assert lost.rests and spending.committed(lost.job) == 268.0
    run = optimizing(lost.job).fail(problem(403))
    run.expect(ReadAsset)
    assert run.answer(OPTIMIZED_MODEL).expect(Fetch).url == f"{FILES}o.glb"
    assert spending.committed(fetch_all(run).job) == 268.0
    run = optimizing(lost.job).fail(problem(403))
    while isinstance(run.effect, ReadAsset):
        run.answer(asset(glbUrl=GLB))
    assert run.expect(Fetch).url == GLB
    assert run.job.has_note("optimizing_unanswered") and not run.job.has_note("not_optimized")


def test_a_model_that_cannot_be_read_does_not_end_the_request() -> None:
    """The key of another project is in use: nobody knows what the lost request has made."""
    run = optimizing(optimizing(GENERATED).fail(Unreachable("gone")).job)
    run.fail(problem(409, "model-already-optimized")).expect(ReadAsset)
    assert run.fail(problem(404)).expect(Fetch).url == GLB
    request = run.job.paid_request(PaidVerb.OPTIMIZE)
    assert request.is_open


@pytest.mark.parametrize(
    ("name", "prompt", "title"),
    [
        ("A wide hall with columns…", "a hall", "a hall"),
        ("A wide hall with columns, lit from above.", "a hall", "a hall"),
        ("A wide hall with columns…", None, "A wide hall with columns…"),
        ("My Hall", "a hall", "My Hall"),
        (None, "a hall", "a hall"),
        (None, None, "A wide hall with columns, lit from above."),
    ],
)
def test_a_caption_is_no_title(name: str | None, prompt: str | None, title: str) -> None:
    """Mint may name a World after its description; the user's own words say more to the user."""
    caption = "A wide hall with columns, lit from above."
    data = {"id": "res_1", "prompt": prompt, "name": name, "assets": {"caption": caption}}
    assert view_model.title(Asset.from_json(Kind.WORLD, data)) == title


# -- how many faces a level of Reduce Polygons is expected to leave


def optimized(level: OptimizationLevel, before: int, after: int) -> Job:
    """Return a job that has optimized a model."""
    note = Message("{after:,} of {before:,}", after=after, before=before).with_code("optimized")
    return replace(a_job(), optimize=level, notes=(note,))


def test_a_level_is_expected_to_do_what_it_did() -> None:
    """The middle of what it has left before, on two digits; other levels are unknown.

    A model that is not in the scene has no faces, and other jobs say nothing of levels.
    """
    alone = Message("{after:,}", after=5).with_code("optimized_alone")
    others = [a_job(), replace(a_job(), optimize=LIGHT, notes=(alone,))]
    assert expected(others, 1000) == {}
    jobs = [*others, *(optimized(LIGHT, 1000, after) for after in (100, 500, 900))]
    assert expected(jobs, 24690) == {"LIGHT": 12000}
    assert expected(jobs, 0) == {}
    jobs.append(optimized(OptimizationLevel.AGGRESSIVE, 200, 20))
    assert expected(jobs, 1000) == {"LIGHT": 500, "AGGRESSIVE": 100}
