# SPDX-License-Identifier: GPL-3.0-or-later
"""A small real file host on loopback that can misbehave; it records every request."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

from ..key_search import requests_seen


@dataclass
class Served:
    """A file and how it is served.

    Each request uses up one of `faults`; after them the host behaves.
    """

    content: bytes
    etag: str | None = None
    modified: str | None = None
    knows_ranges: bool = True
    tells_length: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


Fault = Callable[["Handler", Served], None]


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; header names are in lower case."""

    path: str
    headers: dict[str, str]


class Handler(BaseHTTPRequestHandler):
    """Answer GET from the host's table."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        requests_seen.look("a file host", self.path, headers, allowed="")
        self.server.asked.append(Asked(self.path, headers))
        served = self.server.table.get(self.path.partition("?")[0])
        if served is None:
            self.answer(404, b"no such file")
        elif served.faults:
            served.faults.pop(0)(self, served)
        else:
            self.serve(served)

    def serve(self, served: Served, *, upto: int | None = None, length: int | None = None) -> None:
        """Send the file or the requested range.

        With `upto`, send only so many bytes of the body; `length` replaces the true length.
        """
        body, status, headers = served.content, 200, dict(served.headers)
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range") in (None, served.etag, served.modified)
        if asked and served.knows_ranges and is_same:
            start = int(asked[1])
            if start >= len(body):
                return self.answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body, status = body[start:], 206
        if served.etag:
            headers["ETag"] = served.etag
        if served.modified:
            headers["Last-Modified"] = served.modified
        self.answer(
            status,
            body if upto is None else body[:upto],
            headers,
            length=len(body) if length is None else length,
            tells_length=served.tells_length,
            cut=upto is not None,
        )

    def answer(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        length: int | None = None,
        tells_length: bool = True,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if tells_length:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        if cut or not tells_length:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The socket of a `FileHost`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.table: dict[str, Served] = {}
        self.asked: list[Asked] = []
        self.accepted = 0
        self.closed = 0

    def get_request(self) -> tuple[socket.socket, object]:  # type: ignore[override]
        """Accept a connection; with TLS, this includes the handshake."""
        accepted = super().get_request()
        self.accepted += 1
        return accepted

    def shutdown_request(self, request: object) -> None:
        super().shutdown_request(request)  # type: ignore[arg-type]
        self.closed += 1

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that go away in the middle are part of the tests


class FileHost:
    """A running host: `put` files, read `asked`. With a certificate it uses https."""

    def __init__(self, certificate: trustme.LeafCert | None = None) -> None:
        self._server = Server()
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> FileHost:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def put(self, path: str, content: bytes, **how: object) -> str:
        """Serve `content` under `path` and return the address."""
        self._server.table[path] = Served(content, **how)  # type: ignore[arg-type]
        return self.url(path)

    def url(self, path: str) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}{path}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def asked(self) -> list[Asked]:
        return self._server.asked

    @property
    def connections(self) -> int:
        """The number of connections so far, with TLS of handshakes."""
        return self._server.accepted

    @property
    def open_connections(self) -> int:
        """The number of connections that nobody has closed."""
        return self._server.accepted - self._server.closed


def cut(after: int) -> Fault:
    """Break the connection after so many bytes of the body."""
    return lambda handler, served: handler.serve(served, upto=after)


def status(code: int, **headers: str) -> Fault:
    """Answer with an error status; header names are written with underscores."""
    return lambda handler, _: handler.answer(
        code,
        b"<html>sorry</html>",
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


def redirect(to: str, code: int = 302) -> Fault:
    """Redirect the client to another address."""
    return status(code, Location=to)


def claim(length: int) -> Fault:
    """Claim a length that is not the file's, then send the file and close the connection."""
    return lambda handler, served: handler.serve(served, upto=len(served.content), length=length)


def hang(until: threading.Event) -> Fault:
    """Send the headers and half of the body, then nothing until the event is set."""

    def fault(handler: Handler, served: Served) -> None:
        handler.serve(served, upto=len(served.content) // 2)
        handler.wfile.flush()
        until.wait(30)

    return fault


def mute(until: threading.Event) -> Fault:
    """Take the request and answer nothing until the event is set."""

    def fault(handler: Handler, _: Served) -> None:
        until.wait(30)
        handler.close_connection = True

    return fault


def become(content: bytes, etag: str | None) -> Fault:
    """Change the file from now on, then serve it."""

    def fault(handler: Handler, served: Served) -> None:
        served.content, served.etag = content, etag
        handler.serve(served)

    return fault


@contextmanager
def released(event: threading.Event) -> Iterator[threading.Event]:
    """Set the event at the end, so that no thread of the server keeps waiting."""
    try:
        yield event
    finally:
        event.set()
