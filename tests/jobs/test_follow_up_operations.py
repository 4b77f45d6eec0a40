# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations after a generation: optimize it, retry a failure, generate it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS, WEBP
from mint_blender.jobs import request_template
from mint_blender.jobs.job_values import Delivery, Role
from mint_blender.jobs.new_jobs import new_attempt, new_fetch
from mint_blender.jobs.paid_requests.record import PaidVerb, key_of
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import OptimizationPrice
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Poll, ReadAsset, TakeSlot
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Estimate, Kind, OptimizationLevel

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .workflow_harness import (
    FILES,
    Optimize,
    Retry,
    Start,
    WorkflowHarness,
    a_job,
    asset,
    operation,
    problem,
    retried,
    seen,
)

LAMP = GenerationRequest(Kind.MODEL, "a lamp")
LIGHT = OptimizationLevel.LIGHT
GLB, OPTIMIZED = f"{FILES}a.glb", f"{FILES}o.glb"
FAILED = Asset.from_json(Kind.MODEL, {"id": "res_7", "prompt": "a lamp", "status": "failed"})


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a fast service with a library in which every seventh entry failed."""
    with running_service(speed=1000, library={"models": 7, "worlds": 7}, credits=1e6) as running:
        yield running
        assert not running.leaks()


@pytest.fixture
def job_service(home: Path, service: ThreadService) -> Iterator[JobService]:
    """Yield a job service whose Blender reads optimized files."""
    job_service = JobService(fast_config(home, readable=OPTIMIZED_NEEDS), account(service))
    yield job_service
    assert job_service.close(20)


# -- optimized afterwards
# ---------------------------------------------------------------------------------------------------------


def generated(workflow_config: WorkflowConfig) -> WorkflowHarness:
    """Run a generation with optimization until its result was read."""
    run = WorkflowHarness(replace(a_job(), optimize=LIGHT), workflow_config)
    run.expect(TakeSlot)
    run.answer().expect(Start)
    run.answer(operation("queued")).expect(Poll)
    run.answer(seen("succeeded")).expect(ReadAsset)
    return run.answer(asset(glbUrl=GLB))


def test_no_optimization_is_bought_for_an_unreadable_file() -> None:
    """Without Draco the original is used with a note, and no optimization is requested."""
    run = generated(WorkflowConfig(readable=frozenset({WEBP})))
    assert run.expect(Fetch).url == GLB
    (note,) = run.job.notes
    assert note.startswith("The model was not optimized. This Blender lacks")


def test_without_blender_the_optimized_file_is_downloaded() -> None:
    """When only the file is wanted, it is optimized and downloaded."""
    run = generated(WorkflowConfig())
    run.expect(Optimize)
    run.answer(operation("succeeded", id="op_2")).expect(ReadAsset)
    assert run.answer(asset(glbUrl=GLB, optimizedGlbUrl=OPTIMIZED)).expect(Fetch).url == OPTIMIZED
    assert run.job.notes == ()


def test_the_model_is_optimized_before_the_download() -> None:
    """One request with the requested level is sent, under a record of the job."""
    run = generated(WorkflowConfig(readable=OPTIMIZED_NEEDS))
    optimize = run.expect(Optimize)
    assert (optimize.target, optimize.body) == ("res_1", {"optimizationLevel": "light"})
    assert optimize.key == run.job.requests[-1].key == key_of("asset:res_1", PaidVerb.OPTIMIZE, 1)


@pytest.mark.parametrize("slug", ["model-already-optimized", "model-optimization-in-progress"])
def test_an_existing_optimization_is_used(
    slug: str, job_service: JobService, service: ThreadService
) -> None:
    """If the model was optimized meanwhile (409), that file is used without a note."""
    refusal = {"status": 409, "problem": slug, "delay": 0.1}  # in which it is done
    service.scenario(
        answers=[
            {"method": "POST", "path": "/v1/models/*:optimize", "when": "after", "answer": refusal}
        ]
    )
    job = job_service.start(LAMP, optimize=LIGHT)
    job_service.watch([job.id])
    job = job_service.job(job.id)
    assert (job.phase, job.notes) == (Phase.READY, ())
    taken = job.file(Role.MODEL)
    assert taken is not None and "optimized" in taken.url
    assert len(service.requests("POST", "/v1/models/*:optimize")) == 1


def test_a_generation_is_optimized_once(job_service: JobService, service: ThreadService) -> None:
    """There is one optimization at the requested level, and its file is downloaded."""
    job = job_service.start(LAMP, optimize=LIGHT)
    job_service.watch([job.id])
    taken = job_service.job(job.id).file(Role.MODEL)
    assert taken is not None and "optimized" in taken.url
    assert [one.level for one in service.operations() if one.level] == ["light"]


@pytest.mark.covers("C3-optimized")
def test_fetching_again_buys_no_optimization(home: Path, service: ThreadService) -> None:
    """An optimization that was skipped is not bought later.

    A Blender that can read the file downloads the original again, at no cost.
    """
    first = JobService(fast_config(home, readable=frozenset({WEBP})), account(service))
    job = first.start(LAMP, optimize=LIGHT)
    first.watch([job.id])
    assert first.job(job.id).optimization is None
    assert first.close(20)
    later = JobService(fast_config(home, readable=OPTIMIZED_NEEDS), account(service))
    later.fetch_again(job.id)
    later.watch([job.id])
    assert later.job(job.id).phase is Phase.READY
    assert not service.requests("POST", "/v1/models/*:optimize")
    assert later.close(20)


def test_fetching_again_uses_an_optimization_made_elsewhere(
    home: Path, service: ThreadService
) -> None:
    """An optimized file that exists by then is downloaded at no cost."""
    job_service = JobService(fast_config(home), account(service))
    job = job_service.start(replace(LAMP, prompt="a lamp [already-optimized]"), optimize=LIGHT)
    job_service.watch([job.id])
    job_service.fetch_again(job.id)
    job_service.watch([job.id])
    taken = job_service.job(job.id).file(Role.MODEL)
    assert taken is not None and "optimized" in taken.url
    assert not service.requests("POST", "/v1/models/*:optimize")
    assert job_service.close(20)


def test_a_world_is_not_optimized(job_service: JobService) -> None:
    """The request is refused before anything is started."""
    with pytest.raises(NotPossible, match="Only models"):
        job_service.start(GenerationRequest(Kind.WORLD, "a hall"), optimize=LIGHT)
    assert job_service.jobs() == []


@pytest.mark.parametrize("is_offered", [True, False])
def test_the_price_of_an_optimization(
    is_offered: bool, job_service: JobService, service: ThreadService
) -> None:
    """The price is requested with the model's id; a missing price is an empty estimate."""
    model = next(
        one for one in service.resources() if one.kind == "model" and one.status == "succeeded"
    )
    if not is_offered:
        service.scenario(
            answers=[
                {
                    "path": "/v1/pricing:estimate",
                    "method": "POST",
                    "answer": {"status": 404, "problem": "not-found"},
                }
            ]
        )
    query = OptimizationPrice(model.id)
    job_service.queries.ask(query)
    while job_service.queries.is_pending(query):
        job_service.next_event()
    said = job_service.queries.answers[query].answer
    assert isinstance(said, Estimate)
    assert said.estimated_total == (20 if is_offered else None)


