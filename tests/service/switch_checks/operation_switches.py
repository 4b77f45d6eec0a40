# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches that change what becomes of the work."""

from __future__ import annotations

from typing import Any

from tests.mint_service.credit_account import PREVIEW

from ..contract_client import Caller
from . import ENDS, check, finished


@check("moderation", "invalid-input", "quota", "fails", "unknown-error", "generic-message")
def fails_always(caller: Caller, name: str) -> None:
    code = {
        "moderation": "moderation_blocked",
        "invalid-input": "invalid_generation_input",
        "quota": "quota_blocked",
        "unknown-error": "gremlins_in_the_machine",
    }.get(name, "generation_failed")
    failed = finished(caller, name)
    assert (failed["status"], failed["error"]["code"], failed["credits"]["reserved"]) == (
        "failed",
        code,
        0,
    )
    assert (failed["error"]["message"] == "Error") == (name == "generic-message")
    before_preview = name in ("moderation", "invalid-input", "quota")
    assert (
        caller.service.credits()
        == 100_000 - failed["credits"]["finalized"]
        == 100_000 - (0 if before_preview else PREVIEW)
    )
    again = caller.post(f"/models/{failed['resource']['id']}:retry").json()
    assert caller.until(again, *ENDS)["error"]["code"] == code


@check("transient", "interrupted")
def fails_once(caller: Caller, name: str) -> None:
    failed = finished(caller, name)
    assert (
        failed["error"]["code"]
        == {"transient": "transient_generation_failure", "interrupted": "generation_interrupted"}[
            name
        ]
    )
    again = caller.post(f"/models/{failed['resource']['id']}:retry").json()
    assert caller.until(again, *ENDS)["status"] == "succeeded"


@check("start-fails")
def start_fails(caller: Caller, name: str) -> None:
    failed = finished(caller, name)
    assert (failed["error"]["code"], failed["resource"], failed["assets"]) == (
        "start_failed",
        None,
        None,
    )


@check("optimize-fails")
def optimize_fails(caller: Caller, name: str) -> None:
    model = finished(caller, name)["resource"]["id"]
    failed = caller.until(caller.post(f"/models/{model}:optimize").json(), *ENDS)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "optimization_failed")
    assert caller.get(f"/models/{model}").json()["status"] == "succeeded"


@check("billing-start")
def billing_start(caller: Caller, name: str) -> None:
    stopped = caller.start(f"a mug [{name}]", key="k")
    assert (stopped["status"], stopped["resource"], stopped["billing"]["stage"]) == (
        "billing_required",
        None,
        "preview",
    )
    again = caller.start(f"a mug [{name}]", key="k")
    assert (again["id"], again["status"]) == (stopped["id"], "queued")
    assert caller.until(again, *ENDS)["status"] == "succeeded"


@check("billing-preview", "billing-final")
def billing_stop(caller: Caller, name: str) -> None:
    stage = name.removeprefix("billing-")
    operation = caller.start(f"a mug [{name}]")
    stopped = caller.until(operation, "billing_required", *ENDS)
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
    caller.service.advance(100_000)
    assert caller.operation(operation)["status"] == "billing_required"
    resumed = caller.post(f"/operations/{operation['id']}:resume").json()
    assert resumed["status"] == "running" and "billing" not in resumed
    assert caller.until(operation, *ENDS)["status"] == "succeeded"


@check("billing-unpaid")
def billing_unpaid(caller: Caller, name: str) -> None:
    operation = caller.start(f"a mug [billing-final] [{name}]")
    caller.until(operation, "billing_required")
    assert (
        caller.post(f"/operations/{operation['id']}:resume").json()["status"] == "billing_required"
    )
    caller.service.scenario(credits=200_000)
    assert caller.post(f"/operations/{operation['id']}:resume").json()["status"] == "running"


@check("partial")
def partial(caller: Caller, name: str) -> None:
    model = finished(caller, name)
    assert (model["status"], model["assets"]["thumbnailUrl"], bool(model["assets"]["glbUrl"])) == (
        "partially_succeeded",
        None,
        True,
    )
    world = finished(caller, name, "world")
    assert [world["assets"][member] for member in ("panoUrl", "spzUrls", "radUrl")] == [None] * 3
    assert world["assets"]["colliderMeshUrl"] and world["credits"]["finalized"] > 0


