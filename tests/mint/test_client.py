# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of every endpoint: requests and parsed responses, errors, keys and ids."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from mint_blender.mint import errors
from mint_blender.mint.client import MAX_EMPTY_PAGES, PAGE_SIZE, Client
from mint_blender.mint.errors import InvalidResponse
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.limits import MAX_IMAGE_BYTES
from mint_blender.mint.retry import call_with_retries
from mint_blender.mint.schema import Kind, Mode, Operation, Preset, Status
from mint_blender.mint.transport import Timeouts

from ..mint_service.runner import running_service
from .generation_helpers import PIXEL, client_of, finished, made, start
from .raw_server import answer, raw_server
from .test_hostile_ids import OF_AN_ID, OPERATIONS

# The account


def test_a_gateway_says_nothing_about_the_key(service, client):
    """Its JSON does not tell whose key it is: Mint is asked again, and no account is noted."""
    said = {"json": {"status": "ok"}}
    service.scenario(answers=[{"method": "GET", "path": "/v1/me", "answer": said, "times": 1}])
    with pytest.raises(errors.InvalidResponse, match="whose API key"):
        client.me()
    me = client.me()
    assert me.user_id and me.authentication == "api_key"


def test_a_gateway_says_no_price(service, client):
    """Its JSON is not taken for an answer without a price: Mint is asked again."""
    said = {"json": {"status": "ok"}}
    path = "/v1/pricing:estimate"
    service.scenario(answers=[{"method": "POST", "path": path, "answer": said, "times": 1}])
    with pytest.raises(errors.InvalidResponse, match="no price"):
        client.estimate(Kind.MODEL, Preset.FAST, Mode.AUTO)
    assert client.estimate(Kind.MODEL, Preset.FAST, Mode.AUTO).estimated_total


@pytest.mark.parametrize("kind", Kind)
def test_estimate_of_a_generation(service, client, kind):
    """Each kind has a price; an estimate starts nothing and needs no idempotency key."""
    price = client.estimate(kind, Preset.FAST, Mode.REVIEW)
    assert 0 < price.required_to_start <= price.estimated_total
    assert service.operations() == []
    wanted = {"operation": price.operation, "generationPreset": "fast", "generationMode": "review"}
    assert (price.operation, service.requests("POST")[0].body) == (f"{kind}_generation", wanted)


@pytest.mark.parametrize(("name", "price"), [("optimization", 20), ("animation", 250)])
def test_an_estimate_for_a_model(service, client, name, price):
    model = made(service, client)
    estimate = getattr(client, f"estimate_{name}")
    assert estimate(model).estimated_total == price
    (asked,) = service.requests("POST", "/v1/pricing:estimate")
    assert asked.body == {"operation": f"model_{name}", "modelId": model}


# Reference images


def test_an_uploaded_picture_can_be_used_in_a_start(service, client):
    """The bytes are sent as plain base64; the returned address is accepted as imageUrl."""
    image = client.upload_image(PIXEL, "lamp.png", "image/png", key="upload-1")
    sent = service.requests("POST", "/v1/reference-images")[0].body
    assert (sent["fileName"], sent["contentType"]) == ("lamp.png", "image/png")
    assert not sent["base64Data"].startswith("data:")
    body = GenerationRequest(Kind.MODEL, "", images=("lamp.png",)).body((image.url,))
    assert client.pay("start", Kind.MODEL, "", body, key="start-1").status is Status.QUEUED


def test_an_unusable_reference_picture_is_not_sent(service, client):
    """A picture over 5 MB is rejected."""
    with pytest.raises(ValueError, match=r"big.png is 5.0 MB; Mint accepts at most 5 MB"):
        client.upload_image(bytes(MAX_IMAGE_BYTES + 1), "big.png", "image/png", key="k")
    assert service.log() == []


# Operations


@pytest.mark.parametrize("kind", Kind)
def test_start_and_poll_until_it_succeeds(service, client, kind):
    """A start returns 202, polls follow until it succeeds, and the resource then has its files."""
    for missing in (lambda: client.operation("op_0"), lambda: client.asset(kind, "x_0")):
        with pytest.raises(errors.NotFound):
            missing()
    operation = start(client, kind=kind)
    assert (operation.type, operation.mode) == (f"{kind}_generation", Mode.AUTO)
    assert operation.status is Status.QUEUED
    operation = finished(service, client, operation)
    assert (operation.status, operation.resource.type) == (Status.SUCCEEDED, kind)
    asset = client.asset(kind, operation.resource.id)
    assert asset.is_usable and asset.kind is kind
    file = asset.assets.glb_url if kind is Kind.MODEL else asset.assets.collider_mesh_url
    assert file.startswith(service.files)


