# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of rules for all endpoints: errors and retries, keys, ids and responses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mint_blender.mint import errors
from mint_blender.mint.account import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import InvalidResponse, MintError
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.retry import RetryPolicy, call_with_retries
from mint_blender.mint.schema import Kind
from mint_blender.mint.transport import Timeouts

from .generation_helpers import PIXEL, client_of, made, start
from .raw_server import answer, raw_server


def test_a_wrong_key_is_rejected(service):
    """The message of a 401 says where to set the key."""
    client = Client(Origin.parse(service.api), "sk-wrong")
    with pytest.raises(errors.KeyRefused, match="does not accept the API key") as raised:
        client.me()
    assert raised.value.request_id
    assert "sk-wrong" not in str(raised.value)


def test_a_missing_resource_is_not_found(client):
    """Each read of a missing resource returns 404."""
    for read in (
        lambda: client.operation("op_0"),
        lambda: client.asset(Kind.MODEL, "m_0"),
        lambda: client.asset(Kind.WORLD, "w_0"),
    ):
        with pytest.raises(errors.NotFound):
            read()


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("no-credits", errors.CreditsNeeded),
        ("forbidden", errors.Forbidden),
        ("start-429", errors.TooManyRequests),
        ("start-429-date", errors.TooManyRequests),
        ("start-500", errors.ServiceError),
        ("start-502", errors.ServiceError),
        ("start-503", errors.ServiceError),
        ("start-504", errors.ServiceError),
        ("start-html", errors.ServiceError),
        ("start-empty", errors.ServiceError),
        ("start-closed", errors.Unreachable),
    ],
)
def test_each_rejected_start_has_its_error(service, client, word, kind):
    """Each reason to reject a start has its own error, and nothing is started."""
    with pytest.raises(MintError) as raised:
        start(client, f"a lamp [{word}]")
    assert type(raised.value) is kind
    assert service.operations() == []


@pytest.mark.covers("C7-same-key")
@pytest.mark.parametrize(
    "word",
    [
        "start-429",
        "start-429-date",
        "start-500",
        "start-502",
        "start-503",
        "start-504",
        "start-closed",
    ],
)
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


@pytest.mark.parametrize("word", ["no-credits", "forbidden", "alpha-names"])
def test_permanent_errors_are_not_retried(service, client, word):
    """One request is sent, then the error is raised."""
    body = GenerationRequest(Kind.MODEL, f"a lamp [{word}]", name="Lamp").body(())
    with pytest.raises(MintError):
        call_with_retries(
            lambda: client.start(Kind.MODEL, body, key="k"),
            sleep=lambda seconds: pytest.fail("it waits"),
        )
    assert len(service.requests("POST")) == 1


def test_an_older_server_rejects_name(client):
    """The error names the field, so that it can be sent under its older name."""
    body = GenerationRequest(Kind.MODEL, "a lamp [alpha-names]", name="Lamp").body(())
    with pytest.raises(errors.InvalidRequest) as raised:
        client.start(Kind.MODEL, body, key="k")
    assert raised.value.names("name")


def test_the_eleventh_generation_is_rejected(client):
    """The concurrency limit has an error of its own, which is worth retrying later."""
    for number in range(10):
        start(client, key=f"start-{number}")
    with pytest.raises(errors.TooManyActive) as raised:
        start(client, key="start-11")
    assert raised.value.retryable


def test_a_new_resource_may_return_503_at_first(service, client):
    """The first reads after success return 503; a retry returns the resource."""
    model = made(service, client, "a lamp [settling]")
    waits: list[float] = []
    retries = RetryPolicy(first=3.0, factor=1.0)
    assert call_with_retries(
        lambda: client.asset(Kind.MODEL, model), retries=retries, sleep=waits.append
    ).is_usable
    assert len(waits) == 2


def test_a_start_after_a_read_timeout_returns_the_same_operation(service):
    """The read timeout ends the wait; the same key returns the operation that was started."""
    client = client_of(service, timeouts=Timeouts(read=0.2))
    operation = call_with_retries(
        lambda: start(client, "a lamp [slow-answer]"), sleep=lambda seconds: service.advance(1)
    )
    assert [each.id for each in service.operations()] == [operation.id]