@check("unknown-status")
def unknown_status(caller: Caller, name: str) -> None:
    operation = caller.start(f"a mug [{name}]")
    caller.service.advance(2)
    assert caller.operation(operation)["status"] == "enchanting"
    assert caller.until(operation, *ENDS)["status"] == "succeeded"


@check("unknown-type")
def unknown_type(caller: Caller, name: str) -> None:
    assert finished(caller, name)["type"] == "model_teleportation"
    assert finished(caller, name, "world")["type"] == "world_teleportation"


def read(caller: Caller, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation, not held against the twin: these switches go beyond it."""
    said: dict[str, Any] = caller.get(f"/operations/{operation['id']}", twin=False).json()
    return said


def started(caller: Caller, name: str, **body: Any) -> dict[str, Any]:
    """A model under a switch, just begun."""
    answer = caller.post("/models:generate", {"prompt": f"a mug [{name}]", **body}, twin=False)
    assert answer.status_code == 202
    said: dict[str, Any] = answer.json()
    return said


def ended(caller: Caller, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation once the service's clock has passed every stage."""
    for _ in range(3):
        caller.service.advance(1000)
        read(caller, operation)
    return read(caller, operation)


@check("null-status")
def null_status(caller: Caller, name: str) -> None:
    operation = started(caller, name)
    assert operation["status"] == "queued"
    done = ended(caller, operation)
    model = caller.get(f"/models/{done['resource']['id']}", twin=False).json()
    for one in (done, model):
        assert one["status"] is None and one["assets"]["glbUrl"]


@check("no-mode")
def no_mode(caller: Caller, name: str) -> None:
    for mode in ("auto", "review"):
        operation = started(caller, name, generationMode=mode)
        assert "generationMode" not in operation
        caller.service.advance(6)
        assert read(caller, operation)["status"] == "preview_ready"


@check("type-casing", "type-word")
def resource_type(caller: Caller, name: str) -> None:
    done = ended(caller, started(caller, name))
    assert (done["status"], done["resource"]["type"]) == (
        "succeeded",
        "Model" if name == "type-casing" else "thing",
    )
    assert caller.get(f"/models/{done['resource']['id']}").status_code == 200


@check("lagging")
def lagging(caller: Caller, name: str) -> None:
    operation = started(caller, name, generationMode="review")
    first = caller.until(operation, "preview_ready")
    for action, body in (("revise", {"feedback": "taller"}), ("approve", {})):
        if action == "approve":
            before = caller.until(operation, "preview_ready")
            assert before["assets"] != first["assets"]
        else:
            before = first
        answer = caller.post(f"/operations/{operation['id']}:{action}", body).json()
        assert answer == before == caller.operation(operation)
        assert caller.operation(operation)["status"] == "running"


@check("reasons")
def reasons(caller: Caller, name: str) -> None:
    failed = ended(caller, started(caller, f"{name}] [moderation"))
    assert {
        "failureReason",
        "moderationCategories",
        "retryGuidance",
        "workflowStageLastError",
    } < set(failed["error"])
    assert "error" not in ended(caller, started(caller, name))


@check("slow-start")
def slow_start(caller: Caller, name: str) -> None:
    operation = caller.start(f"a mug [{name}]")
    caller.service.advance(119)
    assert caller.operation(operation)["status"] == "queued"
    caller.service.advance(2)
    assert caller.operation(operation)["status"] == "running"


@check("stuck")
def stuck(caller: Caller, name: str) -> None:
    operation = caller.start(f"a mug [{name}]")
    for _ in range(3):
        caller.service.advance(10_000)
        assert caller.operation(operation)["status"] == "running"


@check("canceled")
def canceled(caller: Caller, name: str) -> None:
    ended = finished(caller, name)
    assert ended["status"] == "canceled" and ended["canceledAt"]
