# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON of operations, models and Worlds (sections 4 and 6)."""

from __future__ import annotations

from typing import Any

from ..asset_files import API_MARK
from ..backend import OWNER, Mint
from ..clock import iso
from ..records import Operation, Resource
from ..signed_links import link

TYPE_WORDS = {"model": "model_teleportation", "world": "world_teleportation"}


REASONS = {
    "failureClass": "content_policy",
    "failureCode": "MODERATION_TEXT_71",
    "failureReason": "The prompt names a real person.",
    "moderationCategories": ["real_person", "weapons"],
    "retryable": False,
    "retryGuidance": "Describe the figure without a name.",
    "workflowStageLastError": "Traceback: worker 7, gpu node 12: safety_checker raised",
}


def operation(mint: Mint, one: Operation) -> dict[str, Any]:
    """Return an Operation as it is now, changed by the switches that affect reads."""
    result = _operation(mint, one)
    if (
        "null-status" in one.switches
        and one.generates
        and one.status in ("succeeded", "partially_succeeded")
    ):
        result["status"] = None
    if "no-mode" in one.switches:
        del result["generationMode"]
    if result["resource"] and "type-casing" in one.switches:
        result["resource"]["type"] = one.kind.title()
    if result["resource"] and "type-word" in one.switches:
        result["resource"]["type"] = "thing"
    if "error" in result and "reasons" in one.switches:
        result["error"] = {**result["error"], **REASONS}
    return result


def _operation(mint: Mint, one: Operation) -> dict[str, Any]:
    """Return an Operation; `billing`, `error` and the end times are present only if they apply."""
    result: dict[str, Any] = {
        "object": "operation",
        "id": one.id,
        "type": TYPE_WORDS[one.kind]
        if "unknown-type" in one.switches and one.generates
        else one.type,
        "generationMode": one.mode,
        "status": "enchanting"
        if "unknown-status" in one.switches and one.status == "running"
        else one.status,
        "prompt": None if one.type == "model_conversion" else one.prompt,
        "generationPreset": one.preset if one.generates else None,
        "generationModel": _model_name(one),
        "optimizationLevel": one.level,
        "resource": {"type": one.kind, "id": one.resource} if one.resource else None,
        "mintUrl": mint_url(one.resource) if one.resource else None,
        "assets": assets(mint, one.assets),
        "credits": {
            "estimated": one.price,
            "reserved": one.reserved,
            "finalized": one.finalized,
            "availableAfterReservation": mint.credit_account.available,
        },
        "createdAt": iso(one.created),
        "updatedAt": iso(one.updated),
    }
    if one.billing is not None:
        result["billing"] = one.billing
    if one.error is not None:
        result["error"] = one.error
    if one.completed is not None:
        result["completedAt"] = iso(one.completed)
    if one.canceled is not None:
        result["canceledAt"] = iso(one.canceled)
    return result


def _model_name(one: Operation) -> str | None:
    if not one.generates:
        return None
    return f"{'marble' if one.kind == 'world' else 'chisel'}-stand-in-{one.preset}"


def resource(mint: Mint, one: Resource) -> dict[str, Any]:
    """Return a World or a Model."""
    result: dict[str, Any] = {
        "object": one.kind,
        "id": one.id,
        "name": one.name,
        "status": one.status,
        "assetStage": one.stage,
        "operation": {"workflowStage": one.workflow, "lastError": one.last_error},
        "mintUrl": mint_url(one.id),
        "assets": assets(mint, one.assets),
        "createdAt": iso(one.created),
        "updatedAt": iso(one.updated),
    }
    if "null-status" in one.switches and one.status in ("succeeded", "partially_succeeded"):
        result["status"] = None
    if one.kind == "model":
        result["prompt"] = one.prompt
    return result


def mint_url(resource_id: str) -> str:
    """Return the address of the result in Mint's web app."""
    return f"https://mint.gg/{OWNER}/{resource_id}"


def assets(mint: Mint, kept: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the asset members, with stored paths replaced by full addresses."""
    if kept is None:
        return None
    result: dict[str, Any] = {}
    for name, value in kept.items():
        if name.endswith("Url") and isinstance(value, str):
            value = address(mint, value)
        elif name == "spzUrls" and value is not None:
            value = {tier: address(mint, path) if path else None for tier, path in value.items()}
        result[name] = value
    return result


def address(mint: Mint, path: str) -> str:
    """Return the full address of a stored path, valid for `links_expire` seconds."""
    if path.startswith(API_MARK):
        return f"{mint.api_url}/downloads/{path.removeprefix(API_MARK)}"
    return link(mint, path)