# -- a new attempt at what failed at Mint
# -------------------------------------------------------------------------------------------


def test_a_failed_asset_is_retried_by_its_id() -> None:
    """The retry has a record of its own, and its operation becomes the job's own."""
    run = WorkflowHarness(retried(new_attempt(FAILED, Delivery(), now=1.0))).answer()
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
def test_an_asset_that_waits_in_another_job_is_not_retried(
    phase: Phase, home: Path, offline_job_service: JobService
) -> None:
    """When an attempt already waits for its user, nothing more is started."""
    waiting = replace(
        new_fetch(FAILED, Delivery(), now=1.0),
        phase=phase,
        operation=operation("preview_ready", resource="res_7"),
    )
    offline_job_service.cache.add(waiting)
    with pytest.raises(NotPossible, match="a lamp is waiting for you in the job list"):
        offline_job_service.retry_asset(FAILED)
    assert len(offline_job_service.jobs()) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("preview_ready", "Waiting for approval elsewhere"),
        ("billing_required", "Waiting for Credits elsewhere"),
        ("running", "Gen"),
    ],
)
def test_an_operation_that_waits_elsewhere_is_shown_as_waiting(status: str, words: str) -> None:
    """A result that waits for a decision elsewhere is not shown as generating."""
    job = replace(
        new_fetch(replace(FAILED, status=status), Delivery(), now=1.0), phase=Phase.FETCHING
    )
    assert JobView(job).state.startswith(words)


def test_an_import_of_a_failed_asset_can_be_retried() -> None:
    """A job that only downloads a failed asset offers Retry too."""
    failed = replace(new_fetch(FAILED, Delivery(), now=1.0), phase=Phase.FAILED)
    assert WorkflowHarness(retried(failed)).answer().expect(Retry).target == "res_7"


