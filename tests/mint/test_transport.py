# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of single exchanges: the bytes that are sent, how each response is read, and how it ends."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
import tracemalloc
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from mint_blender.mint import errors
from mint_blender.mint.account import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import InvalidResponse, MintError, ProblemError, Unreachable
from mint_blender.mint.transport import MAX_RESPONSE_BYTES, Timeouts

from .raw_server import KEY, NO_ANSWER, answer, raw_server


def failure(make_client, *answers: bytes, **more: object) -> MintError:
    """Return the error that an exchange with such a server raises."""
    with raw_server(*answers) as server, pytest.raises(MintError) as raised:
        make_client(server.base_url, **more).request("GET", "me")
    return raised.value


# -- tests of single exchanges: the bytes that are sent, and how each response is read


NOON = datetime(2026, 8, 3, 12, 0, 0, tzinfo=UTC)
PROBLEM = {
    "type": "https://api.mint.gg/problems/not-found",
    "status": 404,
    "detail": "No such model.",
}


# Requests


@pytest.mark.parametrize("path", ["models:generate", "/worlds:generate"])
def test_the_bytes_of_a_start_request(make_client, path):
    """A start has a Bearer key, JSON, the idempotency key, and nothing that identifies the computer."""
    with raw_server() as server:
        make_client(server.base_url).request(
            "POST", path, body={"prompt": "a lämp"}, idempotency_key="mint-blender-1"
        )
    (received,) = server.received
    assert received.line == f"POST /v1/{path.lstrip('/')} HTTP/1.1"
    assert received.body == b'{"prompt": "a l\\u00e4mp"}'
    wanted = {
        "authorization": f"Bearer {KEY}",
        "accept": "application/json",
        "content-type": "application/json",
        "idempotency-key": "mint-blender-1",
        "user-agent": "mint-blender",
    }
    assert received.headers.items() >= wanted.items() and "cookie" not in received.headers


def test_an_action_without_input_sends_an_empty_object(make_client):
    """Mint's own client sends the same."""
    with raw_server() as server:
        make_client(server.base_url).request("POST", "operations/o:approve", idempotency_key="k")
    (received,) = server.received
    assert (received.body, received.headers["content-type"]) == (b"{}", "application/json")


def test_a_read_sends_no_body(make_client):
    """A GET has its query, but no body, content type or idempotency key."""
    query = {"cursor": "a/b +&=", "limit": "30"}
    with raw_server() as server:
        make_client(server.base_url).request("GET", "models", query=query)
    (received,) = server.received
    assert received.line == "GET /v1/models?cursor=a%2Fb+%2B%26%3D&limit=30 HTTP/1.1"
    assert received.body == b"" and not {"content-type", "idempotency-key"} & set(received.headers)


@pytest.mark.parametrize("path", ["models:generate", "operations/o:cancel", "reference-images"])
@pytest.mark.parametrize("key", [None, "", "x" * 256, "two words", "line\nbreak", "schlüssel"])
def test_a_mutating_call_without_an_idempotency_key_is_not_sent(make_client, path, key):
    """A missing key is a programming error, so it raises before anything is sent."""
    with raw_server() as server, pytest.raises(ValueError, match="idempotency key"):
        make_client(server.base_url).request("POST", path, idempotency_key=key)
    assert server.received == []


@pytest.mark.parametrize(
    ("path", "key"), [("models:generate", "x" * 255), ("pricing:estimate", None)]
)
def test_the_idempotency_key_is_sent(make_client, path, key):
    """Up to 255 characters; an estimate needs none, the only POST that changes nothing."""
    with raw_server() as server:
        make_client(server.base_url).request("POST", path, body={}, idempotency_key=key)
    assert server.received[0].headers.get("idempotency-key") == key


def test_one_connection_serves_many_calls(connect):
    """The connection stays open, also after error responses."""
    said = [
        answer(),
        answer(PROBLEM, "404 Not Found"),
        answer(b"<html>", "502 Bad Gateway"),
        answer(status="302 Found", Location="/x"),
    ]
    with connect(*said, answer()) as (server, transport):
        for _ in range(10):
            try:
                transport.request("GET", "me")
            except MintError:
                continue
        assert len(server.received) == 10
        assert server.connections == 1


# Responses


def test_a_complete_response_is_read(make_client):
    """The body, request id and requested wait are returned."""
    more = {"X_Request_Id": "req_1", "Retry_After": "4"}
    with raw_server(answer({"id": "op_1"}, "202 Accepted", **more)) as server:
        found = make_client(server.base_url).request("POST", "a:b", idempotency_key="k")
    assert (found.data, found.request_id) == ({"id": "op_1"}, "req_1")
    assert found.retry_after == 4.0


