# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's JSON: operations, Models and Worlds (sections 4 and 6 of the contract)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .operations import Operations
from .records import DONE, PREVIEW, Operation, Resource

Address = Callable[[str], str]
"""Returns the address of a path, which may be good for some time only."""


def iso(at: float) -> str:
    """Return a time as Mint writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def operation(each: Operation, operations: Operations, address: Address) -> dict[str, Any]:
    """Return an operation; `billing`, `error` and the end times are there only if they apply."""
    resource, is_generation = each.resource, each.is_generation
    made = {"type": resource.kind, "id": resource.id} if resource else None
    if each.motion is not None:
        made = {"type": "animation", "id": each.animation.id} if each.animation else None
    maker = "marble" if each.kind == "world" else "chisel"
    body: dict[str, Any] = {
        "object": "operation",
        "id": each.id,
        "type": each.type,
        "generationMode": each.mode,
        "status": each.status,
        "prompt": None if each.type == "model_conversion" else each.motion or each.prompt,
        "generationPreset": each.preset if is_generation else None,
        "generationModel": f"{maker}-stand-in-{each.preset}" if is_generation else None,
        "optimizationLevel": each.level,
        "resource": made,
        "mintUrl": mint_url(resource) if resource else None,
        "assets": assets(each.assets, address),
        "credits": {
            "estimated": each.price,
            "reserved": each.reserved,
            "finalized": each.paid,
            "availableAfterReservation": each.project.balance,
        },
        "createdAt": iso(each.created),
        "updatedAt": iso(each.updated),
    }
    if each.ended is not None:
        body["canceledAt" if each.status == "canceled" else "completedAt"] = iso(each.ended)
    if each.error is not None:
        body["error"] = each.error
    if each.status == "billing_required":
        body["billing"] = _billing(each, operations)
    return body


def _billing(each: Operation, operations: Operations) -> dict[str, Any]:
    unpaid = operations.unpaid(each)
    return {
        "reason": "insufficient_credits",
        "requiredCredits": unpaid,
        "availableCredits": min(each.project.balance, max(0.0, unpaid - 1)),
        "actionUrl": "https://platform.mint.gg/billing",
        "resource": each.kind,
        "stage": each.stage,
        "committedCredits": each.reserved,
        "stageCredits": unpaid if each.stage == "final" else min(unpaid, PREVIEW),
        "completionCredits": each.price - each.paid,
        "ctaKind": "top_up",
    }


def resource(each: Resource, address: Address) -> dict[str, Any]:
    """Return a Model or World."""
    maker = each.operation
    is_done = each.status in DONE
    body: dict[str, Any] = {
        "object": each.kind,
        "id": each.id,
        "name": each.name,
        "status": each.status,
        "assetStage": "final" if is_done else "preview" if each.assets else None,
        "operation": {
            "workflowStage": maker.stage if maker else None,
            "lastError": maker.error["message"] if maker and maker.error else None,
        },
        "mintUrl": mint_url(each),
        "assets": assets(each.assets, address),
        "createdAt": iso(each.created),
        "updatedAt": iso(each.updated),
    }
    if each.kind == "model":
        body["prompt"] = each.prompt
    return body


def animation_file(id: str, path: str) -> dict[str, Any]:
    kind = "rigged_character" if id.startswith("rigged_character") else "animation_clip"
    return {"id": id, "kind": kind, "format": "glb", "filename": path.rpartition("/")[2]}


def mint_url(resource: Resource) -> str:
    """Return the address of a result in Mint's web app."""
    return f"https://mint.gg/{resource.project.user}/{resource.id}"


def assets(kept: dict[str, Any] | None, address: Address) -> dict[str, Any] | None:
    """Return the members of `assets`, with addresses instead of paths."""
    if kept is None:
        return None
    body: dict[str, Any] = {}
    for name, value in kept.items():
        if name.endswith("Url") and value is not None:
            value = address(value)
        elif name == "spzUrls" and value is not None:
            value = {tier: address(path) if path else None for tier, path in value.items()}
        body[name] = value
    return body