@pytest.mark.parametrize("kind", list(Kind))
def test_retrying_a_library_entry_creates_one_job(
    kind: Kind, job_service: JobService, service: ThreadService
) -> None:
    """The retry starts one operation, and a second click creates no second job."""
    failed = next(one for one in service.resources() if one.kind == kind and one.status == "failed")
    before = len(service.operations())
    entry = Asset.from_json(
        kind, {"id": failed.id, "prompt": failed.prompt, "name": failed.name, "status": "failed"}
    )
    job = job_service.retry_asset(entry)
    with pytest.raises(NotPossible, match="still in progress"):
        job_service.retry_asset(entry)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY
    assert job_service.job(job.id).request.prompt == failed.prompt
    assert len(service.operations()) == before + 1
    assert len(service.requests("POST", f"/v1/{kind}s/{failed.id}:retry")) == 1


def test_the_listed_job_of_a_failed_entry_is_retried(
    job_service: JobService, service: ThreadService
) -> None:
    """If the failed job is still listed, no second job is created."""
    job = job_service.start(replace(LAMP, prompt="a lamp [transient]"))
    job_service.watch([job.id])
    operation = job_service.job(job.id).operation
    assert operation is not None and operation.resource is not None
    again = job_service.retry_asset(
        Asset.from_json(Kind.MODEL, {"id": operation.resource.id, "status": "failed"})
    )
    assert again.id == job.id
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY


def test_a_running_generation_cannot_be_retried(job_service: JobService) -> None:
    """The retry is refused, and no job is created."""
    with pytest.raises(NotPossible, match="has not failed"):
        job_service.retry_asset(Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "running"}))
    assert job_service.jobs() == []


# -- once more
# ------------------------------------------------------------------------------------------------------------------


def test_generate_again_sends_the_same_request_with_another_key(
    job_service: JobService, service: ThreadService
) -> None:
    """The two requests are equal; a variation differs only in its prompt."""
    first = job_service.start(replace(LAMP, name="Lamp"), Delivery(at=(1, 2, 3)), optimize=LIGHT)
    same = request_template.of_job(first)
    for once_more in (same, same.with_prompt("a green lamp"), same.with_prompt(" ")):
        job_service.start(once_more.request, once_more.delivery, optimize=once_more.optimize)
    job_service.watch([job.id for job in job_service.jobs()])
    starts = [start.body for start in service.requests("POST", "/v1/models:generate")]
    assert sorted(body["prompt"] for body in starts) == [
        "a green lamp",
        "a lamp",
        "a lamp",
        "a lamp",
    ]
    assert all({**body, "prompt": ""} == {**starts[0], "prompt": ""} for body in starts)
    assert len({start.idempotency_key for start in service.requests("POST", "*:generate")}) == 4
    assert {(job.delivery, job.optimize) for job in job_service.jobs()} == {(first.delivery, LIGHT)}


def test_generate_again_does_not_write_the_first_files() -> None:
    """Output, batch line and replaced version are not repeated; the place in the scene is."""
    delivery = Delivery(
        output="lamp.blend",
        render="lamp.png",
        line="batch#1",
        replaces=True,
        at=(1, 2, 3),
        splats="100k",
    )
    assert request_template.of_job(a_job(delivery=delivery)).delivery == Delivery(
        at=(1, 2, 3), splats="100k"
    )


def test_missing_reference_pictures_are_found(tmp_path: Path) -> None:
    """Only local files that no longer exist are missing, not addresses."""
    (tmp_path / "a.png").write_bytes(PIXEL)
    images = (str(tmp_path / "a.png"), str(tmp_path / "b.png"), "https://example.com/c.png")
    assert request_template.of_job(a_job(images=images)).gone == (str(tmp_path / "b.png"),)


def test_the_request_of_a_library_entry_is_found() -> None:
    """The request comes from the job that generated it, else from what Mint returns."""
    made = replace(a_job(name="Mine"), operation=operation("succeeded"))
    entry = Asset.from_json(
        Kind.MODEL, {"id": "res_1", "prompt": "a lamp", "name": "Theirs", "status": "succeeded"}
    )
    fetched = new_fetch(entry, Delivery(), now=1.0)
    assert (
        request_template.of_asset(entry, [fetched, made])
        == request_template.of_job(fetched, [fetched, made])
        == request_template.of_job(made)
    )
    run = request_template.of_asset(entry, [fetched])
    assert (run.request.name, run.is_complete) == ("Theirs", False)
