# SPDX-License-Identifier: GPL-3.0-or-later
"""What Mint answers: the JSON of every endpoint, problem documents, headers and redirects.

An input is JSON: the call, and the status, headers and body of its answer. The real client makes
the call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from mint_blender.jobs.presentation import error_messages
from mint_blender.jobs.storage import serialization
from mint_blender.mint import limits
from mint_blender.mint.account import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import MintError
from mint_blender.mint.schema import Asset, Kind, Mode, Operation, Page, Preset, is_valid_id

from ...jobs.workflow_harness import a_job, with_operation
from ...mint.sample_answers import MODEL, OPERATION
from .. import fake_http
from ..checks import KEY, check_sentence, json_of
from ..target import MEGABYTE, Target

ID = OPERATION["id"]
CALLS: dict[str, Callable[[Client], Any]] = {
    "me": lambda client: client.me().display_name,
    "usage": lambda client: client.usage(),
    "estimate": lambda client: client.estimate(Kind.MODEL, Preset.FAST, Mode.AUTO),
    "start": lambda client: client.pay("start", Kind.MODEL, "", {"prompt": "a"}, key="k"),
    "poll": lambda client: client.poll(ID).operation,
    "approve": lambda client: client.pay("approve", Kind.MODEL, ID, {}, key="k"),
    "cancel": lambda client: client.cancel(ID, key="k"),
    "optimize": lambda client: client.pay("optimize", Kind.MODEL, "m1", {}, key="k"),
    "page": lambda client: client.page(Kind.MODEL),
    "asset": lambda client: client.asset(Kind.MODEL, "m1"),
    "world": lambda client: client.asset(Kind.WORLD, "m1"),
    "image": lambda client: client.upload_image(b"a", "b.png", "image/png", key="k"),
}


def try_answer(data: bytes) -> None:
    """Make a call, and check its result or its error."""
    call, status, headers, body = _parts(data)
    answer = fake_http.response_bytes(status, headers, body)
    connections = fake_http.FakeConnections(lambda _request: answer)
    _client()._connections = connections
    try:
        result = CALLS[call](_client())
    except MintError as error:
        check_sentence(str(error))
        assert KEY not in str(error), "the key is in a sentence"
    else:
        _check_result(result)
    assert len(connections.requests) == 1, "one call is one request"


def check_texts(value: object, longest: int = limits.LONGEST_TEXT) -> None:
    """Assert that no text of an answer is longer than what is kept of it."""
    if isinstance(value, str):
        assert len(value) <= longest, "a text is too long"
    for each in value if isinstance(value, list) else ():
        check_texts(each)
    for name, each in value.items() if isinstance(value, dict) else ():
        check_texts(name)
        check_texts(each, limits.LONGEST_OF_MEMBERS.get(name, limits.LONGEST_TEXT))


@cache
def _client() -> Client:
    return Client(Origin.parse(), KEY)


def _parts(data: bytes) -> tuple[str, int, list[tuple[str, str]], bytes]:
    """Return call, status, headers and body; other bytes are the body of a poll."""
    document = json_of(data)
    if not isinstance(document, dict):
        return "poll", 200, [], data
    call, status = document.get("call"), document.get("status")
    headers = document.get("headers")
    return (
        call if isinstance(call, str) and call in CALLS else "poll",
        status if isinstance(status, int) and 200 <= status < 600 else 200,
        [(str(name)[:40], str(value)) for name, value in headers.items()]
        if isinstance(headers, Mapping)
        else [],
        json.dumps(document.get("body")).encode(),
    )


def _check_result(result: object) -> None:
    if isinstance(result, str):
        assert result
    for each in (result, *(result.data if isinstance(result, Page) else ())):
        check_texts(getattr(each, "raw", {}))
    if isinstance(result, Operation):
        _check_operation(result)
    for asset in result.data if isinstance(result, Page) else [result]:
        if isinstance(asset, Asset):
            _check_asset(asset)


def _check_operation(operation: Operation) -> None:
    """Check that an operation can be stored, read again, and described."""
    assert is_valid_id(operation.id)
    assert operation.resource is None or is_valid_id(operation.resource.id)
    job = with_operation(a_job(), operation)
    stored = serialization.dump_with_requests(job)
    assert serialization.load(stored, job.phase).operation == operation
    assert isinstance(operation.is_busy, bool) and operation.with_mode(Mode.REVIEW)
    for problem in (error_messages.failed_work(operation), error_messages.billing(operation)):
        assert str(problem.message)
    assert operation.credits is None or operation.credits.spent >= 0 or not operation.succeeded
    for moment in (operation.created_at, operation.updated_at):
        assert moment is None or moment.astimezone()


def _check_asset(asset: Asset) -> None:
    assert is_valid_id(asset.id)
    assert isinstance(asset.is_usable, bool)
    assert asset.created_at is None or asset.created_at.astimezone()
    json.dumps(asset.raw)


def seed(call: str, body: object, status: int = 200, **headers: str) -> bytes:
    """Return the input of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    document = {"call": call, "status": status, "headers": named, "body": body}
    return json.dumps(document).encode()


PAGE = {"data": [MODEL], "pagination": {"nextCursor": "c2", "hasMore": True}}
PROBLEM = {
    "type": "https://mint.gg/problems/validation-error",
    "title": "Invalid",
    "status": 422,
    "detail": "The prompt is too long.",
    "instance": "/v1/models",
    "errors": [{"path": ["prompt"], "message": "Too long", "code": "too_long"}],
}
ANSWERS = Target(
    "api_answers",
    try_answer,
    (
        *(seed(call, OPERATION, Retry_After="3") for call in ("start", "poll", "optimize")),
        seed("me", {"owner": {"userId": "u1", "email": "a@b.c"}, "authentication": {"scopes": []}}),
        seed("usage", {"credits": {"totalAvailable": 5}, "subscription": {}, "apiUsage": {}}),
        seed("estimate", {"operation": "x", "credits": {"requiredToStart": 1}}),
        seed("page", PAGE),
        seed("asset", MODEL),
        seed("world", MODEL | {"assets": {"spzUrls": {"100k": "https://a.example/s.spz"}}}),
        seed("image", {"id": "i1", "url": "https://a.example/b.png"}),
    ),
    is_json=True,
    memory=16 * MEGABYTE,
)
PROBLEMS = Target(
    "problem_documents",
    try_answer,
    (
        seed("start", PROBLEM, 422, X_Request_Id="req_1"),
        seed("approve", {"error": {"code": "x", "message": "y"}}, 409, X_Request_Id="req_1"),
        seed("poll", {"error": "invalid_token", "error_description": "z"}, 401),
        seed("cancel", {"title": "No", "type": "about:blank#x"}, 405),
        seed("start", PROBLEM, 429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT", Date="x"),
        seed("poll", None, 307, Location="https://elsewhere.example/x"),
        seed("poll", PROBLEM, 524),
    ),
    is_json=True,
    memory=16 * MEGABYTE,
)
TARGETS = (ANSWERS, PROBLEMS)
