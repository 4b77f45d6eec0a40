# SPDX-License-Identifier: GPL-3.0-or-later
"""Every endpoint, asked of a real service: what is sent, and what is understood of the answer.

Time moves only when a test says so.
"""

from __future__ import annotations

import itertools

import pytest

from mint_blender.mint import errors
from mint_blender.mint.client import PAGE_SIZE, Client
from mint_blender.mint.errors import InvalidResponse
from mint_blender.mint.generation_request import MAX_IMAGE_BYTES, GenerationRequest
from mint_blender.mint.retry import call_with_retries
from mint_blender.mint.schema import Asset, Kind, Mode, OptimizationLevel, Preset, Status

from ..mint_service.runner import running_service
from .generation_helpers import PIXEL, client_of, finished, made, start
from .raw_server import answer, raw_server

# The account


def test_me(client):
    """Who the key belongs to."""
    me = client.me()
    assert me.user_id
    assert me.authentication == "api_key"


def test_usage_moves_with_what_is_spent(service, client):
    """Credits go down by what a generation costs."""
    before = client.usage().credits.total_available
    operation = finished(service, client, start(client))
    after = client.usage().credits.total_available
    assert operation.credits is not None
    assert before - after == operation.credits.finalized > 0


@pytest.mark.parametrize("kind", Kind)
def test_estimate(service, client, kind):
    """A price for each kind; it starts nothing and needs no idempotency key."""
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
    """Asked for one model."""
    model = made(service, client)
    assert client.estimate_optimization(model).estimated_total > 0
    assert service.requests("POST", "/v1/pricing:estimate")[0].body == {
        "operation": "model_optimization",
        "modelId": model,
    }


# Reference pictures


def test_an_uploaded_picture_can_be_used_in_a_start(service, client):
    """Bytes go out as plain base64; the address that comes back is accepted as imageUrl."""
    image = client.upload_image(PIXEL, "lamp.png", "image/png", key="upload-1")
    sent = service.requests("POST", "/v1/reference-images")[0].body
    assert (sent["fileName"], sent["contentType"]) == ("lamp.png", "image/png")
    assert not sent["base64Data"].startswith("data:")
    body = GenerationRequest(Kind.MODEL, "", images=("lamp.png",)).body((image.url,))
    assert client.start(Kind.MODEL, body, key="start-1").status is Status.QUEUED


def test_an_uploaded_picture_is_kept_once(client):
    """The same key and picture give the same address again."""
    urls = {
        client.upload_image(PIXEL, "lamp.png", "image/png", key="upload-1").url for _ in range(2)
    }
    assert len(urls) == 1


def test_an_imported_picture(service, client):
    """Mint fetches a public address by itself."""
    assert client.import_image("https://example.org/lamp.png", key="import-1").url.startswith(
        "http"
    )
    assert service.requests("POST", "/v1/reference-images")[0].body == {
        "sourceUrl": "https://example.org/lamp.png"
    }


def test_what_cannot_be_a_reference_picture_is_not_sent(service, client):
    """More than 5 MB, or an address that is not https."""
    with pytest.raises(ValueError, match=r"big.png is 5.0 MB; Mint accepts at most 5 MB"):
        client.upload_image(bytes(MAX_IMAGE_BYTES + 1), "big.png", "image/png", key="k")
    with pytest.raises(ValueError, match="https://"):
        client.import_image("http://example.org/lamp.png", key="k")
    assert service.log() == []


# Operations


@pytest.mark.parametrize("kind", Kind)
def test_start_and_poll_to_the_end(service, client, kind):
    """The contract's way: 202, then reads until it has succeeded; then the resource has its files."""
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


def test_the_same_key_starts_nothing_twice(service, client):
    """A repeated start is the same operation, paid once."""
    assert start(client).id == start(client).id
    assert len(service.operations()) == 1


def test_the_same_key_with_other_input_is_its_own_error(service, client):
    """409: nothing was started, and the sentence says so."""
    start(client, "a lamp")
    with pytest.raises(
        errors.IdempotencyConflict, match="idempotency key was already used with other content"
    ):
        start(client, "a chair")
    assert len(service.operations()) == 1


def test_a_lost_answer_is_found_again_with_the_same_key(service, client):
    """After a lost response the same key returns the operation, not a second one."""
    operation = call_with_retries(
        lambda: start(client, "a lamp [lost-answer]"), sleep=lambda seconds: None
    )
    assert [each.id for each in service.operations()] == [operation.id]
    assert len({request.idempotency_key for request in service.requests("POST")}) == 1
    assert len(service.requests("POST")) == 2


