# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of switches that change the result of an operation."""

from __future__ import annotations

from typing import Any

from tests.mint_service.credit_account import PREVIEW

from ..contract_client import ContractClient
from . import ENDS, check, finished


@check("moderation", "invalid-input", "quota", "fails", "unknown-error", "generic-message")
def fails_always(client: ContractClient, name: str) -> None:
    code = {
        "moderation": "moderation_blocked",
        "invalid-input": "invalid_generation_input",
        "quota": "quota_blocked",
        "unknown-error": "gremlins_in_the_machine",
    }.get(name, "generation_failed")
    failed = finished(client, name)
    assert (failed["status"], failed["error"]["code"], failed["credits"]["reserved"]) == (
        "failed",
        code,
        0,
    )
    assert (failed["error"]["message"] == "Error") == (name == "generic-message")
    before_preview = name in ("moderation", "invalid-input", "quota")
    assert (
        client.service.credits()
        == 100_000 - failed["credits"]["finalized"]
        == 100_000 - (0 if before_preview else PREVIEW)
    )
    again = client.post(f"/models/{failed['resource']['id']}:retry").json()
    assert client.until(again, *ENDS)["error"]["code"] == code


@check("transient", "interrupted")
def fails_once(client: ContractClient, name: str) -> None:
    failed = finished(client, name)
    assert (
        failed["error"]["code"]
        == {"transient": "transient_generation_failure", "interrupted": "generation_interrupted"}[
            name
        ]
    )
    again = client.post(f"/models/{failed['resource']['id']}:retry").json()
    assert client.until(again, *ENDS)["status"] == "succeeded"


@check("start-fails")
def start_fails(client: ContractClient, name: str) -> None:
    failed = finished(client, name)
    assert (failed["error"]["code"], failed["resource"], failed["assets"]) == (
        "start_failed",
        None,
        None,
    )


@check("optimize-fails")
def optimize_fails(client: ContractClient, name: str) -> None:
    model = finished(client, name)["resource"]["id"]
    failed = client.until(client.post(f"/models/{model}:optimize").json(), *ENDS)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "optimization_failed")
    assert client.get(f"/models/{model}").json()["status"] == "succeeded"


@check("billing-start")
def billing_start(client: ContractClient, name: str) -> None:
    stopped = client.start(f"a mug [{name}]", key="k")
    assert (stopped["status"], stopped["resource"], stopped["billing"]["stage"]) == (
        "billing_required",
        None,
        "preview",
    )
    again = client.start(f"a mug [{name}]", key="k")
    assert (again["id"], again["status"]) == (stopped["id"], "queued")
    assert client.until(again, *ENDS)["status"] == "succeeded"


@check("billing-preview", "billing-final")
def billing_stop(client: ContractClient, name: str) -> None:
    stage = name.removeprefix("billing-")
    operation = client.start(f"a mug [{name}]")
    stopped = client.until(operation, "billing_required", *ENDS)
    assert stopped["status"] == "billing_required" and stopped["resource"]["type"] == "model"
    billing = stopped["billing"]
    assert (billing["reason"], billing["stage"], billing["resource"]) == (
        "insufficient_credits",
        stage,
        "model",
    )
    assert billing["availableCredits"] < billing["requiredCredits"] and billing[
        "actionUrl"
    ].startswith("https://")
    assert (stopped["assets"] is None) == (stage == "preview")
    client.service.advance(100_000)
    assert client.operation(operation)["status"] == "billing_required"
    resumed = client.post(f"/operations/{operation['id']}:resume").json()
    assert resumed["status"] == "running" and "billing" not in resumed
    assert client.until(operation, *ENDS)["status"] == "succeeded"


