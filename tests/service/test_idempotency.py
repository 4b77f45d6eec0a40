# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of section 1.3: a key starts one operation only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient
from .test_errors import slug


def test_the_same_key_and_request_return_the_same_operation(client: ContractClient) -> None:
    """A replay is 202 with the operation's current state, and reserves no more Credits."""
    first = client.post("/models:generate", {"prompt": "a mug", "generationPreset": "fast"}, "k")
    client.until(first.json(), "succeeded")
    again = client.post("/models:generate", {"generationPreset": "fast", "prompt": "a mug"}, "k")
    assert again.status_code == 202
    assert again.headers["Location"] == first.headers["Location"]
    assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "succeeded")
    assert len(client.service.operations()) == 1
    assert client.service.credits() == 100_000 - 248


def test_the_same_key_with_another_body_is_a_conflict(client: ContractClient) -> None:
    """The response is 409, and nothing changes."""
    client.start("a mug", key="k")
    answer = client.post("/models:generate", {"prompt": "a lamp"}, "k")
    assert (answer.status_code, slug(answer)) == (409, "idempotency-conflict")
    assert len(client.service.operations()) == 1


def test_a_key_belongs_to_one_address(client: ContractClient) -> None:
    """The same key at another address counts as another key."""
    assert client.start("a mug", key="k")["id"] != client.start("a mug", "world", key="k")["id"]


def test_error_responses_are_not_stored(client: ContractClient) -> None:
    """After a 400 the same key may be used for a valid request."""
    assert client.post("/models:generate", {"prompt": ""}, "k").status_code == 400
    assert client.post("/models:generate", {"prompt": "a mug"}, "k").status_code == 202


def test_a_missing_key_is_400_unless_switched_off(client: ContractClient) -> None:
    """The contract requires a key; the live service does not, and this one can do the same."""
    answer = client.call("POST", "/models:generate", json={"prompt": "a mug"})
    assert (answer.status_code, slug(answer)) == (400, "invalid-request")
    assert (
        client.call(
            "POST",
            "/models:generate",
            json={"prompt": "a mug"},
            headers={"Idempotency-Key": "k" * 256},
        ).status_code
        == 400
    )
    client.service.scenario(require_idempotency_key=False)
    assert client.call("POST", "/models:generate", json={"prompt": "a mug"}).status_code == 202


def test_an_estimate_needs_no_idempotency_key(client: ContractClient) -> None:
    """pricing:estimate changes nothing."""
    assert (
        client.call("POST", "/pricing:estimate", json={"operation": "model_generation"}).status_code
        == 200
    )


def test_actions_are_replayed_too(client: ContractClient) -> None:
    """A repeated approval returns the current operation; a second one is a conflict."""
    operation = client.start("a mug", generationMode="review")
    client.until(operation, "preview_ready")
    path = f"/operations/{operation['id']}:approve"
    assert client.post(path, {}, "k").json()["status"] == "running"
    client.until(operation, "succeeded")
    assert client.post(path, {}, "k").json()["status"] == "succeeded"
    assert client.post(path, {}, "other").status_code == 409


def test_a_repeated_revision_counts_once(client: ContractClient) -> None:
    """While a revision is running, another one is 409, but a replay of the first is accepted."""
    operation = client.start("a lamp", generationMode="review")
    client.until(operation, "preview_ready")
    path = f"/operations/{operation['id']}:revise"
    assert client.post(path, {"feedback": "blue"}, "one").status_code == 202
    answer = client.post(path, {"feedback": "red"}, "two")
    assert (answer.status_code, slug(answer)) == (409, "invalid-operation-state")
    assert client.post(path, {"feedback": "blue"}, "one").status_code == 202
    assert client.post(path, {"feedback": "green"}, "one").status_code == 409
    assert client.service.operations()[0].feedback == ["blue"]


def test_keys_expire_after_a_day(client: ContractClient) -> None:
    """Keys are stored for 24 hours, and a fast clock does not shorten that."""
    first = client.start("a mug", key="k")
    client.service.advance(24 * 3600 - 60)
    assert client.start("a mug", key="k")["id"] == first["id"]
    client.service.advance(120)
    assert client.start("a mug", key="k")["id"] != first["id"]


def test_simultaneous_requests_with_one_key_start_one_operation() -> None:
    """Twenty requests with the same key return one operation."""
    with running_service(speed=1) as service, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: _start(service), range(20)))
        assert len(set(answers)) == 1
        assert len(service.operations()) == 1


def _start(service: ThreadService) -> str:
    return str(ContractClient(service).start("a mug", key="k")["id"])
