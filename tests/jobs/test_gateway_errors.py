# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways that time out before or after Mint acted, and stale responses: nothing is paid twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.job import is_unanswered
from mint_blender.jobs.paid_requests import record
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow import look
from mint_blender.mint.client import connect
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Format, Kind, Mode, OptimizationLevel

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config

LAMP = GenerationRequest(Kind.MODEL, "a lamp")
WORDS = ("408", "425", "499", "507", "520", "524", "530", "html")
PORTAL = {"status": 404, "text": "<html>Sign in</html>", "content_type": "text/html"}
NONSENSE = {"status": 202, "json": {"status": "fine"}}
GIVES_UP: dict[str, Any] = {
    **{word: {"word": word} for word in WORDS},
    "portal": PORTAL,
    "nonsense": NONSENSE,
}


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a fast service."""
    with running_service(speed=1000, credits=1e9) as running:
        yield running
        assert not running.leaks()


def script(service: ThreadService, path: str, answer: dict[str, Any], when: str) -> None:
    """Make the next request to this path get that response."""
    service.scenario(answers=[{"method": "POST", "path": path, "when": when, "answer": answer}])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", GIVES_UP)
def test_a_gateway_error_on_a_start_leads_to_one_operation(
    job_service: JobService, service: ThreadService, name: str, when: str
) -> None:
    """The start is repeated with the same key, whether Mint had accepted it or not."""
    script(service, "/v1/models:generate", GIVES_UP[name], when)
    job = job_service.start(LAMP)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY
    assert len(service.operations()) == 1
    sent = service.requests("POST", "/v1/models:generate")
    assert len(sent) == 2
    assert {one.idempotency_key for one in sent} == {job.requests[0].key}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_gateway_error_on_other_calls_leads_to_one_operation(
    job_service: JobService, service: ThreadService, when: str
) -> None:
    """A retry, an optimization and a conversion each survive a 524."""
    job = job_service.start(replace(LAMP, prompt="a lamp [transient]"))
    job_service.watch([job.id])
    script(service, "/v1/models/*:retry", {"word": "524"}, when)
    job_service.retry(job.id)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY
    assert len(service.operations()) == 2
    model = job_service.job(job.id).asset
    assert model is not None
    script(service, "/v1/models/*:convert", {"word": "524"}, when)
    conversion = job_service.convert(model, [Format.STL], job_service.home / "chosen")
    job_service.watch([conversion.id])
    assert job_service.job(conversion.id).phase is Phase.PLACED
    script(service, "/v1/models/*:optimize", {"word": "524"}, when)
    optimized = job_service.fetch(model, optimize=OptimizationLevel.LIGHT)
    job_service.watch([optimized.id])
    assert job_service.job(optimized.id).phase is Phase.READY
    assert len(service.operations()) == 4


def test_a_generic_conflict_repeats_the_start(
    job_service: JobService, service: ThreadService
) -> None:
    """The start is sent again with its key."""
    script(
        service,
        "/v1/models:generate",
        {"status": 409, "problem": "invalid-operation-state"},
        "after",
    )
    job = job_service.start(LAMP)
    job_service.watch([job.id])
    assert (job_service.job(job.id).phase, len(service.operations())) == (Phase.READY, 1)


def test_a_full_queue_after_a_lost_response_proves_nothing(
    job_service: JobService, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request may have been accepted, so a cancel searches for its operation."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)
    starts = {"method": "POST", "path": "/v1/models:generate"}
    full = {"status": 429, "problem": "concurrency-limit-reached"}
    service.scenario(
        answers=[
            {**starts, "when": "after", "answer": {"word": "524"}},
            {**starts, "times": 1000, "answer": full},
        ]
    )
    job = job_service.start(LAMP)
    while job_service.job(job.id).problem is None:
        job_service.next_event()
    job_service.cancel(job.id)
    while job_service.job(job.id).decision is not None:
        job_service.next_event()
    (started,) = service.operations()
    found = job_service.job(job.id)
    assert (found.phase, found.source_asset_id) == (Phase.FETCHING, started.resource), (
        "what was started was taken for never sent"
    )


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 422])
def test_a_refusal_after_a_lost_response_proves_nothing(
    job_service: JobService,
    service: ThreadService,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mint has carried out the first request, and what it has made is found in the list."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)
    starts = {"method": "POST", "path": "/v1/models:generate"}
    service.scenario(
        answers=[
            {**starts, "when": "after", "answer": {"word": "524"}},
            {**starts, "times": 1000, "answer": {"status": status, "problem": "invalid-request"}},
        ]
    )
    job = job_service.start(LAMP)
    job_service.watch([job.id])
    (started,) = service.operations()
    found = job_service.job(job.id)
    assert (found.phase, found.source_asset_id) == (Phase.READY, started.resource)
    assert len({each.idempotency_key for each in service.requests("POST", "*:generate")}) == 1


def test_a_refusal_after_a_lost_response_is_left_to_a_person(
    job_service: JobService, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mint's list shows nothing. The job has not failed, and nothing says that it cost nothing."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)
    starts = {"method": "POST", "path": "/v1/models:generate"}
    service.scenario(
        answers=[
            {**starts, "when": "before", "answer": {"word": "524"}},
            {**starts, "times": 1000, "answer": {"status": 403, "problem": "forbidden"}},
        ]
    )
    job = job_service.start(LAMP)
    job_service.watch([job.id])
    assert is_unanswered(job_service.job(job.id))
    assert not service.operations()


def test_a_gateways_json_is_no_proof(job_service: JobService, service: ThreadService) -> None:
    """It has a reason, but is none of Mint's documents: the same start is sent again."""
    refusal = {"status": 403, "json": {"message": "Blocked by policy"}}
    script(service, "/v1/models:generate", refusal, "after")
    job = job_service.start(LAMP)
    job_service.watch([job.id])
    assert (job_service.job(job.id).phase, len(service.operations())) == (Phase.READY, 1)
    assert len({each.idempotency_key for each in service.requests("POST", "*:generate")}) == 1


