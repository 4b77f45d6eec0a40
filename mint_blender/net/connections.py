# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections of HTTP requests: guarded, kept alive, and only to allowed addresses.

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
from contextlib import suppress
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Any

import requests
from requests.adapters import HTTPAdapter
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
    return next(filter(None, map(os.environ.get, CA_VARIABLES)), True)


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


class Connections(HTTPAdapter):
    """Guarded connections that send a request once, from any thread: urllib3's pools have locks.

    Nothing is sent beside the given headers: no cookies, nothing from ~/.netrc. Proxies and CA
    bundles come from the environment. Redirects are not followed.

    Args:
        may_reach: Returns whether an IP address is allowed. It is called with each address that a
            host name resolves to, and with the connected one, before anything is sent;
            ForbiddenAddress is raised otherwise. Not used behind a proxy, which resolves names.
            None allows all, for hosts that are trusted.
        kept: How many connections to each host are kept alive.
        max_idle: Seconds after which an unused connection is not used again.
    """

    may_open = True
    """False: NotOpen is raised instead of opening a connection, and nothing is sent."""

    def __init__(
        self,
        may_reach: Callable[[str], bool] | None = None,
        *,
        kept: int = 1,
        max_idle: float = math.inf,
    ) -> None:
        self.may_reach = may_reach
        self.max_idle = max_idle
        self._kept = kept
        pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        self._pools = self._own(pools, _GuardedConnection, _KeepAlivePool)
        self._open_pools()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: tuple[float, float],
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        uses_proxy: bool = True,
    ) -> requests.Response:
        """Send a request; return the response, its body unread.

        Args:
            method: The method.
            url: The address, without a user name.
            headers: All headers that are not about the body.
            timeout: Seconds to connect, and seconds without a byte.
            query: Query parameters.
            content: The body.
            uses_proxy: Whether to use the proxy that the environment names.

        Raises:
            OSError: There is no response; requests' exceptions are such errors.
        """
        if self._process != os.getpid():  # after a fork: those connections are the parent's
            self._open_pools()
        request = requests.Request(method, url, headers=headers, data=content, params=query)
        proxies = requests.utils.get_environ_proxies(url) if uses_proxy else {}
        return self.send(request.prepare(), timeout=timeout, verify=ca_bundle(), proxies=proxies)

    def is_open(self) -> bool:
        """Return whether the connection that was opened last is still open.

        With `kept=1`, one host and one request at a time, the next request uses that one.
        """
        latest = self.latest
        return self._process == os.getpid() and latest is not None and not _is_lost(latest)

    def _open_pools(self) -> None:
        self._process = os.getpid()
        self.latest: Any = None
        super().__init__(pool_connections=8, pool_maxsize=self._kept, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: Any, **more: Any) -> Any:
        """Return what opens connections by a proxy: also guarded ones, or watched ones by SOCKS."""
        manager = super().proxy_manager_for(proxy, **more)
        own = self._pools
        if str(proxy).lower().startswith("socks"):  # it has connections of its own
            own = self._own(type(manager).pool_classes_by_scheme, _WatchedConnection)
        manager.pool_classes_by_scheme = own
        return manager

    def _own(
        self, pools: Mapping[str, type[HTTPConnectionPool]], connection: type, *mixins: type
    ) -> dict[str, Any]:
        """Return pool classes with these mixins, for urllib3, which creates connections itself."""
        own = {"owner": self}
        classes = {}
        for scheme, pool in pools.items():
            kind = type("_Connection", (connection, pool.ConnectionCls), own)
            classes[scheme] = type(pool.__name__, (*mixins, pool), {**own, "ConnectionCls": kind})
        return classes


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

    owner: Connections

    def connect(self) -> None:
        if not self.owner.may_open:
            raise NotOpen("the connection is closed")
        super().connect()  # type: ignore[misc]
        self.owner.latest = self


class _GuardedConnection(_WatchedConnection):
    """Mixin of connections with a guarded socket, also for a proxy's CONNECT request."""

    host: str
    port: int
    sock: Any
    proxy: Any
    # debug output of http.client would show the key
    debuglevel = 0
    response_class = _FinalResponse
    last_used = math.inf
    """When the last response ended; the future before the first one."""

    def _new_conn(self) -> Any:
        if self.proxy is not None or self.owner.may_reach is None:
            return super()._new_conn()  # type: ignore[misc]
        try:
            host = self.host.strip("[]")
            resolved = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # connecting fails, too, and says why
            resolved = []
        for entry in resolved:
            self._check(str(entry[4][0]))
        connected = super()._new_conn()  # type: ignore[misc]
        try:  # the name may resolve to another address by now
            self._check(connected.getpeername()[0])
        except BaseException:
            connected.close()
            raise
        return connected

    def _check(self, address: str) -> None:
        if self.owner.may_reach is not None and not self.owner.may_reach(address):
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


def _is_lost(connection: Any) -> bool:
    """Return whether the server has closed a connection, or sent something that nobody wants."""
    return getattr(connection.sock, "has_ended", False) or is_connection_dropped(connection)


class _KeepAlivePool:
    """Mixin of connection pools that do not use a connection again after a long pause."""

    owner: Connections

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        is_idle = time.monotonic() - connection.last_used > self.owner.max_idle
        if not is_idle and not getattr(connection.sock, "has_ended", False):
            return connection
        connection.close()
        return self._new_conn()  # type: ignore[attr-defined]

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.last_used = time.monotonic()
        super()._put_conn(conn)  # type: ignore[misc]


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
