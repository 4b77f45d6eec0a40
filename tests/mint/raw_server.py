# SPDX-License-Identifier: GPL-3.0-or-later
"""A loopback server that records raw requests and returns prepared responses.

It parses HTTP only as far as needed to find the end of a request. `Proxy` is a proxy of the same
kind.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import trustme

from ..key_search import requests_seen
from ..key_search.spellings import KEY_TEXT

KEY = f"sk-{KEY_TEXT}"
NO_ANSWER = b""


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as received: request line, lower-case headers and body."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class RawServer:
    """A running server: its address and the requests received so far."""

    port: int
    scheme: str
    host: str = "127.0.0.1"
    received: list[ReceivedRequest] = field(default_factory=list)
    connections: int = 0

    @property
    def base_url(self) -> str:
        """The base URL to give to a client of the API."""
        return f"{self.scheme}://{self.host}:{self.port}/v1"


def answer(body: object = b'{"owner": {}}', status: str = "200 OK", **headers: str) -> bytes:
    """Return the bytes of a response.

    `body` is raw bytes or becomes JSON; header names are written with _ instead of -.
    """
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [
        f"HTTP/1.1 {status}",
        *(
            f"{name}: {value}"
            for name, value in ({"Content-Length": str(len(content))} | named).items()
        ),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@contextmanager
def raw_server(
    *answers: bytes,
    tls: ssl.SSLContext | None = None,
    then_close: bool = False,
    greeting: bytes = b"",
    drip: float | None = None,
) -> Iterator[RawServer]:
    """Run a server that returns these responses in turn, and the last one repeatedly.

    `NO_ANSWER` never responds; `then_close` closes the connection after each response; `greeting`
    is sent before any request, as mail servers do; `drip` adds a space every so many
    seconds, to the last response.
    """
    script = list(answers or [answer()])

    def serve(connection: socket.socket) -> None:
        connection.sendall(greeting)
        stream = connection.makefile("rb")
        while (received := _read_request(stream.readline, stream.read)) is not None:
            said = script[min(len(wire.received), len(script) - 1)]
            wire.received.append(received)
            if said == NO_ANSWER:
                stopped.wait()
                return
            connection.sendall(said)
            while drip is not None and said == script[-1] and not stopped.wait(drip):
                connection.sendall(b" ")
            if then_close:
                return

    stopped = threading.Event()
    with accepting(serve, tls, stopped) as (port, count):
        wire = RawServer(port, "https" if tls else "http")
        count.append(lambda: setattr(wire, "connections", wire.connections + 1))
        yield wire


PROXY_WANTS_CREDENTIALS = answer(
    b"", "407 Proxy Authentication Required", Proxy_Authenticate='Basic realm="proxy"'
)


@dataclass
class Proxy:
    """A running proxy: its address, and the CONNECT lines and credentials it has received.

    `refusal` and `credentials` may be changed while it runs; with `only_for`, they are for one host.
    """

    port: int
    scheme: str = "http"
    refusal: bytes | None = None
    credentials: str = ""
    only_for: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The value for HTTPS_PROXY."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def answer_to(self, received: ReceivedRequest) -> bytes | None:
        """Return what is answered in place of a tunnel; None for a tunnel."""
        if self.only_for not in received.line:
            return None
        given = received.headers.get("proxy-authorization", "")
        wanted = f"Basic {base64.b64encode(self.credentials.encode()).decode()}"
        if self.credentials and given != wanted:
            return PROXY_WANTS_CREDENTIALS
        return self.refusal


@contextmanager
def running_proxy(
    to_port: int,
    refusal: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Proxy]:
    """Run a proxy that connects every CONNECT to a local port, or responds with `refusal`."""

    def serve(client: socket.socket) -> None:
        received = _read_request(client.makefile("rb", buffering=0).readline, lambda size: b"")
        if received is None:
            return
        tunnel.asked.append(received.line)
        tunnel.headers.append(received.headers)
        said = tunnel.answer_to(received)
        if said == NO_ANSWER:
            stopped.wait()
        if said is not None:
            client.sendall(said)
            return
        with socket.create_connection(("127.0.0.1", to_port)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pour, args=(server, client), daemon=True)
            back.start()
            _pour(client, server)
            back.join()

    stopped = threading.Event()
    with accepting(serve, tls, stopped) as (port, _):
        tunnel = Proxy(port, "https" if tls else "http", refusal)
        yield tunnel


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """Return the TLS settings of a server with these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def unused_port() -> int:
    """Return a port on which no server listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def accepting(
    serve: Callable[[socket.socket], None], tls: ssl.SSLContext | None, stopped: threading.Event
) -> Iterator[tuple[int, list[Callable[[], None]]]]:
    """Listen with one thread per connection, and stop all threads when the context ends."""
    on_connection: list[Callable[[], None]] = []
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def attend(connection: socket.socket) -> None:
        # A client that disconnects or rejects the certificate is expected here.
        with (
            suppress(OSError),
            connection,
            tls.wrap_socket(connection, server_side=True) if tls else connection as spoken,
        ):
            opened.append(spoken)
            serve(spoken)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                opened.append(connection)
                for tell in on_connection:
                    tell()
                threads.append(threading.Thread(target=attend, args=(connection,), daemon=True))
                threads[-1].start()

    listener = socket.create_server(("127.0.0.1", 0))
    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1], on_connection
    finally:
        stopped.set()
        _shut([listener, *opened])
        for thread in [acceptor, *threads]:
            thread.join(5)


def _shut(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    _shut([source, target])


def _read_request(
    readline: Callable[[], bytes], read: Callable[[int], bytes]
) -> ReceivedRequest | None:
    line = readline().decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    headers: dict[str, str] = {}
    while text := readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    body = read(int(headers.get("content-length", 0)))
    requests_seen.look("a raw server", line, headers, body)
    return ReceivedRequest(line, headers, body)