@pytest.mark.parametrize("date", [{}, {"Date": "Mon, 03 Aug 2026 12:00:00 GMT"}])
def test_a_retry_after_date_is_relative_to_a_clock(date):
    """To that of the answer, or without one to the clock passed by the caller."""
    wait = {"Retry_After": "Mon, 03 Aug 2026 12:01:00 GMT"}
    said = answer(PROBLEM, "503 Service Unavailable", **date, **wait)
    with raw_server(said) as server, pytest.raises(errors.ServiceError) as raised:
        Client(Origin.parse(server.base_url), KEY, now=lambda: NOON).request("GET", "me")
    assert raised.value.retry_after == 60


@pytest.mark.covers("C20-request-id")
def test_a_problem_document_becomes_its_error(make_client):
    """The error has the request id, which helps when asking Mint's support."""
    more = {"X_Request_Id": "req_9", "Content_Type": "application/problem+json"}
    error = failure(make_client, answer(PROBLEM, "404 Not Found", **more))
    assert isinstance(error, errors.NotFound)
    assert (error.problem.detail, error.request_id) == ("No such model.", "req_9")
    assert "req_9" in str(error)


@pytest.mark.parametrize(
    "said",
    [
        answer(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip"),
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n',
    ],
    ids=["compressed", "chunked"],
)
def test_a_packed_response_is_read(connect, said):
    """A chunked response has no Content-Length; many servers compress with gzip."""
    with connect(said) as (server, transport):
        assert [transport.request("GET", "me").data for _ in range(2)] == [{"a": 1}] * 2
    assert server.connections == 1


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "compressed"])
def test_a_response_over_the_size_limit_is_rejected(connect, packed):
    """The limit also counts decompressed bytes; unread bytes do not stay in the connection."""
    body = b" " * (MAX_RESPONSE_BYTES + 1)
    said = answer(gzip.compress(body), Content_Encoding="gzip") if packed else answer(body)
    with connect(said, answer({"a": 1})) as (_, transport):
        with pytest.raises(InvalidResponse, match="larger than 16 MB"):
            transport.request("GET", "me")
        assert transport.request("GET", "me").data == {"a": 1}


UNREADABLE = (b"", b"[]", b'"text"', b"null", b"{", b"[1, 2", b"\xff", b"[" * 100_000)
PAGES = (b"<html>Welcome to the hotel</html>", b"\r\n  <!DOCTYPE html>\n<p>Sign in")
PORTAL = "a web page came instead of Mint's answer.*sign in"
ELSEWHERE = "https://example.org/operations/op_1?token=secret"


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        *((answer(body), InvalidResponse, "it is not a JSON object") for body in UNREADABLE),
        *((answer(page), InvalidResponse, PORTAL) for page in PAGES),
        *(
            (answer(body, "503 No"), errors.ServiceError, "HTTP status 503")
            for body in (*UNREADABLE, *PAGES)
        ),
        (answer(b"no gzip", Content_Encoding="gzip"), InvalidResponse, "data is damaged"),
        *(
            (answer(b"", f"{status} Elsewhere", Location=ELSEWHERE), InvalidResponse, "example.org")
            for status in (301, 302, 303, 304, 307, 308)
        ),
        *(
            (answer(b"", "302 Found", **to), InvalidResponse, "redirects to another address")
            for to in ({}, {"Location": "/v1/elsewhere"}, {"Location": "http://["})
        ),
        (
            answer(b" " * (MAX_RESPONSE_BYTES + 1), "302 Found", Location=ELSEWHERE),
            InvalidResponse,
            "larger than 16 MB",
        ),
    ],
)
def test_an_answer_that_is_not_one_of_mint_is_an_error(make_client, said, kind, words):
    """Whatever else is in it, nothing of it is used; it is tried again with the same key."""
    head, blank, body = said.partition(b"\r\n\r\n")
    error = failure(make_client, head + b"\r\nX-Request-Id: req_2" + blank + body)
    assert type(error) is kind and re.search(words, str(error))
    assert "token" not in str(error) and error.retryable
    assert error.request_id == (None if "larger" in words or "damaged" in words else "req_2")


# -- tests of how an exchange ends: timeouts, stopping from another thread, broken connections