MUTATING: list[Callable[[Client], object]] = [
    lambda client: client.start(Kind.MODEL, {"prompt": "x"}, key="k"),
    lambda client: client.start(Kind.WORLD, {"prompt": "x"}, key="k"),
    lambda client: client.upload_image(PIXEL, "p.png", "image/png", key="k"),
    lambda client: client.approve("o", key="k"),
    lambda client: client.revise("o", "greener", key="k"),
    lambda client: client.resume("o", key="k"),
    lambda client: client.cancel("o", key="k"),
    lambda client: client.retry(Kind.MODEL, "m", key="k"),
    lambda client: client.retry(Kind.WORLD, "w", key="k"),
    lambda client: client.optimize("m", key="k"),
    lambda client: client.convert("m", ["fbx"], key="k"),
]


@pytest.mark.covers("C19-colon")
@pytest.mark.parametrize("call", MUTATING)
def test_every_mutating_call_sends_its_key_once(make_client, call):
    """One request is sent, with the caller's key and a literal colon in actions."""
    with (
        raw_server(answer({}, "503 Service Unavailable")) as server,
        pytest.raises(errors.ServiceError),
    ):
        call(make_client(server.base_url))
    assert [received.headers["idempotency-key"] for received in server.received] == ["k"]
    assert "%3A" not in server.received[0].line
    assert (":" in server.received[0].line.split()[1]) is (
        "reference-images" not in server.received[0].line
    )


@pytest.mark.covers("C19-ids")
@pytest.mark.parametrize("id", ["", "../me", "a/b", "a:cancel", "a?b", "a%2Fb", "a b", "a\n"])
def test_an_id_that_could_change_the_path_is_not_sent(make_client, id):
    """Ids can also come from files and scripts."""
    calls: list[Callable[[Client], object]] = [
        lambda client: client.poll(id),
        lambda client: client.operation(id),
        lambda client: client.approve(id, key="k"),
        lambda client: client.revise(id, "x", key="k"),
        lambda client: client.resume(id, key="k"),
        lambda client: client.cancel(id, key="k"),
        lambda client: client.asset(Kind.MODEL, id),
        lambda client: client.retry(Kind.WORLD, id, key="k"),
        lambda client: client.optimize(id, key="k"),
        lambda client: client.convert(id, ["fbx"], key="k"),
        lambda client: client.estimate_optimization(id),
    ]
    with raw_server() as server:
        for call in calls:
            with pytest.raises(ValueError, match="not a valid Mint ID"):
                call(make_client(server.base_url))
    assert server.received == []


@pytest.mark.parametrize("said", [{}, {"id": None}, {"id": ""}, {"id": 7}, {"id": "../x"}])
def test_a_response_without_required_members_is_invalid(make_client, said):
    """An operation or asset needs a usable id, and a picture needs an address."""
    with raw_server(answer(said, X_Request_Id="req_3")) as server:
        client = make_client(server.base_url)
        for call in (
            lambda: client.poll("o"),
            lambda: start(client),
            lambda: client.asset(Kind.MODEL, "m"),
            lambda: client.upload_image(b"a", "a.png", "image/png", key="k"),
        ):
            with pytest.raises(InvalidResponse, match=r"(has no (ID|URL))\. ") as raised:
                call()
            assert raised.value.request_id == "req_3"


@pytest.mark.parametrize(
    ("said", "call"),
    [
        ({"id": "other"}, lambda client: client.poll("o")),
        ({"id": "other"}, lambda client: client.operation("o")),
        ({"id": "other"}, lambda client: client.asset(Kind.MODEL, "m")),
        (
            {"id": "o", "resource": {"type": "model", "id": "other"}},
            lambda client: client.optimize("m", key="k"),
        ),
        (
            {"id": "o", "resource": {"type": "Model", "id": "other"}},
            lambda client: client.convert("m", ["fbx"], key="k"),
        ),
    ],
)
def test_a_response_about_another_resource_is_rejected(make_client, said, call):
    """A result of another resource is never accepted, for instance from a wrong cache.

    The error can be retried, since the next response may be right.
    """
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
def test_an_operation_on_a_model_may_name_the_model_or_a_new_resource(make_client, resource):
    """Only another existing model is rejected."""
    with raw_server(answer({"id": "o", "resource": resource})) as server:
        assert make_client(server.base_url).convert("m", ["fbx"], key="k").id == "o"


def test_many_calls_share_one_connection(service, client):
    """Reads, starts and rejected calls use the same connection."""
    for number in range(5):
        start(client, key=f"start-{number}")
        client.usage()
        with pytest.raises(errors.NotFound):
            client.operation("op_0")
    assert service.connections() == 1
    assert len(service.log()) == 15


@pytest.mark.covers("S-key-origin")
def test_the_client_sends_nothing_to_the_file_host(service, client):
    """The client package downloads no files, so the file host gets no request."""
    made(service, client)
    assert service.requests(host="files") == []
    assert service.leaks() == []