def test_a_review_with_a_revision(service, client):
    """The operation waits at each Preview; feedback leads to another, and approval to the end."""
    first = finished(service, client, start(client, mode=Mode.REVIEW))
    body = {"feedback": "greener, please"}
    second = client.pay("revise", Kind.MODEL, first.id, body, key="revise-1")
    second = finished(service, client, second)
    assert first.awaits_review and second.awaits_review
    assert first.assets.preview_image_url != second.assets.preview_image_url
    assert service.requests("POST", "*:revise")[0].body == body
    operation = client.pay("approve", Kind.MODEL, first.id, {}, key="approve-1")
    assert operation.is_busy
    assert finished(service, client, operation).status is Status.SUCCEEDED


def test_resume_after_billing_required(service, client):
    """Mint pauses for Credits and says how many and where to buy them; resuming continues."""
    operation = finished(service, client, start(client, "a lamp [billing-final]"))
    assert operation.awaits_payment
    assert operation.billing.required_credits > 0 and operation.billing.action_url
    resumed = client.pay("resume", Kind.MODEL, operation.id, {}, key="resume-1")
    assert finished(service, client, resumed).status is Status.SUCCEEDED


def test_cancel_an_operation(client):
    operation = client.cancel(start(client).id, key="cancel-1")
    assert operation.status is Status.CANCELED
    assert operation.canceled_at is not None


@pytest.mark.covers("C14-cancel")
@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
def test_a_cancel_that_mint_does_not_offer(connect, status):
    """It is an error of its own, also if the response is empty."""
    with connect(answer(b"", status)) as (_, client), pytest.raises(errors.CannotCancel):
        client.cancel("op_1", key="k")


# Models and worlds


@pytest.mark.parametrize("kind", Kind)
def test_retry_what_has_failed(service, client, kind):
    """A retry is a new operation."""
    failed = finished(service, client, start(client, "a lamp [transient]", kind))
    assert failed.error.code == "transient_generation_failure"
    again = client.pay("retry", kind, failed.resource.id, {}, key="retry-1")
    assert again.id != failed.id
    assert finished(service, client, again).status is Status.SUCCEEDED


def test_optimize_a_model(service, client):
    """The model gets a smaller GLB beside the original; a second request is an error of its own."""
    model = made(service, client)

    def optimize(key: str) -> Operation:
        return client.pay("optimize", Kind.MODEL, model, {"optimizationLevel": "light"}, key=key)

    operation = optimize("optimize-1")
    assert operation.type == "model_optimization"
    with pytest.raises(errors.OptimizationInProgress):
        optimize("optimize-2")
    assert finished(service, client, operation).status is Status.SUCCEEDED
    assert client.asset(Kind.MODEL, model).assets.optimized_glb_url
    with pytest.raises(errors.AlreadyOptimized):
        optimize("optimize-3")
    sent = [request.body["optimizationLevel"] for request in service.requests("POST", "*:optimize")]
    assert sent == ["light"] * 3


def test_convert_a_model(service, client):
    """The model gets files in the other formats."""
    model = made(service, client)
    body = {"targetFormats": ["fbx", "usdz"]}
    operation = client.pay("convert", Kind.MODEL, model, body, key="convert-1")
    assert (operation.type, operation.prompt, operation.preset) == ("model_conversion", None, None)
    finished(service, client, operation)
    files = client.asset(Kind.MODEL, model).assets
    assert files.fbx_url
    assert files.usdz_url
    assert files.stl_url is None
    assert [request.body for request in service.requests("POST", "*:convert")] == [body]


@pytest.mark.parametrize("kind", Kind)
def test_a_page_of_the_library(kind):
    """A cursor leads to the next page; the last page has none. Unfinished and failed assets are listed."""
    with running_service(library={f"{kind}s": 25}) as service:
        client = client_of(service)
        first = client.page(kind, limit=20)
        second = client.page(kind, cursor=first.next_cursor, limit=20)
        assert (len(first.data), len(second.data), second.next_cursor) == (20, 5, None)
        statuses = {asset.status for asset in first.data + second.data}
        assert statuses == {"succeeded", "failed", "running"}
        assert len(client.page(kind).data) == 20
        with pytest.raises(errors.InvalidRequest):
            client.page(kind, cursor="nonsense")


def test_all_assets_are_read_page_by_page():
    """A page is requested only when it is needed, and none after the last."""
    with running_service(library={"models": 65}) as service:
        assets = client_of(service).assets(Kind.MODEL)
        list(itertools.islice(assets, PAGE_SIZE))
        assert len(service.requests("GET", "/v1/models")) == 1
        rest = list(assets)
        assert len(rest) == 65 - PAGE_SIZE
        assert len({asset.id for asset in rest}) == len(rest)
        assert service.requests("GET", "/v1/models")[0].query == "limit=30"
        assert len(service.requests("GET", "/v1/models")) == 3