def test_a_server_that_accepts_no_connection_times_out(make_client):
    """Every call has a connect timeout, tested with a listener whose queue is full."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        with pytest.raises(Unreachable, match=f"127.0.0.1:{port} timed out"):
            make_client(f"http://127.0.0.1:{port}/v1", timeouts=Timeouts(connect=0.1)).request(
                "GET", "me"
            )


HEADERS, BODY = b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("said", "drip", "timeouts"),
    [
        (NO_ANSWER, None, Timeouts(5.0, 0.05)),
        (BODY + b'{"a"', None, Timeouts(5.0, 0.05)),
        # single bytes prevent the read timeout: the body has a deadline, and so has the whole call
        (BODY, 0.01, Timeouts(5.0, 5.0, body=0.1)),
        (HEADERS, 0.01, Timeouts(5.0, 5.0, total=0.2)),
    ],
    ids=["silent", "stops in the body", "drips the body", "drips the headers"],
)
def test_a_server_that_is_too_slow_times_out(make_client, method, said, drip, timeouts):
    """Every call has limits for silence, for the body, and for the whole."""
    with (
        raw_server(said, drip=drip) as server,
        pytest.raises(Unreachable, match="there was no response in time"),
    ):
        client = make_client(server.base_url, timeouts=timeouts)
        client.request(method, "me", idempotency_key="k")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("scheme", "said"),
    [("http", NO_ANSWER), ("http", HEADERS), ("http", BODY), ("https", NO_ANSWER)],
    ids=["silent", "headers", "body", "tls"],
)
def test_another_thread_can_stop_a_call(connect, said, scheme, secure):
    """A call that waits or receives slowly ends soon after it was stopped."""
    with connect(said, drip=1.0, tls=secure if scheme == "https" else None) as (server, transport):
        ended: list[MintError] = []

        def call() -> None:
            with pytest.raises(Unreachable, match="the request was stopped") as raised:
                transport.request("GET", "me")
            ended.append(raised.value)

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        while not server.received:
            time.sleep(0.005)
        transport.stop()
        thread.join(5)
        assert len(ended) == 1
        with pytest.raises(Unreachable, match="the request was stopped"):
            transport.request("GET", "me")
        assert len(server.received) == 1


def test_an_upload_that_the_server_does_not_read_can_be_stopped(make_client):
    """A call can be stopped while its own body is being sent."""
    # accepts the connection, and reads nothing
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = make_client(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        stopper = threading.Timer(0.1, transport.stop)
        stopper.start()
        with pytest.raises(Unreachable, match="the request was stopped"):
            transport.request(
                "POST",
                "reference-images",
                body={"base64Data": "x" * 16_000_000},
                idempotency_key="k",
            )
        stopper.join()


LOST, NO_HTTP = "lost before the response was complete", "HTTP response was incomplete"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", LOST),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", LOST),
        (b"\r\n", NO_HTTP),
        (b"HTTP/1.1 2", NO_HTTP),
        (b"220 smtp.example ready\r\n", NO_HTTP),
    ],
)
def test_a_broken_response_is_unreachable(make_client, said, words):
    """Only one attempt is made, because retries are decided where the idempotency key is known."""
    with (
        raw_server(said, then_close=True) as server,
        pytest.raises(Unreachable, match=words) as raised,
    ):
        make_client(server.base_url).request("POST", "models:generate", idempotency_key="k")
    assert raised.value.retryable
    assert len(server.received) == 1


HUGE = 1_000_000


@pytest.mark.parametrize("letter", ["a", "\x1b", "ä"])
def test_long_texts_of_a_problem_are_cut(make_client, letter: str) -> None:
    """A detail of 1 MB becomes a short sentence, in little memory."""
    many = letter * (HUGE // len(json.dumps(letter)[1:-1]))
    body = {**PROBLEM, "title": many, "detail": letter * 10}
    error = failure(make_client, answer(body, "404 Not Found"))
    assert isinstance(error, ProblemError) and len(error.problem.title or "") <= 200
    tracemalloc.start()
    try:
        body = {**PROBLEM, "detail": f"No. {many}"}
        error = failure(make_client, answer(body, "404 Not Found"))
        assert tracemalloc.get_traced_memory()[1] < 12 * HUGE
    finally:
        tracemalloc.stop()
    assert isinstance(error, ProblemError) and len(str(error)) < 1000
    assert 2 <= len(error.problem.detail or "") <= 501


def test_long_texts_of_an_asset_are_cut(make_client) -> None:
    """A name is cut at 200 characters, a message at 2,000; addresses and prompts stay whole."""
    url, prompt = f"https://files.example/{'a' * 4000}", "b" * 8000
    body = {"name": "n" * HUGE, "deep": [{"message": "m" * 9000, "url": url}], "prompt": prompt}
    with raw_server(answer(body)) as server:
        found = make_client(server.base_url).request("GET", "models/m").data
    assert found == {
        "name": f"{'n' * 199}…",
        "deep": [{"message": f"{'m' * 1999}…", "url": url}],
        "prompt": prompt,
    }
