# SPDX-License-Identifier: GPL-3.0-or-later
"""Models, Worlds and their files as lists and records (section 6)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from ..backend import Mint
from ..clock import iso
from ..problems import Problem, invalid
from ..records import Resource, StoredFile
from . import Answer, Call, views
from .generation import note_seen, resource_of

DEFAULT_LIMIT, LARGEST_LIMIT = 20, 100


def list_models(call: Call) -> Answer:
    """Respond to GET /v1/models."""
    return _page(call, "model")


def list_worlds(call: Call) -> Answer:
    """Respond to GET /v1/worlds."""
    return _page(call, "world")


def _page(call: Call, kind: str) -> Answer:
    """Return a page of assets, newest first.

    The cursor names the last returned item, so that new items do not shift the pages.
    """
    limit = _limit(call.query.get("limit"))
    found = [r for r in call.mint.store.resources.values() if r.kind == kind][::-1]
    start = 0
    if "cursor" in call.query:
        last = _seen(call.query["cursor"], kind)
        places = [i for i, r in enumerate(found) if r.id == last]
        if not places:
            raise invalid("/cursor", "is not a cursor of this list", "invalid_cursor")
        start = places[0] + 1
    page = found[start : start + limit]
    more = start + limit < len(found)
    cursor = (
        base64.urlsafe_b64encode(json.dumps([kind, page[-1].id]).encode()).decode()
        if more
        else None
    )
    data = [views.resource(call.mint, r) for r in page]
    return Answer(200, {"data": data, "pagination": {"nextCursor": cursor, "hasMore": more}})


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= LARGEST_LIMIT:
        raise invalid("/limit", f"must be a whole number from 1 to {LARGEST_LIMIT}", "out_of_range")
    return int(text)


def _seen(cursor: str, kind: str) -> str:
    try:
        result = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise invalid("/cursor", "is not a cursor of this list", "invalid_cursor") from error
    if not isinstance(result, list) or len(result) != 2 or result[0] != kind:
        raise invalid("/cursor", "is not a cursor of this list", "invalid_cursor")
    return str(result[1])


def read(call: Call) -> Answer:
    """Respond to GET /v1/models/{modelId} and /v1/worlds/{worldId}."""
    resource = resource_of(call)
    result = views.resource(call.mint, resource)
    for operation in call.mint.store.operations.values():
        if operation.resource == resource.id and operation.status == "preview_ready":
            note_seen(call, operation)
            call.mint.store.save(operation)
    if resource.finished is not None:
        resource.reads += 1
        call.mint.store.save(resource)
        if resource.reads <= 2 and "settling" in resource.switches:
            raise Problem(
                "service-unavailable", headers={"Retry-After": f"{call.mint.options.retry_after:g}"}
            )
        if resource.reads <= 2 and "incomplete" in resource.switches:
            result |= {"status": "running", "assets": None, "assetStage": None}
    return Answer(200, result)


# generic assets


def _asset(call: Call) -> Resource:
    resource = call.mint.store.resources.get(call.ids["assetId"])
    if resource is None or resource.kind != call.ids["assetType"]:
        raise Problem("not-found", "There is no such asset.")
    return resource


def asset(call: Call) -> Answer:
    """Respond to GET /v1/assets/{assetType}/{assetId}."""
    one = _asset(call)
    result = {"id": one.id, "type": one.kind, "name": one.name, "prompt": one.prompt}
    return Answer(200, result | {"createdAt": iso(one.created), "updatedAt": iso(one.updated)})


def artifacts(call: Call) -> Answer:
    """Respond to GET /v1/assets/{assetType}/{assetId}/artifacts."""
    return Answer(200, {"data": _artifacts(call.mint, _downloadable(call))})


def manifest(call: Call) -> Answer:
    """Respond to GET /v1/assets/{assetType}/{assetId}/artifact-manifest."""
    one = _downloadable(call)
    result: dict[str, Any] = {
        "manifestVersion": 1,
        "source": {"kind": "asset", "assetType": one.kind, "id": one.id},
        "mintUrl": views.mint_url(one.id),
        "artifacts": _artifacts(call.mint, one),
    }
    if one.kind == "world":
        result |= {"integrationMode": "remote_stream", "runtime": _runtime(call.mint, one)}
    return Answer(200, result)


def _downloadable(call: Call) -> Resource:
    one = _asset(call)
    if "downloads-disabled" in one.switches:
        raise Problem(
            "downloads-disabled", "Downloads are disabled for this asset on the present plan."
        )
    return one


# asset member -> artifact id, role, kind, loader
ROLES: dict[str, tuple[str, str, str, str]] = {
    "glbUrl": ("original_glb", "canonical_model", "model", "gltf"),
    "optimizedGlbUrl": ("optimized_glb", "canonical_model", "model", "gltf"),
    "usdzUrl": ("usdz", "ar_model", "model", "usdz"),
    "fbxUrl": ("fbx", "canonical_model", "model", "fbx"),
    "objUrl": ("obj", "canonical_model", "model", "obj"),
    "stlUrl": ("stl", "canonical_model", "model", "stl"),
    "previewImageUrl": ("preview_image", "preview_image", "image", "image"),
    "panoUrl": ("panorama", "environment", "image", "image"),
    "colliderMeshUrl": ("world_collider", "physics_collider", "model", "gltf"),
    "radUrl": ("world_runtime_rad", "environment", "splat", "spark"),
}


def _artifacts(mint: Mint, one: Resource) -> list[dict[str, Any]]:
    kept = one.assets or {}
    return [
        _artifact(mint, path, *about)
        for member, about in ROLES.items()
        if (path := kept.get(member))
    ]


def _artifact(
    mint: Mint, path: str, artifact: str, role: str, kind: str, loader: str
) -> dict[str, Any]:
    file: StoredFile = mint.store.files[path.removeprefix("api:")]
    filename = file.path.rsplit("/", 1)[-1]
    return {
        "artifactId": artifact,
        "id": artifact,
        "role": role,
        "kind": kind,
        "format": filename.rsplit(".", 1)[-1],
        "filename": filename,
        "contentType": file.content_type,
        "byteSize": file.size,
        "downloadUrl": views.address(mint, path),
        "suggestedPath": f"assets/{filename}",
        "loaderHint": loader,
    }


def _runtime(mint: Mint, one: Resource) -> dict[str, Any] | None:
    kept = one.assets or {}
    if not kept.get("radUrl"):
        return None
    result: dict[str, Any] = {
        "artifactId": "world_runtime_rad",
        "role": "environment",
        "renderer": "@sparkjsdev/spark",
        "format": "rad",
        "runtimeUrl": views.address(mint, kept["radUrl"]),
        "byteSize": mint.store.files[kept["radUrl"]].size,
        "loaderHint": {"renderer": "spark", "mesh": "SplatMesh", "paged": True, "lod": True},
    }
    if kept.get("colliderMeshUrl"):
        result["collider"] = {
            "artifactId": "world_collider",
            "role": "physics_collider",
            "format": "glb",
            "runtimeUrl": views.address(mint, kept["colliderMeshUrl"]),
            "loaderHint": "gltf",
        }
    return result
