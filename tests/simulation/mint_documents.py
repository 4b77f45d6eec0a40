# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's JSON: operations, Models and Worlds, problem documents. From the contract, 1.4, 4 and 6."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ..mint_model.messages import Response
from .mint_files import link
from .mint_operations import DONE, ENDED, PREVIEW, TOTAL, Operation, Resource

CONVERTED = ("fbx", "obj", "stl", "usdz")


def problem(status: int, slug: str, detail: str, *, field: str = "") -> Response:
    """Return a problem document (RFC 9457), perhaps about one field of the request."""
    body = {
        "type": f"https://api.mint.gg/problems/{slug}",
        "title": slug.replace("-", " "),
        "status": status,
        "detail": detail,
    }
    if field:
        body["errors"] = [{"path": f"/{field}", "code": "invalid", "message": detail}]
    headers = {"Content-Type": "application/problem+json"}
    return Response(status, headers, json.dumps(body).encode())


def document(status: int, body: dict[str, Any], **headers: str) -> Response:
    """Return a JSON document."""
    return Response(
        status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode()
    )


def iso(at: float | None) -> str | None:
    """Return a time as Mint writes it."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def operation(each: Operation, now: float, *, has_credits: bool = True) -> dict[str, Any]:
    """Return an operation, with null where nothing is known. Its Credits are optional."""
    resource = each.resource
    body: dict[str, Any] = {
        "object": "operation",
        "id": each.id,
        "type": each.type,
        "generationMode": each.mode,
        "status": each.status,
        "prompt": None if each.type == "model_conversion" else each.prompt,
        "generationPreset": None if each.type == "model_conversion" else each.preset,
        "resource": {"type": resource.kind, "id": resource.id} if resource else None,
        "mintUrl": f"https://mint.gg/{resource.kind}/{resource.id}" if resource else None,
        "assets": _operation_assets(each, now),
        "createdAt": iso(each.created),
        "updatedAt": iso(each.updated),
    }
    if has_credits:
        body["credits"] = _credits(each)
    if each.ended is not None:
        body["canceledAt" if each.status == "canceled" else "completedAt"] = iso(each.ended)
    if each.status == "failed":
        body["error"] = {"code": "generation_failed", "message": "The model did not converge."}
    if each.status == "billing_required":
        body["billing"] = _billing(each)
    return body


def _credits(each: Operation) -> dict[str, Any]:
    return {
        "estimated": TOTAL.get((each.kind, each.preset)) if each.is_generation else None,
        "reserved": each.reserved,
        "finalized": each.paid,
        "availableAfterReservation": each.project.balance,
    }


def _billing(each: Operation) -> dict[str, Any]:
    total = TOTAL[each.kind, each.preset]
    return {
        "reason": "insufficient_credits",
        "requiredCredits": PREVIEW if each.stage == "preview" else total - PREVIEW,
        "availableCredits": each.project.balance,
        "actionUrl": "https://platform.mint.gg/billing",
        "resource": each.kind,
        "stage": each.stage,
    }


def _operation_assets(each: Operation, now: float) -> dict[str, Any] | None:
    resource = each.resource
    if resource is None:
        return None
    if each.status in DONE:
        return assets(resource, now)
    if resource.previews and each.status not in ENDED:
        return {"previewImageUrl": preview_url(resource, now)}
    return None


def preview_url(resource: Resource, now: float) -> str:
    """Return a fresh link to the latest Preview picture."""
    return link("assets", f"{resource.id[:8]}-preview-webp-{resource.previews[-1]}.webp", now)


def assets(resource: Resource, now: float) -> dict[str, Any]:
    """Return the files of a finished resource."""
    name, hash = resource.id[:8], resource.hash
    picture = link("images", f"{name}-{hash}.webp", now)
    body: dict[str, Any] = {"previewImageUrl": preview_url(resource, now), "thumbnailUrl": picture}
    if resource.kind == "world":
        pano = link("worlds", f"{name}-pano-{hash}.webp", now)
        return body | {
            "caption": "A place.",
            "colliderMeshUrl": link("worlds", f"{name}-collider-{hash}.glb", now),
            "panoUrl": None if resource.is_partial else pano,
            "radUrl": None,
            "spzUrls": {
                tier: link("worlds", f"{name}-{tier}-spz-{hash}.spz", now)
                for tier in resource.tiers
            }
            or None,
        }
    optimized = link("glb", f"{name}-optimized-{hash}.glb", now)
    converted = {
        f"{format}Url": link("conversions", f"{name}-{hash}.{format}", now)
        if format in resource.formats
        else None
        for format in CONVERTED
    }
    return body | {
        "glbUrl": link("glb", f"{name}-{hash}.glb", now),
        "glbSizeBytes": None,
        "optimizedGlbUrl": optimized if resource.optimized else None,
        "bounds": None,
        **converted,
    }


def resource(each: Resource, now: float) -> dict[str, Any]:
    """Return a Model or World. Its files are there a moment after it has succeeded."""
    has_files = each.status == "succeeded" and now >= each.settled
    return {
        "object": each.kind,
        "id": each.id,
        "name": each.name,
        "prompt": each.prompt,
        "status": each.status,
        "assetStage": "final" if each.status == "succeeded" else "preview",
        "mintUrl": f"https://mint.gg/{each.kind}/{each.id}",
        "assets": assets(each, now) if has_files else None,
        "createdAt": iso(each.created),
        "updatedAt": iso(each.updated),
    }
