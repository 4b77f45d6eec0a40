# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of section 5: the states of an operation, its costs and the concurrency limit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mint_service.credit_account import price
from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient
from .test_errors import slug


def test_auto_mode_continues_after_the_preview_was_read(client: ContractClient) -> None:
    """The statuses are queued, running, preview_ready for at least one read, running, succeeded."""
    operation = client.start("a mug")
    seen = [operation["status"]]
    for _ in range(40):
        client.service.advance(1)
        status = client.operation(operation)["status"]
        if status != seen[-1]:
            seen.append(status)
    assert seen == ["queued", "running", "preview_ready", "running", "succeeded"]


def test_auto_mode_waits_until_the_preview_is_read(client: ContractClient) -> None:
    """However much time passes, an operation stays at its Preview until it is read."""
    operation = client.start("a mug")
    client.service.advance(100_000)
    assert client.operation(operation)["status"] == "preview_ready"
    assert client.operation(operation)["status"] == "running"


def test_a_preview_is_also_read_with_its_model(client: ContractClient) -> None:
    """A client that does not know the operation polls the model; auto mode continues then, too."""
    client.start("a mug")
    client.service.advance(100_000)
    (made,) = client.get("/models").json()["data"]
    model = f"/models/{made['id']}"
    assert client.get(model).json()["status"] == "preview_ready"
    client.service.advance(100)
    assert client.get(model).json()["status"] == "succeeded"


@pytest.mark.parametrize("kind", ["model", "world"])
def test_each_revision_has_another_picture(client: ContractClient, kind: str) -> None:
    """The picture is new even when the feedback changes nothing visible."""
    operation = client.start("a court", kind=kind, generationMode="review")
    pictures = [client.until(operation, "preview_ready")["assets"]["previewImageUrl"]]
    for feedback in ("more", "even more"):
        client.post(f"/operations/{operation['id']}:revise", {"feedback": feedback})
        pictures.append(client.until(operation, "preview_ready")["assets"]["previewImageUrl"])
    assert len({picture.split("?")[0] for picture in pictures}) == 3


def test_review_mode_waits_for_approval(client: ContractClient) -> None:
    """Nothing final is made before approval."""
    operation = client.start("a mug", generationMode="review")
    client.until(operation, "preview_ready")
    client.service.advance(100_000)
    waiting = client.operation(operation)
    assert waiting["status"] == "preview_ready"
    assert set(waiting["assets"]) == {"previewImageUrl"}
    assert client.post(f"/operations/{operation['id']}:approve").json()["id"] == operation["id"]
    assert client.until(operation, "succeeded")["assets"]["glbUrl"]


def test_a_revision_makes_another_preview(client: ContractClient) -> None:
    """The picture and the result follow the feedback."""
    operation = client.start("a red lamp", generationMode="review")
    before = client.until(operation, "preview_ready")["assets"]["previewImageUrl"]
    client.post(f"/operations/{operation['id']}:revise", {"feedback": "make the shade blue"})
    assert client.operation(operation)["status"] == "running"
    after = client.until(operation, "preview_ready")["assets"]["previewImageUrl"]
    assert before != after
    pictures = [
        client.session.get(url, headers={"Authorization": None}, timeout=10).content
        for url in (before, after)
    ]
    assert pictures[0] != pictures[1]


def test_assets_are_filled_in_during_the_operation(client: ContractClient) -> None:
    """Assets are null at first; at the end every member is set, or null where no file exists."""
    operation = client.start("a mug")
    assert (
        operation["assets"] is None
        and operation["resource"] is None
        and operation["mintUrl"] is None
    )
    done = client.until(operation, "succeeded")
    filled = {name for name, value in done["assets"].items() if value is not None}
    assert filled == {"glbUrl", "glbSizeBytes", "previewImageUrl", "thumbnailUrl"}
    assert set(done["assets"]) - filled == {
        "optimizedGlbUrl",
        "optimizedGlbSizeBytes",
        "fbxUrl",
        "objUrl",
        "stlUrl",
        "usdzUrl",
        "bounds",
    }
    world = client.finished("a hall", "world")
    assert all(world["assets"].values())
    assert set(world["assets"]["spzUrls"]) == {"100k", "500k"}


def test_ids_have_no_prefix(client: ContractClient) -> None:
    """An id has 32 lower-case letters and digits, as in the live service."""
    done = client.finished("a mug")
    for name in (done["id"], done["resource"]["id"]):
        assert len(name) == 32 and name.isalnum() and name == name.lower()


@pytest.mark.parametrize("location", ["absolute", "relative"])
def test_location_names_the_operation(location: str) -> None:
    """The Location is absolute or relative, as set in the scenario: the contract allows both."""
    with running_service(clock="manual", location=location) as service:
        answer = ContractClient(service).post("/models:generate", {"prompt": "a mug"})
        path = f"/v1/operations/{answer.json()['id']}"
        assert answer.headers["Location"] == (
            service.api.removesuffix("/v1") + path if location == "absolute" else path
        )


def brought_to(client: ContractClient, status: str) -> dict[str, Any]:
    """Return a model operation in review mode that has this status."""
    operation = client.start("a mug", generationMode="review")
    for _ in range(10):
        if client.operation(operation)["status"] == status:
            break
        client.service.advance(1.5)
    return operation


@pytest.mark.parametrize("status", ["queued", "running"])
def test_cancel_is_only_possible_at_the_preview(client: ContractClient, status: str) -> None:
    """Otherwise cancel is 405 and the operation continues: Mint cannot stop a generation."""
    operation = brought_to(client, status)
    answer = client.post(f"/operations/{operation['id']}:cancel")
    assert (answer.status_code, slug(answer)) == (405, "method-not-allowed")
    assert client.operation(operation)["status"] == status


