# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for all endpoints: errors and retries, keys, ids and responses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mint_blender.mint import errors
from mint_blender.mint.base_url import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import InvalidResponse, MintError
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.retry import RetryPolicy, call_with_retries
from mint_blender.mint.schema import Kind
from mint_blender.mint.transport import Timeouts, Transport

from .generation_helpers import PIXEL, client_of, made, start
from .raw_server import answer, raw_server


def test_a_wrong_key_is_refused(service):
    """401, in words that say where the key is set."""
    client = Client(Transport(Origin.parse(service.api), "sk-wrong"))
    with pytest.raises(errors.KeyRefused, match="does not accept the API key") as raised:
        client.me()
    assert raised.value.request_id
    assert "sk-wrong" not in str(raised.value)


def test_what_is_not_there(client):
    """404 for each read."""
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
def test_a_refused_start(service, client, word, kind):
    """Each way in which a start can go wrong has its error, and nothing was started."""
    with pytest.raises(MintError) as raised:
        start(client, f"a lamp [{word}]")
    assert type(raised.value) is kind
    assert service.operations() == []


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
def test_temporary_errors_are_repeated_with_the_same_key(service, client, word):
    """There is one operation in the end, and the waits are those Mint requested."""
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
def test_what_is_refused_for_a_reason_is_not_repeated(service, client, word):
    """One request, then the error."""
    body = GenerationRequest(Kind.MODEL, f"a lamp [{word}]", name="Lamp").body(())
    with pytest.raises(MintError):
        call_with_retries(
            lambda: client.start(Kind.MODEL, body, key="k"),
            sleep=lambda seconds: pytest.fail("it waits"),
        )
    assert len(service.requests("POST")) == 1


def test_an_older_server_that_does_not_know_name(client):
    """The complaint names the field, so that it can be sent under its older name."""
    body = GenerationRequest(Kind.MODEL, "a lamp [alpha-names]", name="Lamp").body(())
    with pytest.raises(errors.InvalidRequest) as raised:
        client.start(Kind.MODEL, body, key="k")
    assert raised.value.names("name")


def test_the_eleventh_generation_has_to_wait(client):
    """As many as the account may have at once: its own error, worth repeating later."""
    for number in range(10):
        start(client, key=f"start-{number}")
    with pytest.raises(errors.TooManyActive) as raised:
        start(client, key="start-11")
    assert raised.value.retryable


def test_a_fresh_resource_may_settle_first(service, client):
    """503 for the first reads after success: waiting brings it."""
    model = made(service, client, "a lamp [settling]")
    waits: list[float] = []
    retries = RetryPolicy(first=3.0, factor=1.0, attempts=4)
    assert call_with_retries(
        lambda: client.asset(Kind.MODEL, model), retries=retries, sleep=waits.append
    ).is_usable
    assert len(waits) == 2


def test_a_slow_answer_is_given_up_and_found_again(service):
    """The read time-out ends the wait; the same key finds what was started."""
    client = client_of(service, timeouts=Timeouts(read=0.2))
    operation = call_with_retries(
        lambda: start(client, "a lamp [slow-answer]"), sleep=lambda seconds: service.advance(1)
    )
    assert [each.id for each in service.operations()] == [operation.id]


MUTATING: list[Callable[[Client], object]] = [
    lambda client: client.start(Kind.MODEL, {"prompt": "x"}, key="k"),
    lambda client: client.start(Kind.WORLD, {"prompt": "x"}, key="k"),
    lambda client: client.upload_image(PIXEL, "p.png", "image/png", key="k"),
    lambda client: client.import_image("https://example.org/p.png", key="k"),
    lambda client: client.approve("o", key="k"),
    lambda client: client.revise("o", "greener", key="k"),
    lambda client: client.resume("o", key="k"),
    lambda client: client.cancel("o", key="k"),
    lambda client: client.retry(Kind.MODEL, "m", key="k"),
    lambda client: client.retry(Kind.WORLD, "w", key="k"),
    lambda client: client.optimize("m", key="k"),
    lambda client: client.convert("m", ["fbx"], key="k"),
]


@pytest.mark.parametrize("call", MUTATING)
def test_every_call_that_changes_something_carries_its_key_and_is_made_once(make_transport, call):
    """One request is sent, with the caller's key and a literal colon in actions."""
    with (
        raw_server(answer({}, "503 Service Unavailable")) as server,
        pytest.raises(errors.ServiceError),
    ):
        call(Client(make_transport(server.base_url)))
    assert [received.headers["idempotency-key"] for received in server.received] == ["k"]
    assert "%3A" not in server.received[0].line
    assert (":" in server.received[0].line.split()[1]) is (
        "reference-images" not in server.received[0].line
    )


@pytest.mark.parametrize("id", ["", "../me", "a/b", "a:cancel", "a?b", "a%2Fb", "a b", "a\n"])
def test_an_id_that_could_change_the_path_is_not_sent(make_transport, id):
    """Ids come from files and scripts too."""
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
                call(Client(make_transport(server.base_url)))
    assert server.received == []


@pytest.mark.parametrize("said", [{}, {"id": None}, {"id": ""}, {"id": 7}, {"id": "../x"}])
def test_an_answer_that_lacks_what_matters_is_a_bad_answer(make_transport, said):
    """An operation or asset without an id that can be used, a picture without an address."""
    with raw_server(answer(said, X_Request_Id="req_3")) as server:
        client = Client(make_transport(server.base_url))
        for call in (
            lambda: client.poll("o"),
            lambda: start(client),
            lambda: client.asset(Kind.MODEL, "m"),
            lambda: client.import_image("https://example.org/p.png", key="k"),
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
def test_an_answer_about_something_else_is_refused(make_transport, said, call):
    """A cache or a mix-up: somebody else's result is never taken for ours.

    It may be right the next time.
    """
    with (
        raw_server(answer(said, X_Request_Id="req_4")) as server,
        pytest.raises(errors.MismatchedResponse) as raised,
    ):
        call(Client(make_transport(server.base_url)))
    assert str(raised.value).startswith("Mint's response is about other instead of ")
    assert (raised.value.retryable, raised.value.request_id) == (True, "req_4")


@pytest.mark.parametrize(
    "resource", [None, {"type": "model", "id": "m"}, {"type": "conversion", "id": "c"}]
)
def test_an_operation_on_a_model_may_name_it_or_something_new(make_transport, resource):
    """Only another model is wrong."""
    with raw_server(answer({"id": "o", "resource": resource})) as server:
        assert Client(make_transport(server.base_url)).convert("m", ["fbx"], key="k").id == "o"


def test_many_calls_share_one_connection(service, client):
    """Reads, starts and refusals alike."""
    for number in range(5):
        start(client, key=f"start-{number}")
        client.usage()
        with pytest.raises(errors.NotFound):
            client.operation("op_0")
    assert service.connections() == 1
    assert len(service.log()) == 15


def test_the_key_stays_out_of_every_request_to_the_file_host(service, client):
    """The service's room downloads nothing, so the file host gets no request."""
    made(service, client)
    assert service.requests(host="files") == []
    assert service.leaks() == []
