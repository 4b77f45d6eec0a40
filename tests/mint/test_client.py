# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of every endpoint against the stand-in service: the requests sent and the parsed responses.

The service's clock moves only when a test moves it.
"""

from __future__ import annotations

import itertools

import pytest

from mint_blender.mint import errors
from mint_blender.mint.client import MAX_EMPTY_PAGES, PAGE_SIZE
from mint_blender.mint.errors import InvalidResponse
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.limits import MAX_IMAGE_BYTES
from mint_blender.mint.retry import call_with_retries
from mint_blender.mint.schema import Asset, Kind, Mode, OptimizationLevel, Preset, Status

from ..mint_service.runner import running_service
from .generation_helpers import PIXEL, client_of, finished, made, start
from .raw_server import answer, raw_server

# The account


def test_me_returns_the_account(client):
    """The response names the owner of the key."""
    me = client.me()
    assert me.user_id
    assert me.authentication == "api_key"


def test_a_gateway_says_nothing_about_the_key(service, client):
    """Its JSON does not tell whose key it is: Mint is asked again, and no account is noted."""
    said = {"json": {"status": "ok"}}
    service.scenario(answers=[{"method": "GET", "path": "/v1/me", "answer": said, "times": 1}])
    with pytest.raises(errors.InvalidResponse, match="whose API key"):
        client.me()
    assert client.me().user_id


def test_usage_changes_when_credits_are_spent(service, client):
    """The balance goes down by the cost of a generation."""
    before = client.usage().credits.total_available
    operation = finished(service, client, start(client))
    after = client.usage().credits.total_available
    assert operation.credits is not None
    assert before - after == operation.credits.finalized > 0


@pytest.mark.parametrize("kind", Kind)
def test_estimate_of_a_generation(service, client, kind):
    """Each kind has a price; an estimate starts nothing and needs no idempotency key."""
    price = client.estimate(kind, Preset.FAST, Mode.REVIEW)
    assert price.operation == f"{kind}_generation"
    assert 0 < price.required_to_start <= price.estimated_total
    assert service.operations() == []
    assert service.requests("POST")[0].body == {
        "operation": f"{kind}_generation",
        "generationPreset": "fast",
        "generationMode": "review",
    }


def test_estimate_of_an_optimization(service, client):
    """The price is requested for one model."""
    model = made(service, client)
    assert client.estimate_optimization(model).estimated_total > 0
    assert service.requests("POST", "/v1/pricing:estimate")[0].body == {
        "operation": "model_optimization",
        "modelId": model,
    }


# Reference images


def test_an_uploaded_picture_can_be_used_in_a_start(service, client):
    """The bytes are sent as plain base64; the returned address is accepted as imageUrl."""
    image = client.upload_image(PIXEL, "lamp.png", "image/png", key="upload-1")
    sent = service.requests("POST", "/v1/reference-images")[0].body
    assert (sent["fileName"], sent["contentType"]) == ("lamp.png", "image/png")
    assert not sent["base64Data"].startswith("data:")
    body = GenerationRequest(Kind.MODEL, "", images=("lamp.png",)).body((image.url,))
    assert client.start(Kind.MODEL, body, key="start-1").status is Status.QUEUED


def test_the_same_upload_returns_the_same_address(client):
    """The same key and picture return the same address again."""
    urls = {
        client.upload_image(PIXEL, "lamp.png", "image/png", key="upload-1").url for _ in range(2)
    }
    assert len(urls) == 1


def test_an_unusable_reference_picture_is_not_sent(service, client):
    """A picture over 5 MB is rejected."""
    with pytest.raises(ValueError, match=r"big.png is 5.0 MB; Mint accepts at most 5 MB"):
        client.upload_image(bytes(MAX_IMAGE_BYTES + 1), "big.png", "image/png", key="k")
    assert service.log() == []


# Operations


@pytest.mark.parametrize("kind", Kind)
def test_start_and_poll_until_it_succeeds(service, client, kind):
    """A start returns 202, polls follow until it succeeds, and the resource then has its files."""
    operation = start(client, kind=kind)
    assert (operation.type, operation.mode, operation.status) == (
        f"{kind}_generation",
        Mode.AUTO,
        Status.QUEUED,
    )
    operation = finished(service, client, operation)
    assert operation.status is Status.SUCCEEDED
    assert operation.resource.type == kind
    asset = client.asset(kind, operation.resource.id)
    assert asset.is_usable
    assert asset.kind is kind
    files = asset.assets
    assert (files.glb_url if kind is Kind.MODEL else files.collider_mesh_url).startswith(
        service.files
    )


def test_a_repeated_start_with_the_same_key_starts_nothing_new(service, client):
    """The repeated start returns the same operation, and it is paid once."""
    assert start(client).id == start(client).id
    assert len(service.operations()) == 1


def test_the_same_key_with_other_input_is_an_error(service, client):
    """The response is 409, nothing was started, and the message says so."""
    start(client, "a lamp")
    with pytest.raises(
        errors.IdempotencyConflict, match="Mint knows this request with other content"
    ):
        start(client, "a chair")
    assert len(service.operations()) == 1


def test_after_a_lost_response_the_same_key_returns_the_operation(service, client):
    """Repeating the start returns the first operation and does not start a second one."""
    operation = call_with_retries(
        lambda: start(client, "a lamp [lost-answer]"), sleep=lambda seconds: None
    )
    assert [each.id for each in service.operations()] == [operation.id]
    assert len({request.idempotency_key for request in service.requests("POST")}) == 1
    assert len(service.requests("POST")) == 2


def test_a_poll_returns_the_requested_wait(service, client):
    """A 200 response can have a Retry-After header."""
    operation = start(client, "a lamp [poll-hint]")
    service.scenario(retry_after=7)
    seen = [client.poll(operation.id)]
    for _ in range(4):
        service.advance(1)
        seen.append(client.poll(operation.id))
    assert 7 in [each.retry_after for each in seen]
    assert {each.operation.id for each in seen} == {operation.id}


def test_review_and_approve(service, client):
    """The operation waits at its Preview; after approval it continues to the end."""
    operation = finished(service, client, start(client, mode=Mode.REVIEW))
    assert operation.awaits_review
    assert operation.assets.preview_image_url
    operation = client.approve(operation.id, key="approve-1")
    assert operation.is_busy
    assert finished(service, client, operation).status is Status.SUCCEEDED


def test_review_and_revise(service, client):
    """Feedback leads to another Preview."""
    first = finished(service, client, start(client, mode=Mode.REVIEW))
    second = finished(service, client, client.revise(first.id, "greener, please", key="revise-1"))
    assert second.awaits_review
    assert second.assets.preview_image_url != first.assets.preview_image_url
    assert service.requests("POST", "*:revise")[0].body == {"feedback": "greener, please"}


def test_resume_after_billing_required(service, client):
    """Mint pauses for Credits and says how many and where to buy them; resuming continues."""
    operation = finished(service, client, start(client, "a lamp [billing-final]"))
    assert operation.awaits_payment
    assert operation.billing.required_credits > 0
    assert operation.billing.action_url
    assert (
        finished(service, client, client.resume(operation.id, key="resume-1")).status
        is Status.SUCCEEDED
    )


def test_cancel_an_operation(client):
    """A running operation can be canceled."""
    operation = client.cancel(start(client).id, key="cancel-1")
    assert operation.status is Status.CANCELED
    assert operation.canceled_at is not None


def test_an_action_in_the_wrong_state_is_a_conflict(service, client):
    """Approving a finished operation returns 409 and is not retried."""
    operation = finished(service, client, start(client))
    with pytest.raises(errors.Conflict, match="not possible in the current state") as raised:
        client.approve(operation.id, key="approve-1")
    assert type(raised.value) is errors.Conflict
    assert not raised.value.retryable


# Models and worlds


def test_retry_a_failed_model(service, client):
    """A retry of a failed model is a new operation."""
    failed = finished(service, client, start(client, "a lamp [transient]"))
    assert failed.error.code == "transient_generation_failure"
    again = client.retry(Kind.MODEL, failed.resource.id, key="retry-1")
    assert again.id != failed.id
    assert finished(service, client, again).status is Status.SUCCEEDED


def test_retry_a_failed_world(service, client):
    """A retry of a failed World is a new operation."""
    failed = finished(service, client, start(client, "a hall [transient]", Kind.WORLD))
    assert client.retry(Kind.WORLD, failed.resource.id, key="retry-1").type == "world_generation"


def test_optimize_a_model(service, client):
    """The model gets a smaller GLB beside the original; a second request is an error of its own."""
    model = made(service, client)
    operation = client.optimize(model, OptimizationLevel.LIGHT, key="optimize-1")
    assert operation.type == "model_optimization"
    with pytest.raises(errors.OptimizationInProgress):
        client.optimize(model, key="optimize-2")
    assert finished(service, client, operation).status is Status.SUCCEEDED
    assert client.asset(Kind.MODEL, model).assets.optimized_glb_url
    with pytest.raises(errors.AlreadyOptimized):
        client.optimize(model, key="optimize-3")
    assert [
        request.body["optimizationLevel"] for request in service.requests("POST", "*:optimize")
    ] == ["light", "moderate", "moderate"]


def test_convert_a_model(service, client):
    """The model gets files in the other formats."""
    model = made(service, client)
    operation = client.convert(model, ["fbx", "usdz"], key="convert-1")
    assert (operation.type, operation.prompt, operation.preset) == ("model_conversion", None, None)
    finished(service, client, operation)
    files = client.asset(Kind.MODEL, model).assets
    assert files.fbx_url
    assert files.usdz_url
    assert files.stl_url is None
    client.convert(model, ["stl"], "Lamp for printing", key="convert-2")
    bodies = [request.body for request in service.requests("POST", "*:convert")]
    assert bodies == [
        {"targetFormats": ["fbx", "usdz"]},
        {"targetFormats": ["stl"], "name": "Lamp for printing"},
    ]


@pytest.mark.parametrize("kind", Kind)
def test_a_page_of_the_library(kind):
    """A cursor leads to the next page; the last page has none. Unfinished and failed assets are listed."""
    with running_service(library={f"{kind}s": 25}) as service:
        client = client_of(service)
        first = client.page(kind, limit=20)
        second = client.page(kind, cursor=first.next_cursor, limit=20)
        assert (len(first.data), len(second.data), second.next_cursor) == (20, 5, None)
        assert {asset.status for asset in first.data + second.data} == {
            "succeeded",
            "failed",
            "running",
        }
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


def test_a_list_with_a_repeated_cursor_ends(make_client):
    """A cursor that repeats would otherwise lead to endless requests."""
    with raw_server(
        answer({"data": [{"id": "m1"}], "pagination": {"nextCursor": "c1", "hasMore": True}})
    ) as server:
        found: list[Asset] = []
        with pytest.raises(InvalidResponse, match="its pages repeat"):
            found.extend(make_client(server.base_url).assets(Kind.MODEL))
        assert len(server.received) == 2


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
