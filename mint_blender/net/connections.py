# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections for requests' sessions: guarded, kept alive, and only to allowed addresses.

Connecting and the TLS handshake are limited by the connect timeout, which is a total in Python's
`ssl` and `socket`; everything after it by the `Guard`. Starts no threads.

Bodies are read from `http.client`, below urllib3: urllib3 1.26, which Blender up to 4.5 brings, has
no `read1`, and its `read` waits for whole blocks, which must then be small.
"""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.connection import is_connection_dropped

from .guarded_socket import GuardedSocket

SKIPPED = 2**14
"""Bytes read at a time, at most twice, when a body is skipped."""
# requests itself reads only the first two; the rest of Python and OpenSSL use SSL_CERT_FILE.
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def ca_bundle() -> str | bool:
    """Return `verify` for requests: the CA bundle from the environment, or True for the default."""
    return next((os.environ[name] for name in CA_VARIABLES if os.environ.get(name)), True)


class ForbiddenAddress(HTTPError):
    """A host name resolves to a forbidden address. Nothing was sent there."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} must not be reached")
        self.address = address


class HandshakeTimeout(TimeoutError):
    """Connected, but TLS or a proxy's CONNECT was not finished within the connect timeout.

    urllib3 reports it as a read timeout, of which this is the cause.
    """


def was_connecting(error: BaseException | None) -> bool:
    """Return whether a timeout was the one to connect, not the one to read."""
    while error is not None and not isinstance(error, HandshakeTimeout):
        error = error.__cause__ or error.__context__
    return error is not None


class NotOpen(HTTPError):
    """Another connection was needed where none may be opened. Nothing was sent."""


@dataclass(frozen=True)
class ConnectionRules:
    """How a session's connections are used.

    Attributes:
        may_reach: Returns whether an IP address is allowed. It is called with each address that a
            host name resolves to, and with the connected one, before anything is sent;
            ForbiddenAddress is raised otherwise. Not used behind a proxy, which resolves names. By
            default all are allowed, for sessions whose host names are trusted.
        kept: How many connections to each host are kept alive.
        max_idle: Seconds after which an unused connection is not used again.
    """

    may_reach: Callable[[str], bool] = lambda address: True
    kept: int = 1
    max_idle: float = math.inf


def mount(session: requests.Session, rules: ConnectionRules = ConnectionRules()) -> None:
    """Make all connections of a session guarded, without automatic retries."""
    adapter = _Adapter(rules)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


# whether this thread may open connections
_may_open: ContextVar[bool] = ContextVar("may_open", default=True)


@contextmanager
def only_open() -> Iterator[None]:
    """Raise NotOpen instead of opening a connection on this thread; send nothing twice."""
    token = _may_open.set(False)
    try:
        yield
    finally:
        _may_open.reset(token)


def send(
    session: requests.Session,
    request: requests.Request,
    timeout: tuple[float, float],
    no_proxy: str | None = None,
) -> requests.Response:
    """Send a request with the settings of a session; return the response, its body unread.

    The adapter is used, not the session: a session reads the whole body of a redirect, even if it
    does not follow it, and only its adapter is made for several threads.

    Args:
        session: A mounted session.
        request: The request.
        timeout: Seconds to connect, and seconds without a byte.
        no_proxy: A host that is reached without a proxy, whatever the environment says.

    Raises:
        OSError: There is no response; requests' exceptions are such errors.
    """
    proxies = {} if no_proxy is None else {"no_proxy": no_proxy}
    settings: Mapping[str, Any] = session.merge_environment_settings(
        request.url, proxies, True, ca_bundle(), None
    )
    return session.get_adapter(request.url).send(
        session.prepare_request(request), timeout=timeout, **settings
    )


def is_open(session: requests.Session, url: str) -> bool:
    """Return whether the connection that a mounted session has opened last is still open.

    With `kept=1`, one host and one request at a time, the next request uses that one.
    """
    adapter = session.get_adapter(url)
    return not isinstance(adapter, _Adapter) or adapter.is_open()


class _Latest:
    """The connection that was opened last."""

    connection: Any = None


class _Adapter(HTTPAdapter):
    """Sends requests from any thread: urllib3's pools, which hold the connections, have locks."""

    def __init__(self, rules: ConnectionRules) -> None:
        self._rules = rules
        self._latest = _Latest()
        self._pools = _pools(rules, self._latest)
        self._open_pools()

    def is_open(self) -> bool:
        """Return whether the connection that was opened last is still open."""
        connection = self._latest.connection
        return self._process == os.getpid() and connection is not None and not _is_lost(connection)

    def _open_pools(self) -> None:
        self._process = os.getpid()
        self._latest.connection = None
        super().__init__(pool_connections=8, pool_maxsize=self._rules.kept, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: Any, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **more)
        own = self._pools
        if str(proxy).lower().startswith("socks"):  # it has connections of its own
            own = _watched(type(manager).pool_classes_by_scheme, self._latest)
        manager.pool_classes_by_scheme = own
        return manager

    def send(
        self, request: requests.PreparedRequest, *arguments: Any, **more: Any
    ) -> requests.Response:
        """Send a request."""
        if self._process != os.getpid():  # after a fork: those connections are the parent's
            self._open_pools()
        return super().send(request, *arguments, **more)


