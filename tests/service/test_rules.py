# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that the service has and the simulated Mint has in another form, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient


def test_a_key_belongs_to_one_body_and_one_address(client: ContractClient) -> None:
    """A repetition is the same operation; another body is a conflict, another address a start."""
    first = client.start("a mug", key="k", generationPreset="fast")
    assert client.start("a mug", key="k", generationPreset="fast")["id"] == first["id"]
    answer = client.post("/models:generate", {"prompt": "a lamp"}, "k")
    assert answer.json()["type"].endswith("/idempotency-conflict")
    assert client.start("a mug", "world", key="k")["id"] != first["id"]
    assert client.service.credits() == 100_000 - 248 - 1650


def test_keys_expire_after_a_day(client: ContractClient) -> None:
    """Keys are stored for 24 hours, and a fast clock does not shorten that."""
    first = client.start("a mug", key="k")
    client.service.advance(24 * 3600 - 60)
    assert client.start("a mug", key="k")["id"] == first["id"]
    client.service.advance(120)
    assert client.start("a mug", key="k")["id"] != first["id"]


def test_a_missing_key_is_400_unless_switched_off(client: ContractClient) -> None:
    """The contract requires a key; the live service does not, and this one can do the same."""
    body = {"prompt": "a mug"}
    assert client.call("POST", "/models:generate", json=body).status_code == 400
    assert client.post("/models:generate", body, "k" * 256).status_code == 400
    client.service.scenario(require_idempotency_key=False)
    assert client.call("POST", "/models:generate", json=body).status_code == 202


def test_simultaneous_requests_with_one_key_start_one_operation() -> None:
    """Twenty requests with the same key return one operation."""
    with running_service(speed=1) as service, ThreadPoolExecutor(20) as pool:
        start = lambda _: ContractClient(service).start("a mug", key="k")["id"]  # noqa: E731
        assert len(set(pool.map(start, range(20)))) == len(service.operations()) == 1


def test_auto_mode_waits_until_the_preview_is_read(client: ContractClient) -> None:
    """However much time passes, an operation stays at its Preview until somebody reads of it."""
    operation = client.start("a mug")
    client.service.advance(100_000)
    assert client.operation(operation)["status"] == "preview_ready"
    assert client.operation(operation)["status"] == "running"
    client.start("a mug, whose operation nobody knows")
    client.service.advance(100_000)
    path = f"/models/{client.get('/models').json()['data'][0]['id']}"
    assert client.get(path).json()["status"] == "preview_ready"
    client.service.advance(100)
    assert client.get(path).json()["status"] == "succeeded"


def test_credits_are_reserved_and_then_spent(client: ContractClient) -> None:
    """A start reserves everything; Previews are paid when they are there, the rest at the end."""
    operation = client.start("a hall", "world", generationMode="review")
    money = lambda: tuple(  # noqa: E731
        client.operation(operation)["credits"][name]
        for name in ("finalized", "reserved", "estimated")
    )
    assert money() == (0, 1650, 1650)
    client.until(operation, "preview_ready")
    assert money() == (150, 1500, 1650)
    client.post(f"/operations/{operation['id']}:revise", {"feedback": "darker"})
    assert money() == (150, 1650, 1800)
    client.until(operation, "preview_ready")
    client.post(f"/operations/{operation['id']}:approve")
    client.until(operation, "succeeded")
    assert money() == (1800, 0, 1800)
    assert client.get("/usage").json()["credits"]["totalAvailable"] == 100_000 - 1800


def test_a_failed_final_stage_costs_only_the_preview(client: ContractClient) -> None:
    """What is reserved is returned; a Preview that was made stays paid."""
    assert client.finished("a hall [fails]", "world")["credits"]["finalized"] == 150
    assert client.service.credits() == 100_000 - 150


def test_a_start_with_too_few_credits_stops(client: ContractClient) -> None:
    """The operation is billing_required, and the same start continues once there are Credits."""
    client.service.scenario(credits=100)
    operation = client.start("a mug", key="k", generationPreset="fast")
    assert (operation["status"], operation["resource"]) == ("billing_required", None)
    billing = operation["billing"]
    assert (billing["requiredCredits"], billing["availableCredits"]) == (248, 100)
    assert client.post(f"/operations/{operation['id']}:resume").status_code == 409
    client.service.scenario(credits=1000)
    again = client.start("a mug", key="k", generationPreset="fast")
    assert (again["id"], again["status"]) == (operation["id"], "queued")
    client.service.scenario(insufficient="402")
    assert client.post("/worlds:generate", {"prompt": "a hall"}).status_code == 402


@pytest.mark.parametrize("kind", ["model", "world"])
def test_at_most_ten_generations_are_active(client: ContractClient, kind: str) -> None:
    """Queued, running and waiting operations of a kind count; the eleventh start returns 429."""
    started = [client.start(f"a mug no {n}", kind, generationMode="review") for n in range(10)]
    client.until(started[0], "preview_ready")
    answer = client.post(f"/{kind}s:generate", {"prompt": "one more"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    client.start("another kind", {"model": "world", "world": "model"}[kind])
    client.post(f"/operations/{started[0]['id']}:cancel")
    client.start("one more", kind)


def test_cancel_is_only_possible_at_the_preview(client: ContractClient) -> None:
    """Otherwise it is 405, unless the scenario allows it. A Preview stays paid."""
    operation = client.start("a mug", generationMode="review")
    path = f"/operations/{operation['id']}:cancel"
    assert client.post(path).status_code == 405
    client.until(operation, "preview_ready")
    assert client.post(path).json()["canceledAt"]
    assert client.service.credits() == 100_000 - 150
    client.service.scenario(cancel="everywhere")
    assert client.post(path).status_code == 409
    other = client.start("a mug")
    assert client.post(f"/operations/{other['id']}:cancel").json()["status"] == "canceled"


@pytest.mark.parametrize("location", ["absolute", "relative"])
def test_location_names_the_operation(location: str) -> None:
    """The Location is absolute or relative, as set in the scenario: the contract allows both."""
    with running_service(clock="manual", location=location) as service:
        answer = ContractClient(service).post("/models:generate", {"prompt": "a mug"})
        path = f"/operations/{answer.json()['id']}"
        base = service.api if location == "absolute" else "/v1"
        assert answer.headers["Location"] == base + path


def test_new_assets_do_not_shift_the_pages() -> None:
    """A cursor names the last returned asset."""
    with running_service(clock="manual", library={"models": 45}) as service:
        client = ContractClient(service)
        first = client.get("/models?limit=10").json()
        client.finished("a new mug")
        cursor = first["pagination"]["nextCursor"]
        second = client.get("/models", params={"limit": 10, "cursor": cursor}).json()
        ids = {thing["id"] for page in (first, second) for thing in page["data"]}
        assert len(ids) == 20


def test_every_request_is_logged(service: ThreadService, client: ContractClient) -> None:
    """The log has the request, its connection and its response, but never the API key."""
    client.start("a mug", key="mine")
    client.get("/me")
    ContractClient(service, key="wrong").get("/me")
    first, second, third = service.requests(host="api")
    assert (first.path, first.status, first.idempotency_key) == ("/v1/models:generate", 202, "mine")
    assert first.operation == service.operations()[0].id
    assert first.body == {"prompt": "a mug"}
    assert [entry.authorized for entry in (first, second, third)] == ["right", "right", "wrong"]
    assert first.connection == second.connection != third.connection
    assert service.key not in str(service.log())