def test_a_poll_tells_when_mint_wants_to_be_asked_again(service, client):
    """Retry-After on a 200."""
    operation = start(client, "a lamp [poll-hint]")
    service.scenario(retry_after=7)
    seen = [client.poll(operation.id)]
    for _ in range(4):
        service.advance(1)
        seen.append(client.poll(operation.id))
    assert 7 in [each.retry_after for each in seen]
    assert {each.operation.id for each in seen} == {operation.id}


def test_review_approve(service, client):
    """The preview waits; approving goes on to the end."""
    operation = finished(service, client, start(client, mode=Mode.REVIEW))
    assert operation.awaits_review
    assert operation.assets.preview_image_url
    operation = client.approve(operation.id, key="approve-1")
    assert operation.is_busy
    assert finished(service, client, operation).status is Status.SUCCEEDED


def test_review_revise(service, client):
    """Feedback brings another preview."""
    first = finished(service, client, start(client, mode=Mode.REVIEW))
    second = finished(service, client, client.revise(first.id, "greener, please", key="revise-1"))
    assert second.awaits_review
    assert second.assets.preview_image_url != first.assets.preview_image_url
    assert service.requests("POST", "*:revise")[0].body == {"feedback": "greener, please"}


def test_resume_after_billing(service, client):
    """Mint pauses for Credits, says how many and where; resuming goes on."""
    operation = finished(service, client, start(client, "a lamp [billing-final]"))
    assert operation.awaits_payment
    assert operation.billing.required_credits > 0
    assert operation.billing.action_url
    assert (
        finished(service, client, client.resume(operation.id, key="resume-1")).status
        is Status.SUCCEEDED
    )


def test_cancel(client):
    """A running operation can be stopped."""
    operation = client.cancel(start(client).id, key="cancel-1")
    assert operation.status is Status.CANCELED
    assert operation.canceled_at is not None


def test_an_action_in_the_wrong_state_is_a_conflict(service, client):
    """Approving what is finished: 409, not repeated."""
    operation = finished(service, client, start(client))
    with pytest.raises(errors.Conflict, match="not possible in the current state") as raised:
        client.approve(operation.id, key="approve-1")
    assert type(raised.value) is errors.Conflict
    assert not raised.value.retryable


# Models and worlds


def test_retry(service, client):
    """A failed model gets another attempt: a new operation."""
    failed = finished(service, client, start(client, "a lamp [transient]"))
    assert failed.error.code == "transient_generation_failure"
    again = client.retry(Kind.MODEL, failed.resource.id, key="retry-1")
    assert again.id != failed.id
    assert finished(service, client, again).status is Status.SUCCEEDED


def test_retry_of_a_world(service, client):
    """The same for a world."""
    failed = finished(service, client, start(client, "a hall [transient]", Kind.WORLD))
    assert client.retry(Kind.WORLD, failed.resource.id, key="retry-1").type == "world_generation"


def test_optimize(service, client):
    """A lighter GLB appears beside the original; asking once more is its own error."""
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


def test_convert(service, client):
    """Files of other formats appear at the model."""
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
def test_a_page(kind):
    """A cursor leads to the next page; the last has none. Unfinished and failed ones are in it."""
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


def test_all_assets_come_page_by_page():
    """A page is asked for when it is needed, and none after the last."""
    with running_service(library={"models": 65}) as service:
        assets = client_of(service).assets(Kind.MODEL)
        list(itertools.islice(assets, PAGE_SIZE))
        assert len(service.requests("GET", "/v1/models")) == 1
        rest = list(assets)
        assert len(rest) == 65 - PAGE_SIZE
        assert len({asset.id for asset in rest}) == len(rest)
        assert service.requests("GET", "/v1/models")[0].query == "limit=30"
        assert len(service.requests("GET", "/v1/models")) == 3


def test_a_list_that_goes_round_in_circles_ends(make_transport):
    """A cursor that comes again would mean pages for ever."""
    with raw_server(
        answer({"data": [{"id": "m1"}], "pagination": {"nextCursor": "c1", "hasMore": True}})
    ) as server:
        found: list[Asset] = []
        with pytest.raises(InvalidResponse, match="its pages repeat"):
            found.extend(Client(make_transport(server.base_url)).assets(Kind.MODEL))
        assert len(server.received) == 2