class _FinalResponse(HTTPResponse):
    """A response after all interim ones, such as 103 Early Hints (RFC 9110, section 15.2).

    Python itself skips only 100 Continue.
    """

    def _read_status(self) -> Any:
        while True:
            line = super()._read_status()  # type: ignore[misc]  # not in the stubs
            if not 101 < line[1] < 200:
                return line
            parse_headers(self.fp)


class _WatchedConnection:
    """Mixin of connections that are opened only where that is allowed."""

    latest: _Latest

    def connect(self) -> None:
        if not _may_open.get():
            raise NotOpen("the connection is closed")
        super().connect()  # type: ignore[misc]
        self.latest.connection = self


class _GuardedConnection(_WatchedConnection):
    """Mixin of connections with a guarded socket, also for a proxy's CONNECT request."""

    sock: Any
    proxy: Any
    # debug output of http.client would show the key
    debuglevel = 0
    response_class = _FinalResponse
    rules: ConnectionRules
    last_used = math.inf
    """When the last response ended; the future before the first one."""

    def _new_conn(self) -> Any:
        if self.proxy is not None:
            return super()._new_conn()  # type: ignore[misc]
        self._check(_resolved(self.host, self.port))  # type: ignore[attr-defined]
        connected = super()._new_conn()  # type: ignore[misc]
        try:
            self._check(
                [connected.getpeername()[0]]
            )  # the name may resolve to another address by now
        except BaseException:
            connected.close()
            raise
        return connected

    def _check(self, addresses: list[str]) -> None:
        for address in addresses:
            if not self.rules.may_reach(address):
                raise ForbiddenAddress(address)

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as error:
            raise HandshakeTimeout(*error.args) from error
        self.sock = GuardedSocket(self.sock)

    def _tunnel(self) -> None:
        guarded = self.sock = GuardedSocket(self.sock)
        try:
            super()._tunnel()  # type: ignore[misc]
        finally:
            if self.sock is not None:  # close the connection to a proxy that refuses
                self.sock = guarded.unguarded()


def _resolved(host: str, port: int) -> list[str]:
    """Return all addresses of a host name; none if it cannot be resolved."""
    try:
        return [
            str(found[4][0])
            for found in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        ]
    except (OSError, UnicodeError):
        return []


def _is_lost(connection: Any) -> bool:
    """Return whether the server has closed a connection, or sent something that nobody wants."""
    return getattr(connection.sock, "has_ended", False) or is_connection_dropped(connection)


class _KeepAlivePool:
    """Mixin of connection pools that do not use a connection again after a long pause."""

    rules: ConnectionRules

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        is_idle = time.monotonic() - connection.last_used > self.rules.max_idle
        if not is_idle and not getattr(connection.sock, "has_ended", False):
            return connection
        connection.close()
        return self._new_conn()  # type: ignore[attr-defined]

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.last_used = time.monotonic()
        super()._put_conn(conn)  # type: ignore[misc]


def _watched(
    pools: dict[str, type[HTTPConnectionPool]], latest: _Latest
) -> dict[str, type[HTTPConnectionPool]]:
    """Return pool classes whose connections are watched."""
    own = {"latest": latest}

    def watched(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
        kind = type("_Watched", (_WatchedConnection, pool.ConnectionCls), own)
        return type(pool.__name__, (pool,), {"ConnectionCls": kind})

    return {scheme: watched(pool) for scheme, pool in pools.items()}


def _pools(rules: ConnectionRules, latest: _Latest) -> dict[str, type[HTTPConnectionPool]]:
    """Return connection pool classes for urllib3, which creates the connections itself."""
    own = {"rules": rules, "latest": latest}
    plain = type("_HttpConnection", (_GuardedConnection, HTTPConnection), own)
    secure = type("_HttpsConnection", (_GuardedConnection, HTTPSConnection), own)
    plain_pool = {**own, "ConnectionCls": plain}
    secure_pool = {**own, "ConnectionCls": secure}
    return {
        "http": type("_HttpPool", (_KeepAlivePool, HTTPConnectionPool), plain_pool),
        "https": type("_HttpsPool", (_KeepAlivePool, HTTPSConnectionPool), secure_pool),
    }


def blocks(response: requests.Response, size: int) -> Iterator[bytes]:
    """Yield blocks of at most `size` bytes, as they were sent: a Content-Encoding is not undone.

    Raises:
        ConnectionResetError: The connection ended before the body did.
        OSError: The connection failed.
        http.client.HTTPException: The response is malformed.
    """
    body: Any = response.raw._original_response  # of http.client; requests reads it, too
    while block := body.read1(size):
        yield block
    if body.length:
        raise ConnectionResetError("the connection ended before the body did")
    body.close()
    response.raw.release_conn()


def skip(response: requests.Response) -> None:
    """Skip a body that nobody needs if it is small, else close the connection."""
    with suppress(OSError, HTTPException):
        for number, _ in enumerate(blocks(response, SKIPPED)):
            if number:
                break
    response.close()