def test_stale_previews_are_not_shown_again(
    job_service: JobService, service: ThreadService
) -> None:
    """Each revision has another picture, and one approval is enough."""
    job = job_service.start(replace(LAMP, prompt="a lamp [lagging]", mode=Mode.REVIEW))
    job_service.watch([job.id])
    job_service.revise(job.id, "greener")
    job_service.watch([job.id])
    seen = job_service.job(job.id)
    assert (
        seen.phase,
        len(seen.previews),
        len({one.url.partition("?")[0] for one in seen.previews}),
    ) == (Phase.REVIEW, 2, 2)
    job_service.approve(job.id)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY
    assert len(service.requests("POST", "*:approve")) == 1


def test_a_missing_mode_is_taken_from_the_request(job_service: JobService) -> None:
    """Without a mode in the response the job still waits for review."""
    job = job_service.start(replace(LAMP, prompt="a lamp [no-mode]", mode=Mode.REVIEW))
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.REVIEW
    job_service.approve(job.id)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY


def test_a_lost_start_is_found_in_the_library(
    home: Path, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After half a day the operation is found in the list, and nothing is sent again."""
    service.scenario(
        answers=[
            {
                "method": "POST",
                "path": "/v1/models:generate",
                "when": "after",
                "times": 1000,
                "answer": {"word": "524"},
            }
        ]
    )
    job_service = JobService(fast_config(home), account(service))
    job = job_service.start(LAMP)
    while not service.operations():
        job_service.next_event()
    assert job_service.close(20)
    service.scenario(answers=[])
    client = connect(account(service))
    while not client.poll(service.operations()[0].id).operation.succeeded:
        time.sleep(0.005)
    client.close()
    monkeypatch.setattr(record, "YOUNG_FOR", 0.0)
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)
    job_service = JobService(fast_config(home), account(service))
    job_service.resume(job.id)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY
    assert job_service.job(job.id).source_asset_id == service.operations()[0].resource
    assert len(service.operations()) == 1
    assert job_service.close(20)
