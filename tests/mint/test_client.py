# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of rules for all endpoints: answers of gateways, lists, keys and ids."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable

import pytest

from mint_blender.mint import errors
from mint_blender.mint.client import MAX_EMPTY_PAGES, PAGE_SIZE, Client
from mint_blender.mint.errors import InvalidResponse
from mint_blender.mint.limits import MAX_IMAGE_BYTES
from mint_blender.mint.schema import AnimationType, Kind, Mode, Preset

from ..mint_service.runner import running_service
from .generation_helpers import PIXEL, client_of
from .raw_server import answer, raw_server
from .test_hostile_ids import OF_AN_ID, OPERATIONS


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


def test_a_gateway_has_no_list_of_files(service, client):
    """Its JSON is not taken for a motion without files: Mint is asked again."""
    said = {"json": {"status": "ok"}}
    service.scenario(answers=[{"path": "/v1/animations/*", "answer": said, "times": 1}])
    with pytest.raises(errors.InvalidResponse, match="no list of files"):
        client.animation_files(AnimationType.CLIP, "animation_1")


@pytest.mark.parametrize("kind", Kind)
def test_estimate_of_a_generation(service, client, kind):
    """Each kind has a price; an estimate starts nothing and needs no idempotency key."""
    price = client.estimate(kind, Preset.FAST, Mode.REVIEW)
    assert 0 < price.required_to_start <= price.estimated_total
    assert service.operations() == []
    wanted = {"operation": price.operation, "generationPreset": "fast", "generationMode": "review"}
    assert (price.operation, service.requests("POST")[0].body) == (f"{kind}_generation", wanted)


@pytest.mark.parametrize(("name", "price"), [("optimization", 20), ("animation", 250)])
def test_an_estimate_for_a_model(name, price):
    with running_service(library={"models": 1}) as service:
        (model,) = service.resources()
        estimate = getattr(client_of(service), f"estimate_{name}")
        assert estimate(model.id).estimated_total == price
        (asked,) = service.requests("POST", "/v1/pricing:estimate")
        assert asked.body == {"operation": f"model_{name}", "modelId": model.id}


def test_a_picture_is_uploaded(service, client):
    """The bytes are sent as plain base64."""
    image = client.upload_image(PIXEL, "lamp.png", "image/png", key="upload-1")
    (sent,) = service.requests("POST", "/v1/reference-images")
    assert (sent.body["fileName"], sent.body["contentType"]) == ("lamp.png", "image/png")
    assert base64.b64decode(sent.body["base64Data"], validate=True) == PIXEL
    assert image.url.startswith(service.files)


def test_an_unusable_reference_picture_is_not_sent(service, client):
    """A picture over 5 MB is rejected."""
    with pytest.raises(ValueError, match=r"big.png is 5.0 MB; Mint accepts at most 5 MB"):
        client.upload_image(bytes(MAX_IMAGE_BYTES + 1), "big.png", "image/png", key="k")
    assert service.log() == []


@pytest.mark.covers("C14-cancel")
@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
def test_a_cancel_that_mint_does_not_offer(connect, status):
    """It is an error of its own, also if the response is empty."""
    with connect(answer(b"", status)) as (_, client), pytest.raises(errors.CannotCancel):
        client.cancel("op_1", key="k")


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


@pytest.mark.parametrize(
    ("data", "cursors", "read"),
    [
        ([], range(2 * MAX_EMPTY_PAGES), MAX_EMPTY_PAGES + 1),
        ([{"id": "m"}], [1, 2, 1, 2], 3),
    ],
    ids=["empty", "the same"],
)
def test_a_list_without_an_end_ends(make_client, data, cursors, read):
    """New cursors of pages without assets, and the same cursors, are not followed for ever."""
    more = ({"nextCursor": f"c{number}", "hasMore": True} for number in cursors)
    with (
        raw_server(*(answer({"data": data, "pagination": each}) for each in more)) as server,
        pytest.raises(InvalidResponse, match="its pages repeat"),
    ):
        list(make_client(server.base_url).assets(Kind.MODEL))
    assert len(server.received) == read


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
