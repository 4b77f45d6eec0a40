# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of section 5: the cost of an operation, and too few Credits."""

from __future__ import annotations

import pytest

from .contract_client import ContractClient
from .test_errors import slug


def test_credits_are_reserved_and_then_spent(client: ContractClient) -> None:
    """The usage changes at the start, and the operation has both amounts."""
    operation = client.start("a mug", generationPreset="fast")
    assert operation["credits"] == {
        "estimated": 248,
        "reserved": 248,
        "finalized": 0,
        "availableAfterReservation": 100_000 - 248,
    }
    done = client.until(operation, "succeeded")
    assert done["credits"] == {
        "estimated": 248,
        "reserved": 0,
        "finalized": 248,
        "availableAfterReservation": 100_000 - 248,
    }
    usage = client.get("/usage").json()
    assert usage["credits"]["totalAvailable"] == 100_000 - 248
    assert usage["apiUsage"] == {"creditsUsed": 248, "operations": 1, "worlds": 0, "models": 1}


def test_credits_are_spent_at_the_preview_and_at_the_approval(client: ContractClient) -> None:
    """Each Preview spends 150 of a World's 1,650 Credits, and the approval spends 1,500."""
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
    assert money() == (300, 1500, 1800)
    client.post(f"/operations/{operation['id']}:approve")
    assert (client.operation(operation)["status"], money()) == ("running", (1800, 0, 1800))
    client.until(operation, "succeeded")
    assert money() == (1800, 0, 1800)
    assert client.service.credits() == 100_000 - 1800


def test_a_failed_final_stage_costs_only_the_preview(client: ContractClient) -> None:
    """The Credits spent at the approval are returned, those of the Preview are not."""
    failed = client.finished("a hall [fails]", "world")
    assert (failed["credits"]["finalized"], failed["credits"]["reserved"]) == (150, 0)
    assert client.service.credits() == 100_000 - 150
    assert client.get("/usage").json()["apiUsage"]["creditsUsed"] == 150


def test_a_revision_needs_enough_credits(client: ContractClient) -> None:
    """Without Credits a revision stops as billing_required, and continues after a resume."""
    client.service.scenario(credits=1700)
    operation = client.start("a hall", "world", generationMode="review")
    client.until(operation, "preview_ready")
    assert (
        client.post(f"/operations/{operation['id']}:revise", {"feedback": "darker"}).json()[
            "status"
        ]
        == "billing_required"
    )
    client.service.scenario(credits=200)
    assert client.post(f"/operations/{operation['id']}:resume").json()["status"] == "running"
    assert client.until(operation, "preview_ready")["credits"]["finalized"] == 300


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"operation": "model_generation", "generationPreset": "fast"}, 248),
        (
            {
                "operation": "model_generation",
                "generationPreset": "standard",
                "generationMode": "review",
            },
            798,
        ),
        ({"operation": "model_generation"}, 798),
        ({"operation": "model_generation", "generationPreset": "production"}, 1998),
        ({"operation": "world_generation", "generationPreset": "fast"}, 1650),
        ({"operation": "world_generation"}, 1650),
    ],
)
def test_estimates_return_the_prices_of_the_contract(
    client: ContractClient, asked: dict[str, str], expected: float
) -> None:
    """Each operation has the price that the contract lists."""
    answer = client.call("POST", "/pricing:estimate", json=asked).json()
    assert answer["operation"] == asked["operation"]
    assert answer["credits"] == {"requiredToStart": expected, "estimatedTotal": expected}


def test_an_optimization_is_estimated_for_a_model(client: ContractClient) -> None:
    """An optimization costs 20 Credits and can only be estimated for an existing model."""
    model = client.finished("a mug")["resource"]["id"]
    body = {"operation": "model_optimization", "modelId": model}
    assert (
        client.call("POST", "/pricing:estimate", json=body).json()["credits"]["estimatedTotal"]
        == 20
    )
    assert (
        client.call("POST", "/pricing:estimate", json=body | {"modelId": "none"}).status_code == 400
    )


def test_a_start_with_too_few_credits_stops(client: ContractClient) -> None:
    """The operation is billing_required, and the same start continues once there are Credits."""
    client.service.scenario(credits=100)
    operation = client.start("a mug", key="k", generationPreset="fast")
    assert (operation["status"], operation["resource"]) == ("billing_required", None)
    assert (
        operation["billing"]["requiredCredits"] == 248
        and operation["billing"]["availableCredits"] == 100
    )
    assert client.post(f"/operations/{operation['id']}:resume").status_code == 409
    assert client.start("a mug", key="k", generationPreset="fast")["status"] == "billing_required"
    client.service.scenario(credits=1000)
    again = client.start("a mug", key="k", generationPreset="fast")
    assert (again["id"], again["status"]) == (operation["id"], "queued")
    assert "billing" not in again
    assert client.until(again, "succeeded")["credits"]["finalized"] == 248


def test_too_few_credits_can_be_a_402(client: ContractClient) -> None:
    """A start with too few Credits can also return 402."""
    client.service.scenario(credits=100, insufficient="402")
    answer = client.post("/models:generate", {"prompt": "a mug"})
    assert (answer.status_code, slug(answer)) == (402, "insufficient-credits")


@pytest.mark.parametrize("kind", ["model", "world"])
def test_at_most_ten_generations_are_active(client: ContractClient, kind: str) -> None:
    """Queued, running and waiting operations of a kind count; the eleventh start returns 429."""
    started = [
        client.start(f"a mug no {n}", kind, generationMode="review", generationPreset="fast")
        for n in range(10)
    ]
    client.until(started[0], "preview_ready")
    answer = client.post(f"/{kind}s:generate", {"prompt": "one more"})
    assert (answer.status_code, slug(answer)) == (429, "concurrency-limit-reached")
    assert answer.headers["Retry-After"] == "1"
    client.start("another kind", {"model": "world", "world": "model"}[kind])
    client.post(f"/operations/{started[0]['id']}:cancel")
    client.start("one more", kind)
