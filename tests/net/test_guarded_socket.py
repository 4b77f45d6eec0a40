# SPDX-License-Identifier: GPL-3.0-or-later
"""The guarded socket: it takes what has arrived, keeps what came before an end, and waits guarded."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator

import pytest
import trustme

from mint_blender.net.guarded_socket import Guard, GuardedSocket, RequestStopped, guarded

from ..mint.raw_server import server_context

RECORD = 2**14  # bytes in a TLS record, at most


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the two ends of a TCP connection: the client's and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    with client, server:
        yield client, server


@pytest.fixture
def tls_pair(pair: tuple[socket.socket, socket.socket]) -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
    """Return the two ends of a TLS connection."""
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    serving = server_context(authority, "127.0.0.1")
    client = trusting.wrap_socket(
        pair[0], server_hostname="127.0.0.1", do_handshake_on_connect=False
    )
    thread = threading.Thread(target=client.do_handshake, daemon=True)
    thread.start()
    server = serving.wrap_socket(pair[1], server_side=True)
    thread.join(10)
    return client, server


def received(client: GuardedSocket, size: int = 2**18) -> bytes:
    """Return what one call receives."""
    buffer = bytearray(size)
    return bytes(buffer[: client.recv_into(memoryview(buffer))])


def test_one_call_takes_all_records(tls_pair: tuple[ssl.SSLSocket, ssl.SSLSocket]) -> None:
    """Five TLS records that have arrived need one call, not five."""
    client, server = tls_pair
    guarded_client = GuardedSocket(client)
    server.sendall(b"-")
    assert received(guarded_client) == b"-"
    content = b"".join(bytes([number]) * RECORD for number in range(5))
    server.sendall(content)
    assert received(guarded_client) == content


def test_a_call_takes_no_more_than_fits(pair: tuple[socket.socket, socket.socket]) -> None:
    """The rest is left for the next call."""
    client, server = pair
    guarded_client = GuardedSocket(client)
    server.sendall(b"abcdef")
    assert [received(guarded_client, 4), received(guarded_client, 4)] == [b"abcd", b"ef"]


def test_the_end_comes_after_the_data(tls_pair: tuple[ssl.SSLSocket, ssl.SSLSocket]) -> None:
    """What was sent before the end is received first; then the end is reported every time."""
    client, server = tls_pair
    guarded_client = GuardedSocket(client)
    server.sendall(b"abc")
    server.close()
    assert [received(guarded_client) for _ in range(3)] == [b"abc", b"", b""]


def test_an_error_comes_after_the_data(pair: tuple[socket.socket, socket.socket]) -> None:
    """A reset connection is never taken for the end of the file."""
    client, server = pair

    class Resetting(socket.socket):
        """Delivers the first bytes, then the reset, as if both had arrived in this order."""

        calls = 0

        def recv_into(self, buffer: memoryview, *_: int) -> int:  # type: ignore[override]
            self.calls += 1
            if self.calls == 1:
                buffer[:3] = b"abc"
                return 3
            return super().recv_into(buffer)

    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    with Resetting(fileno=client.detach()) as resetting:
        guarded_client = GuardedSocket(resetting)
        assert received(guarded_client) == b"abc"
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                received(guarded_client)


def test_a_large_message_is_sent_whole(pair: tuple[socket.socket, socket.socket]) -> None:
    """More than the system's buffers hold is sent while the other side reads."""
    client, server = pair
    content = bytes(range(256)) * 2**16
    came = bytearray()

    def read() -> None:
        while piece := server.recv(2**16):
            came.extend(piece)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    GuardedSocket(client).sendall(content)
    client.shutdown(socket.SHUT_WR)
    thread.join(20)
    assert came == content


def test_silence_ends_at_the_timeout(pair: tuple[socket.socket, socket.socket]) -> None:
    """The socket's timeout counts from the last byte."""
    guarded_client = GuardedSocket(pair[0])
    guarded_client.settimeout(0.05)
    with pytest.raises(TimeoutError):
        received(guarded_client)


def test_waiting_ends_at_the_deadline_and_at_a_stop(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Both end a wait that has no timeout of its own."""
    guarded_client = GuardedSocket(pair[0])
    guarded_client.settimeout(None)
    with guarded(Guard(time.monotonic() + 0.05)), pytest.raises(TimeoutError):
        received(guarded_client)
    checks: list[None] = []

    def stop() -> bool:
        checks.append(None)
        return len(checks) > 2

    with guarded(Guard(time.monotonic() + 60, stop=stop)), pytest.raises(RequestStopped):
        received(guarded_client)


def test_the_wrapped_socket_gets_its_timeout_back(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """After the request to a proxy, TLS needs a socket that waits by itself."""
    pair[0].settimeout(7.0)
    guarded_client = GuardedSocket(pair[0])
    assert (guarded_client.gettimeout(), pair[0].gettimeout()) == (7.0, 0.0)
    assert guarded_client.unguarded().gettimeout() == 7.0