@pytest.mark.parametrize("status", ["queued", "running", "preview_ready"])
def test_cancel_returns_unspent_credits(client: ContractClient, status: str) -> None:
    """The operation is canceled with its time, and a Preview stays paid.

    No action is possible afterwards.
    """
    client.service.scenario(cancel="preview" if status == "preview_ready" else "everywhere")
    operation = brought_to(client, status)
    assert client.service.credits() < 100_000
    answer = client.post(f"/operations/{operation['id']}:cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert answer.json()["canceledAt"] and "completedAt" not in answer.json()
    assert client.service.credits() == 100_000 - (150 if status == "preview_ready" else 0)
    client.service.scenario(cancel="everywhere")
    for action in ("cancel", "approve", "resume"):
        again = client.post(f"/operations/{operation['id']}:{action}")
        assert (again.status_code, slug(again)) == (409, "invalid-operation-state")


def test_the_concurrency_limit_can_be_set(client: ContractClient) -> None:
    """Tests with many operations need a higher limit."""
    client.service.scenario(limits={"model": 1})
    client.start("a mug")
    assert client.post("/models:generate", {"prompt": "a mug"}).status_code == 429


def test_only_failed_assets_can_be_retried(client: ContractClient) -> None:
    """A retry is a new operation on the same asset."""
    good = client.finished("a mug")
    assert client.post(f"/models/{good['resource']['id']}:retry").status_code == 409
    bad = client.finished("a mug [transient]")
    assert bad["status"] == "failed"
    again = client.post(f"/models/{bad['resource']['id']}:retry").json()
    assert again["id"] != bad["id"] and again["resource"] == bad["resource"]
    assert client.until(again, "succeeded")["assets"]["glbUrl"]
    assert client.get(f"/models/{bad['resource']['id']}").json()["status"] == "succeeded"
    world = client.finished("a hall [transient]", "world")
    assert client.until(client.post(f"/worlds/{world['resource']['id']}:retry").json(), "succeeded")


def test_optimize_a_model(client: ContractClient) -> None:
    """The optimized file appears at the end of the operation; a second one is a conflict."""
    model = client.finished("a mug")["resource"]["id"]
    answer = client.post(f"/models/{model}:optimize", {"optimizationLevel": "light"})
    assert (answer.json()["type"], answer.json()["optimizationLevel"]) == (
        "model_optimization",
        "light",
    )
    assert client.get(f"/models/{model}").json()["assets"]["optimizedGlbUrl"] is None
    assert slug(client.post(f"/models/{model}:optimize")) == "model-optimization-in-progress"
    done = client.until(answer.json(), "succeeded")
    assert done["credits"]["finalized"] == price("model_optimization") == 20
    assert (
        client.get(f"/models/{model}").json()["assets"]["optimizedGlbUrl"]
        == done["assets"]["optimizedGlbUrl"]
    )
    assert slug(client.post(f"/models/{model}:optimize")) == "model-already-optimized"


def test_convert_a_model(client: ContractClient) -> None:
    """The new files appear under their members; prompt, preset and model name are null."""
    model = client.finished("a mug")["resource"]["id"]
    answer = client.post(
        f"/models/{model}:convert", {"targetFormats": ["fbx", "OBJ", "stl", "usdz"]}
    )
    started = answer.json()
    assert (
        started["type"],
        started["prompt"],
        started["generationPreset"],
        started["generationModel"],
    ) == (
        "model_conversion",
        None,
        None,
        None,
    )
    client.until(started, "succeeded")
    assets = client.get(f"/models/{model}").json()["assets"]
    for member, begins in (
        ("fbxUrl", b"; FBX"),
        ("objUrl", b"# "),
        ("stlUrl", b"Mint"),
        ("usdzUrl", b"PK"),
    ):
        assert client.session.get(
            assets[member], headers={"Authorization": None}, timeout=10
        ).content.startswith(begins)
    assert client.post(f"/models/{model}:convert", {"targetFormats": ["doc"]}).status_code == 400
    assert client.post(f"/models/{model}:convert", {"targetFormats": []}).status_code == 400


def test_an_unfinished_model_cannot_be_optimized(client: ContractClient) -> None:
    """Optimizing a model that is still being generated is a conflict of state."""
    operation = client.start("a mug", generationMode="review")
    model = client.until(operation, "preview_ready")["resource"]["id"]
    assert slug(client.post(f"/models/{model}:optimize")) == "invalid-operation-state"


def test_a_fast_clock_moves_by_itself() -> None:
    """With speed=1000 an operation ends while a client polls."""
    with running_service(speed=1000) as service:
        client = ContractClient(service)
        operation = client.start("a mug")
        for _ in range(2000):
            if client.operation(operation)["status"] == "succeeded":
                break
        assert service.operations()[0].status == "succeeded"


def test_every_request_is_logged(service: ThreadService, client: ContractClient) -> None:
    """The log has the request, its connection and its response, but never the API key."""
    client.start("a mug", key="mine")
    client.get("/me")
    other = ContractClient(service, key="wrong")
    other.get("/me")
    first, second, third = service.requests(host="api")
    assert (first.method, first.path, first.status, first.idempotency_key) == (
        "POST",
        "/v1/models:generate",
        202,
        "mine",
    )
    assert first.operation == service.operations()[0].id
    assert first.body == {"prompt": "a mug"}
    assert [entry.authorized for entry in (first, second, third)] == ["right", "right", "wrong"]
    assert first.connection == second.connection != third.connection
    assert service.connections() == 2
    assert service.key not in str([entry.as_json() for entry in service.log()])