def test_a_list_of_empty_pages_ends(make_client):
    """New cursors without an end, and nothing on their pages, are not followed for ever."""

    def page(number: int) -> bytes:
        return answer({"data": [], "pagination": {"nextCursor": f"c{number}", "hasMore": True}})

    with (
        raw_server(*map(page, range(2 * MAX_EMPTY_PAGES))) as server,
        pytest.raises(InvalidResponse, match="its pages repeat"),
    ):
        list(make_client(server.base_url).assets(Kind.MODEL))
    assert len(server.received) == MAX_EMPTY_PAGES + 1


# -- tests of rules for all endpoints: errors and retries, keys, ids and responses


@pytest.mark.covers("C7-same-key")
@pytest.mark.parametrize("word", ["start-429", "start-429-date", "start-503", "start-closed"])
def test_temporary_errors_are_retried_with_the_same_key(service, client, word):
    """One operation exists in the end, and the waits are those that Mint requested."""
    service.scenario(retry_after=3)
    waits: list[float] = []
    operation = call_with_retries(lambda: start(client, f"a lamp [{word}]"), sleep=waits.append)
    assert [each.id for each in service.operations()] == [operation.id]
    assert {request.idempotency_key for request in service.requests("POST")} == {"start-1"}
    if word in ("start-429", "start-503"):
        assert waits == [3]
    if word == "start-429-date":
        assert 1 <= waits[0] <= 3


def test_a_start_after_a_read_timeout_returns_the_same_operation(service):
    """The read timeout ends the wait; the same key returns the operation that was started."""
    client = client_of(service, timeouts=Timeouts(read=0.2))
    operation = call_with_retries(
        lambda: start(client, "a lamp [slow-answer]"), sleep=lambda seconds: service.advance(1)
    )
    assert [each.id for each in service.operations()] == [operation.id]


MUTATING: dict[str, Callable[[Client], object]] = {
    name: call for name, call in OPERATIONS.items() if name not in ("operation", "poll")
} | {
    "start a World": lambda client: client.pay("start", Kind.WORLD, "", {"prompt": "x"}, key="k"),
    "upload": lambda client: client.upload_image(PIXEL, "p.png", "image/png", key="k"),
}


@pytest.mark.covers("C19-colon")
@pytest.mark.parametrize("call", MUTATING.values(), ids=MUTATING)
def test_every_mutating_call_sends_its_key_once(make_client, call):
    """One request is sent, with the caller's key and a literal colon in actions."""
    away = answer({}, "503 Service Unavailable")
    with raw_server(away) as server, pytest.raises(errors.ServiceError):
        call(make_client(server.base_url))
    assert [received.headers["idempotency-key"] for received in server.received] == ["k"]
    assert "%3A" not in server.received[0].line
    path = server.received[0].line.split()[1]
    assert (":" in path) is ("reference-images" not in path)


@pytest.mark.covers("C19-ids")
@pytest.mark.parametrize("id", ["", "../me", "a/b", "a:cancel", "a?b", "a%2Fb", "a b", "a\n"])
def test_an_id_that_could_change_the_path_is_not_sent(make_client, id):
    """Ids can also come from files and scripts."""
    calls: list[Callable[[Client, str], object]] = [
        *(call for _, call in OF_AN_ID.values()),
        lambda client, id: client.asset(Kind.MODEL, id),
        lambda client, id: client.estimate_optimization(id),
    ]
    with raw_server() as server:
        for call in calls:
            with pytest.raises(ValueError, match="not a valid Mint ID"):
                call(make_client(server.base_url), id)
    assert server.received == []


OF_ANOTHER = {"id": "o", "resource": {"type": "Model", "id": "other"}}


@pytest.mark.parametrize(
    ("said", "call"),
    [
        ({"id": "other"}, lambda client: client.poll("o")),
        ({"id": "other"}, lambda client: client.operation("o")),
        ({"id": "other"}, lambda client: client.asset(Kind.MODEL, "m")),
        (OF_ANOTHER, lambda client: client.pay("optimize", Kind.MODEL, "m", {}, key="k")),
        (OF_ANOTHER, lambda client: client.pay("convert", Kind.MODEL, "m", {}, key="k")),
    ],
)
def test_a_response_about_another_resource_is_rejected(make_client, said, call):
    """A result of another resource is never accepted, for instance from a wrong cache."""
    with (
        raw_server(answer(said, X_Request_Id="req_4")) as server,
        pytest.raises(errors.MismatchedResponse) as raised,
    ):
        call(make_client(server.base_url))
    assert str(raised.value).startswith("Mint's response is about other instead of ")
    assert (raised.value.retryable, raised.value.request_id) == (True, "req_4")


@pytest.mark.parametrize(
    "resource", [None, {"type": "model", "id": "m"}, {"type": "conversion", "id": "c"}]
)
def test_an_operation_on_a_model_may_name_the_model_or_a_new_resource(connect, resource):
    """Only another existing model is rejected."""
    with connect(answer({"id": "o", "resource": resource})) as (_, client):
        assert client.pay("convert", Kind.MODEL, "m", {"targetFormats": ["fbx"]}, key="k").id == "o"
