# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections for requests' sessions: guarded, and only to allowed addresses.

Connecting and the TLS handshake are limited by the connect timeout, which is a total in Python's
`ssl` and `socket`; everything after it by the `Guard`. Starts no threads.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from .guarded_socket import GuardedSocket


class ForbiddenAddress(HTTPError):
    """A host name resolves to a forbidden address. Nothing was sent there."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} must not be reached")
        self.address = address


def any_address(address: str) -> bool:
    """Allow all addresses, for sessions whose host names are trusted."""
    return True


def mount(
    session: requests.Session,
    *,
    connections: int = 1,
    may_reach: Callable[[str], bool] = any_address,
) -> None:
    """Make all connections of a session guarded, without automatic retries.

    Args:
        session: The session to change.
        connections: How many connections are kept open.
        may_reach: Returns whether an IP address is allowed. It is called with each address that a
            host name resolves to, and with the connected one, before anything is sent;
            ForbiddenAddress is raised otherwise. Not used behind a proxy, which resolves names.
    """
    adapter = _Adapter(may_reach, connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


class _Adapter(HTTPAdapter):
    def __init__(self, may_reach: Callable[[str], bool], connections: int) -> None:
        self._pools = _pools(may_reach)
        super().__init__(pool_connections=connections, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: Any, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **more)
        if not str(proxy).lower().startswith("socks"):  # a SOCKS proxy has connections of its own
            manager.pool_classes_by_scheme = self._pools
        return manager


class _GuardedConnection:
    """Mixin of connections with a guarded socket, also for a proxy's CONNECT request."""

    sock: Any
    proxy: Any
    # debug output of http.client would show the key
    debuglevel = 0
    may_reach: Callable[[str], bool]

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
            if not self.may_reach(address):
                raise ForbiddenAddress(address)

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
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


def _pools(may_reach: Callable[[str], bool]) -> dict[str, type[HTTPConnectionPool]]:
    """Return connection pool classes for urllib3, which creates the connections itself."""
    own = {"may_reach": staticmethod(may_reach)}
    plain = type("_HttpConnection", (_GuardedConnection, HTTPConnection), own)
    secure = type("_HttpsConnection", (_GuardedConnection, HTTPSConnection), own)
    return {
        "http": type("_HttpPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