@check("billing-unpaid")
def billing_unpaid(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [billing-final] [{name}]")
    client.until(operation, "billing_required")
    assert (
        client.post(f"/operations/{operation['id']}:resume").json()["status"] == "billing_required"
    )
    client.service.scenario(credits=200_000)
    assert client.post(f"/operations/{operation['id']}:resume").json()["status"] == "running"


@check("partial")
def partial(client: ContractClient, name: str) -> None:
    model = finished(client, name)
    assert (model["status"], model["assets"]["thumbnailUrl"], bool(model["assets"]["glbUrl"])) == (
        "partially_succeeded",
        None,
        True,
    )
    world = finished(client, name, "world")
    assert [world["assets"][member] for member in ("panoUrl", "spzUrls", "radUrl")] == [None] * 3
    assert world["assets"]["colliderMeshUrl"] and world["credits"]["finalized"] > 0


@check("unknown-status")
def unknown_status(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [{name}]")
    client.service.advance(2)
    assert client.operation(operation)["status"] == "enchanting"
    assert client.until(operation, *ENDS)["status"] == "succeeded"


@check("unknown-type")
def unknown_type(client: ContractClient, name: str) -> None:
    assert finished(client, name)["type"] == "model_teleportation"
    assert finished(client, name, "world")["type"] == "world_teleportation"


def read(client: ContractClient, operation: dict[str, Any]) -> dict[str, Any]:
    """Read the operation without checking it, since the document does not cover these switches."""
    document: dict[str, Any] = client.get(f"/operations/{operation['id']}", twin=False).json()
    return document


def started(client: ContractClient, name: str, **body: Any) -> dict[str, Any]:
    """Return a model operation with a switch that has just started."""
    answer = client.post("/models:generate", {"prompt": f"a mug [{name}]", **body}, twin=False)
    assert answer.status_code == 202
    document: dict[str, Any] = answer.json()
    return document


def ended(client: ContractClient, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the operation after the service's clock has passed every stage."""
    for _ in range(3):
        client.service.advance(1000)
        read(client, operation)
    return read(client, operation)


@check("null-status")
def null_status(client: ContractClient, name: str) -> None:
    operation = started(client, name)
    assert operation["status"] == "queued"
    done = ended(client, operation)
    model = client.get(f"/models/{done['resource']['id']}", twin=False).json()
    for one in (done, model):
        assert one["status"] is None and one["assets"]["glbUrl"]


@check("no-mode")
def no_mode(client: ContractClient, name: str) -> None:
    for mode in ("auto", "review"):
        operation = started(client, name, generationMode=mode)
        assert "generationMode" not in operation
        client.service.advance(6)
        assert read(client, operation)["status"] == "preview_ready"


@check("type-casing", "type-word")
def resource_type(client: ContractClient, name: str) -> None:
    done = ended(client, started(client, name))
    assert (done["status"], done["resource"]["type"]) == (
        "succeeded",
        "Model" if name == "type-casing" else "thing",
    )
    assert client.get(f"/models/{done['resource']['id']}").status_code == 200


@check("lagging")
def lagging(client: ContractClient, name: str) -> None:
    operation = started(client, name, generationMode="review")
    first = client.until(operation, "preview_ready")
    for action, body in (("revise", {"feedback": "taller"}), ("approve", {})):
        if action == "approve":
            before = client.until(operation, "preview_ready")
            assert before["assets"] != first["assets"]
        else:
            before = first
        answer = client.post(f"/operations/{operation['id']}:{action}", body).json()
        assert answer == before == client.operation(operation)
        assert client.operation(operation)["status"] == "running"


@check("reasons")
def reasons(client: ContractClient, name: str) -> None:
    failed = ended(client, started(client, f"{name}] [moderation"))
    assert {
        "failureReason",
        "moderationCategories",
        "retryGuidance",
        "workflowStageLastError",
    } < set(failed["error"])
    assert "error" not in ended(client, started(client, name))


@check("slow-start")
def slow_start(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [{name}]")
    client.service.advance(119)
    assert client.operation(operation)["status"] == "queued"
    client.service.advance(2)
    assert client.operation(operation)["status"] == "running"


@check("stuck")
def stuck(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [{name}]")
    for _ in range(3):
        client.service.advance(10_000)
        assert client.operation(operation)["status"] == "running"


@check("canceled")
def canceled(client: ContractClient, name: str) -> None:
    ended = finished(client, name)
    assert ended["status"] == "canceled" and ended["canceledAt"]
