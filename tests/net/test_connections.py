# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of requests that may use only the connection that is open."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import trustme

from mint_blender.net import connections
from mint_blender.net.connections import Connections

from ..mint.clock_helpers import wait_until
from ..mint.raw_server import accepting, server_context

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[None]]]:
    """Serve connections; yield the address and an item for each connection so far."""
    accepted: list[None] = []
    with accepting(serve, None, threading.Event()) as (port, on_connection):
        on_connection.append(lambda: accepted.append(None))
        yield f"127.0.0.1:{port}/", accepted


@pytest.fixture
def opened() -> Iterator[Connections]:
    """Return connections to trusted hosts."""
    opened = Connections()
    yield opened
    opened.close()


def get(opened: Connections, url: str) -> requests.Response:
    """Return an answer whose body was read."""
    response = opened.request("GET", url, headers={}, timeout=(5, 5), uses_proxy=False)
    assert b"".join(connections.blocks(response, 100)) == b"{}"
    return response


def test_nothing_is_sent_twice(opened: Connections) -> None:
    """A kept connection that ends without an answer is an error: the request was sent."""
    requested: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        requested.append(connection.recv(65536))
        connection.sendall(ANSWER)
        requested.append(connection.recv(65536))

    with listening(serve) as (address, accepted):
        get(opened, f"http://{address}")
        with pytest.raises(requests.ConnectionError):
            get(opened, f"http://{address}")
        assert (len(requested), len(accepted)) == (2, 1)
        assert get(opened, f"http://{address}").status_code == 200


def test_no_connection_is_opened(opened: Connections) -> None:
    """Neither the first one nor another one; afterwards both may be."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(ANSWER)

    with listening(serve) as (address, accepted):
        url = f"http://{address}"
        for count in range(2):
            opened.may_open = False
            with pytest.raises(connections.NotOpen):
                get(opened, url)
            opened.may_open = True
            assert len(accepted) == count
            assert not opened.is_open()
            get(opened, url)
            wait_until(lambda: not opened.is_open())


def test_the_end_of_tls_is_the_end_of_the_connection(
    opened: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may arrive together with an answer, and then no more of it is to be seen."""
    authority = trustme.CA()
    context = server_context(authority, "127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))

    def serve(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        for act in (tls.do_handshake, tls.read):
            while not _is_done(act):
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))
        tls.write(ANSWER)
        _is_done(tls.unwrap)
        connection.sendall(outgoing.read())  # both in one piece
        connection.recv(65536)

    with listening(serve) as (address, accepted):
        url = f"https://{address}"
        get(opened, url)
        assert not opened.is_open()
        opened.may_open = False
        with pytest.raises(connections.NotOpen):
            get(opened, url)
        assert len(accepted) == 1


def _is_done(act: Callable[[], object]) -> bool:
    """Take a step of TLS; return whether it did without bytes that have not arrived."""
    try:
        act()
    except ssl.SSLWantReadError:
        return False
    return True


def test_a_child_process_has_no_connection(
    opened: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a fork, the open connection is the parent's."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(ANSWER)
        connection.recv(65536)

    with listening(serve) as (address, _):
        url = f"http://{address}"
        get(opened, url)
        assert opened.is_open()
        pid = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: pid + 1)
        assert not opened.is_open()
        opened.close()
