# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of how an exchange ends: timeouts, stopping from another thread, broken connections."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import ExitStack

import pytest
import trustme

from mint_blender.mint.errors import MintError, Unreachable
from mint_blender.mint.transport import MAX_RESPONSE_BYTES, Timeouts

from .raw_server import NO_ANSWER, answer, raw_server, unused_port
from .transport_helpers import failure


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_never_responds_times_out(make_client, method):
    """Every call has a read timeout."""
    with (
        raw_server(NO_ANSWER) as server,
        pytest.raises(Unreachable, match="there was no response in time"),
    ):
        make_client(server.base_url, timeouts=Timeouts(5.0, 0.05)).request(
            method, "me", idempotency_key="k"
        )
    assert len(server.received) == 1


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


def test_a_server_that_stops_in_the_middle_times_out(make_client):
    """The read timeout also applies to the body."""
    with (
        raw_server(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"') as server,
        pytest.raises(Unreachable, match="there was no response in time"),
    ):
        make_client(server.base_url, timeouts=Timeouts(5.0, 0.05)).request("GET", "me")


def test_a_server_that_sends_its_body_too_slowly_times_out(make_client):
    """Single bytes prevent the read timeout, so the whole body has a deadline."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with (
        raw_server(said, drip=0.01) as server,
        pytest.raises(Unreachable, match="there was no response in time"),
    ):
        make_client(server.base_url, timeouts=Timeouts(5.0, 5.0, body=0.1)).request("GET", "me")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_sends_its_headers_too_slowly_times_out(make_client, method):
    """The deadline counts from the start of the call, also within a header line."""
    with (
        raw_server(b"HTTP/1.1 200 OK\r\nX-Slow: ", drip=0.01) as server,
        pytest.raises(Unreachable, match="there was no response in time"),
    ):
        make_client(server.base_url, timeouts=Timeouts(5.0, 5.0, total=0.2)).request(
            method, "me", idempotency_key="k"
        )
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "said",
    [
        NO_ANSWER,
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    ],
    ids=["silent", "headers", "body"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_another_thread_can_stop_a_call(make_client, said, scheme, tmp_path, monkeypatch):
    """A call that waits or receives slowly ends soon after it was stopped.

    No other call follows.
    """
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "bundle.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
    with raw_server(said, drip=1.0, tls=context if scheme == "https" else None) as server:
        transport = make_client(server.base_url)
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


def test_a_large_body_is_sent_completely(make_client):
    """A body that is sent in blocks arrives unchanged."""
    with raw_server(answer({"a": 1})) as server:
        assert (
            make_client(server.base_url)
            .request(
                "POST",
                "reference-images",
                body={"base64Data": "x" * 7_000_000},
                idempotency_key="k",
            )
            .data
        )
    assert json.loads(server.received[0].body) == {"base64Data": "x" * 7_000_000}


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


def test_the_default_timeouts():
    """10 s to connect, 60 s without data, 2 min for the body and 3 min for the call."""
    assert Timeouts() == Timeouts(connect=10.0, read=60.0, body=120.0, total=180.0)


def test_a_refused_connection_is_unreachable(make_client):
    """No server listens on the port."""
    port = unused_port()
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port} refused the connection"):
        make_client(f"http://127.0.0.1:{port}/v1").request("GET", "me")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_a_connection_that_breaks_during_a_response_is_unreachable(make_client, said):
    """An incomplete response is an error, and the call may be retried."""
    with (
        raw_server(said, then_close=True) as server,
        pytest.raises(Unreachable, match="lost before the response was complete") as raised,
    ):
        make_client(server.base_url).request("GET", "me")
    assert raised.value.retryable
    assert len(server.received) == 1


@pytest.mark.parametrize("said", [b"\r\n", b"HTTP/1.1 2", b"220 smtp.example ready\r\n"])
def test_a_response_that_is_not_http_is_an_error(make_client, said):
    """Only one attempt is made, because retries are decided where the idempotency key is known."""
    with (
        raw_server(said, then_close=True) as server,
        pytest.raises(Unreachable, match="HTTP response was incomplete") as raised,
    ):
        make_client(server.base_url).request("POST", "models:generate", idempotency_key="k")
    assert raised.value.retryable
    assert len(server.received) == 1


def test_a_redirect_over_the_size_limit_is_rejected(make_client):
    """The size limit applies to every response."""
    error = failure(
        make_client,
        answer(b" " * (MAX_RESPONSE_BYTES + 1), "302 Found", Location="https://example.org/"),
    )
    assert "larger than 16 MB" in str(error)
