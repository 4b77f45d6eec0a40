# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for Mint: its rules, its answers over HTTP, and what a scenario changes."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import requests

from tests.mint_service import glb, options
from tests.mint_service.runner import ThreadService

from .contract_client import ContractClient


def test_a_key_belongs_to_one_body_and_one_address(client: ContractClient) -> None:
    """A repetition is the same operation; another body is a conflict, another address a start."""
    first = client.start("a mug", key="k", generationPreset="fast")
    assert client.start("a mug", key="k", generationPreset="fast")["id"] == first["id"]
    answer = client.post("/models:generate", {"prompt": "a lamp"}, "k")
    assert answer.json()["type"].endswith("/idempotency-conflict")
    assert client.start("a mug", "world", key="k")["id"] != first["id"]
    assert client.service.credits() == 100_000 - 248 - 1650


def test_a_missing_key_is_400(client: ContractClient) -> None:
    """The contract requires one of at most 255 characters."""
    body = {"prompt": "a mug"}
    assert client.call("POST", "/models:generate", json=body).status_code == 400
    assert client.post("/models:generate", body, "k" * 256).status_code == 400


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


# -- how errors are said (section 1.4), and the file host (section 9)


@pytest.fixture
def url(client: ContractClient) -> str:
    return str(client.finished("a mug")["assets"]["glbUrl"])


def slug(answer: requests.Response) -> str:
    document = answer.json()
    assert document["status"] == answer.status_code and document["title"] and document["detail"]
    return str(document["type"]).rsplit("/", 1)[-1]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/models%3Agenerate", 404),
        ("GET", "/models/a.b", 400),
        ("GET", "/operations/a%0Ab", 400),
        ("GET", "/operations/a%2Fb", 400),
        ("PUT", "/models", 405),
        ("GET", "/models:generate", 405),
        ("GET", "/models?limit=101", 400),
        ("GET", "/models?limit=%C2%B2", 400),
        ("GET", "/worlds?cursor=", 400),
    ],
)
def test_unknown_addresses_and_invalid_parameters_are_rejected(
    client: ContractClient, method: str, path: str, status: int
) -> None:
    """This covers unknown routes, wrong methods, bad ids, bad limits and bad cursors."""
    answer = client.call(method, path, headers={"Idempotency-Key": "any"})
    slugs = {400: "invalid-request", 404: "not-found", 405: "method-not-allowed"}
    assert (answer.status_code, slug(answer)) == (status, slugs[status])


@pytest.mark.shows_key("a secret is sent to the file host to see that it refuses it")
@pytest.mark.parametrize("name", ["Authorization", "Cookie"])
def test_a_secret_is_rejected_and_logged(service: ThreadService, url: str, name: str) -> None:
    """Any key or cookie sent to the file host returns 400, and the log marks it as a leak."""
    assert service.files not in service.api and url.startswith(service.files + "/glb/a-mug-")
    assert requests.get(url, headers={name: "Bearer anything"}, timeout=10).status_code == 400
    path = url.removeprefix(service.files).partition("?")[0]
    assert [entry.path for entry in service.leaks()] == [path]


def test_a_range_returns_its_bytes(url: str) -> None:
    """The response is 206 with exactly the requested bytes, of the same version only."""
    whole = requests.get(url, timeout=10)
    assert glb.extras(whole.content)["prompt"] == "a mug"
    size = len(whole.content)
    for tag, status in ((whole.headers["ETag"], 206), ('"other"', 200)):
        headers = {"Range": "bytes=100-", "If-Range": tag}
        answer = requests.get(url, headers=headers, timeout=10)
        assert answer.status_code == status
        assert answer.content == whole.content[100 if status == 206 else 0 :]
        said = f"bytes 100-{size - 1}/{size}" if status == 206 else None
        assert answer.headers.get("Content-Range") == said


# -- scripted responses, and the switches whose effect no user reads


def test_rules_apply_to_matching_prompts(service: ThreadService, client: ContractClient) -> None:
    """A rule selects prompts with a regular expression; unknown words in brackets mean nothing."""
    service.scenario(rules=[{"prompt": "^a m", "switches": ["fails"]}])
    assert client.finished("a mug")["status"] == "failed"
    assert client.finished("a lamp [nor-this]")["status"] == "succeeded"


def test_scripted_responses(service: ThreadService, client: ContractClient) -> None:
    """The next N matching requests get the response of the scenario, after `skip` requests."""
    script = {"method": "GET", "path": "/v1/m*", "skip": 1, "times": 2, "answer": {"word": "503"}}
    service.scenario(answers=[script])
    assert [client.get("/me").status_code for _ in range(4)] == [200, 503, 503, 200]
    teapot = {"status": 418, "json": {"error": "teapot"}, "headers": {"X-Tea": "yes"}}
    limited = {"status": 429, "problem": "rate-limited", "detail": "Slow down."}
    service.scenario(answers=[{"path": "/v1/me", "answer": each} for each in (teapot, limited)])
    answer = client.get("/me", twin=False)
    assert (answer.status_code, answer.json()["error"]) == (418, "teapot")
    assert answer.headers["X-Tea"] == "yes"
    assert client.get("/me", twin=False).json()["detail"] == "Slow down."
    url = client.finished("a mug")["assets"]["previewImageUrl"]
    service.scenario(answers=[{"host": "files", "path": "/images/*", "answer": {"status": 500}}])
    assert [requests.get(url, timeout=10).status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_scripted_response_after_the_request_was_executed(
    service: ThreadService, client: ContractClient, when: str
) -> None:
    """`when: after` executes the request and then loses its response."""
    script = {"path": "*:generate", "when": when, "answer": {"word": "524"}}
    service.scenario(answers=[script])
    assert client.post("/models:generate", {"prompt": "a mug"}, "k", twin=False).status_code == 524
    assert len(service.operations()) == (1 if when == "after" else 0)
    assert client.start("a mug", key="k")["id"] == service.operations()[0].id


def test_the_readme_names_every_option() -> None:
    """The README explains each member of a scenario."""
    text = Path(options.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert not [
        field.name for field in fields(options.Options) if not re.search(rf"`{field.name}`", text)
    ]
