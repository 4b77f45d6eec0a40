# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of routes (section 2) and the checks before each of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from .. import contract
from ..backend import Mint
from ..problems import Problem, invalid
from ..records import Replay
from . import Answer, Call, account, generation, library

REMEMBERED = 24 * 3600.0  # seconds
ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Route:
    """A route; `schema` names the body's schema, and `keyed` means a mutating call."""

    method: str
    template: str
    answer: Callable[[Call], Answer]
    schema: str | None = None
    keyed: bool = False
    open: bool = False  # works without a key
    body_required: bool = True

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the template as a regular expression, in which an id ends at a slash or colon."""
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/:]+)", re.escape(self.template)))


def _action(template: str, answer: Callable[[Call], Answer], schema: str = "EmptyRequest") -> Route:
    return Route(
        "POST", template, answer, schema, keyed=True, body_required=schema != "EmptyRequest"
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/health", account.health, open=True),
    Route("GET", "/v1/me", account.me),
    Route("GET", "/v1/usage", account.usage),
    Route("POST", "/v1/pricing:estimate", account.estimate, "PricingEstimateRequest"),
    _action("/v1/reference-images", account.reference_image, "ReferenceImageRequest"),
    _action("/v1/worlds:generate", generation.generate_world, "WorldGenerationRequest"),
    _action("/v1/models:generate", generation.generate_model, "ModelGenerationRequest"),
    Route("GET", "/v1/operations/{operationId}", generation.read),
    _action("/v1/operations/{operationId}:approve", generation.approve),
    _action("/v1/operations/{operationId}:revise", generation.revise, "ReviseRequest"),
    _action("/v1/operations/{operationId}:resume", generation.resume),
    _action("/v1/operations/{operationId}:cancel", generation.cancel),
    Route("GET", "/v1/worlds", library.list_worlds),
    Route("GET", "/v1/worlds/{worldId}", library.read),
    _action("/v1/worlds/{worldId}:retry", generation.retry),
    Route("GET", "/v1/models", library.list_models),
    Route("GET", "/v1/models/{modelId}", library.read),
    _action("/v1/models/{modelId}:retry", generation.retry),
    _action("/v1/models/{modelId}:optimize", generation.optimize, "OptimizeRequest"),
    _action("/v1/models/{modelId}:convert", generation.convert_model, "ConvertRequest"),
    Route("GET", "/v1/assets/{assetType}/{assetId}", library.asset),
    Route("GET", "/v1/assets/{assetType}/{assetId}/artifacts", library.artifacts),
    Route("GET", "/v1/assets/{assetType}/{assetId}/artifact-manifest", library.manifest),
)
PATTERNS = tuple((route, route.pattern) for route in ROUTES)


@dataclass(frozen=True)
class Received:
    """A received request.

    `path` is not decoded: `%3A` does not count as a colon, as the contract warns.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    authorization: str | None
    idempotency_key: str | None
    content_type: str | None
    content: bytes


def authorized(mint: Mint, header: str | None) -> str:
    """Whether the request has a key: `none`, `right` or `wrong`."""
    if not header:
        return "none"
    scheme, _, key = header.partition(" ")
    return (
        "right"
        if scheme.lower() == "bearer" and key.strip() == mint.key and not mint.revoked
        else "wrong"
    )


def respond(mint: Mint, received: Received) -> Answer:
    """Return the response to a request.

    Raises:
        Problem: The request is invalid.
        Fault: A switch or a scenario replaces the response.
    """
    route, ids = _find(mint, received)
    for name, value in ids.items():
        if not ID.fullmatch(value):
            raise invalid(f"/{name}", "is not a valid id", "invalid_format")
    if route.keyed:
        _check_key(mint, received.idempotency_key)
    body = _body(route, received)
    call = Call(
        mint,
        received.method,
        received.path,
        ids,
        dict(received.query),
        body,
        received.idempotency_key,
    )
    if not route.keyed or not received.idempotency_key:
        answer = route.answer(call)
        if route.keyed:
            generation.after_start(call, answer)
        return answer
    return _once(call, route)


def _find(mint: Mint, received: Received) -> tuple[Route, dict[str, str]]:
    fits = [
        (route, match) for route, pattern in PATTERNS if (match := pattern.fullmatch(received.path))
    ]
    here = [(route, match) for route, match in fits if route.method == received.method]
    if not (here and here[0][0].open) and authorized(mint, received.authorization) != "right":
        raise Problem("unauthorized", headers={"WWW-Authenticate": "Bearer"})
    if here:
        route, match = here[0]
        return route, {name: unquote(value) for name, value in match.groupdict().items()}
    if fits:
        allowed = ", ".join(sorted({route.method for route, _ in fits}))
        raise Problem("method-not-allowed", headers={"Allow": allowed})
    raise Problem("not-found", "There is nothing at this address.")


def _check_key(mint: Mint, key: str | None) -> None:
    if key is None or not key:
        if key is None and not mint.options.require_idempotency_key:
            return
        raise invalid("/Idempotency-Key", "the header is required on this call", "required")
    if len(key) > 255:
        raise invalid("/Idempotency-Key", "must have at most 255 characters", "too_big")


def _body(route: Route, received: Received) -> Any:
    if route.schema is None:
        return None
    if not received.content:
        if route.body_required:
            raise invalid("", "a JSON body is required", "required")
        return {}
    if (received.content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise invalid("", "the body must be application/json", "invalid_type")
    try:
        body = json.loads(received.content)
    except ValueError as error:
        raise invalid("", "is not JSON", "invalid_json") from error
    contract.check(route.schema, body)
    return body


def _once(call: Call, route: Route) -> Answer:
    """Execute a call with an idempotency key, or return its stored response (section 1.3).

    Only 2xx responses are stored.
    """
    mint, store = call.mint, call.mint.store
    scope = f"{call.method} {call.path} {call.key}"
    canonical = json.dumps(call.body, sort_keys=True, separators=(",", ":"))
    known = store.replays.get(scope)
    if known is not None and mint.clock.age_now() - known.at > REMEMBERED:
        store.forget_replay(scope)
        known = None
    if known is not None:
        if known.body != canonical:
            raise Problem("idempotency-conflict")
        return _replay(call, known)
    answer = route.answer(call)
    kept = None if answer.operation else answer.body
    store.save(
        Replay(scope, canonical, mint.clock.age_now(), answer.status, answer.operation, kept)
    )
    generation.after_start(call, answer)
    return answer


def _replay(call: Call, known: Replay) -> Answer:
    if known.operation is None:
        return Answer(known.status, known.answer)
    operation = call.mint.store.operations[known.operation]
    if operation.stage == "billing:start":
        call.mint.status_machine.try_to_settle(operation)
        call.mint.store.save(operation)
    answer = generation.accepted(call, operation)
    if known.status == 200:
        return Answer(200, answer.body, operation=operation.id)
    return answer
