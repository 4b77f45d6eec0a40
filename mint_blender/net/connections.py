# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections for requests' sessions with a total deadline, which can be stopped while waiting.

A socket's own timeout only limits the time between two bytes, so a server that sends a byte per
second never times out. Here each wait is split into short ones, and the `Guard` of the current
request is checked in between. Connecting and the TLS handshake are limited by the connect timeout,
which is a total in Python's `ssl` and `socket`. Starts no threads.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

T = TypeVar("T")

CHECK_INTERVAL = 0.25
"""Seconds until a stop is noticed, at most."""
BLOCK = 2**16
"""Bytes sent at a time."""


class Guard:
    """Limits one request: `deadline` is a time of `clock`; `stop` returns whether to stop.

    `was_stopped` is set once `stop` has returned true.
    """

    def __init__(
        self,
        deadline: float,
        *,
        stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deadline = deadline
        self._stop = stop
        self._clock = clock
        self.was_stopped = False

    def check(self) -> float:
        """Return the seconds left.

        Raises:
            ConnectionAbortedError: `stop` has returned true.
            TimeoutError: The deadline has passed.
        """
        if self._stop():
            self.was_stopped = True
            raise ConnectionAbortedError("stopped")
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError("the whole took too long")
        return left


# the guard of the request on this thread
_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


@contextmanager
def guarded(guard: Guard) -> Iterator[Guard]:
    """Apply the guard to everything that is sent and received on this thread."""
    token = _guard.set(guard)
    try:
        yield guard
    finally:
        _guard.reset(token)


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


class _Socket:
    """A wrapper of a connected socket that checks the guard while it waits."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self._timeout: float | None = real.gettimeout()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def settimeout(self, seconds: float | None) -> None:
        """Set the longest time without a byte."""
        self._timeout = seconds
        self.real.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """Return the longest time without a byte."""
        return self._timeout

    def makefile(self, mode: str, buffering: int = -1) -> Any:
        """Return a buffered stream that keeps the socket open while it is open itself."""
        if mode != "rb":
            return self.real.makefile(mode, buffering)
        raw = _SocketReader(self)
        return (
            io.BufferedReader(raw, io.DEFAULT_BUFFER_SIZE if buffering < 0 else buffering)
            if buffering
            else raw
        )

    def recv_into(self, buffer: Any) -> int:
        """Receive some bytes; return 0 at the end."""
        return self._wait_for(lambda: int(self.real.recv_into(buffer)))

    def recv(self, size: int) -> bytes:
        """Return some bytes; none at the end."""
        return self._wait_for(lambda: bytes(self.real.recv(size)))

    def sendall(self, data: Any) -> None:
        """Send all data block by block."""
        with memoryview(data) as view, view.cast("B") as octets:
            sent = 0
            while sent < len(octets):
                block = octets[sent : sent + BLOCK]
                sent += self._wait_for(lambda block=block: int(self.real.send(block)))  # type: ignore[misc]

    def _wait_for(self, act: Callable[[], T]) -> T:
        guard, waiting_since = _guard.get(), time.monotonic()
        try:
            while True:
                left = guard.check() if guard is not None else CHECK_INTERVAL
                remaining = (
                    None
                    if self._timeout is None
                    else waiting_since + self._timeout - time.monotonic()
                )
                # Not 0, which would make the socket non-blocking.
                self.real.settimeout(
                    max(
                        0.001,
                        min(
                            CHECK_INTERVAL, left, CHECK_INTERVAL if remaining is None else remaining
                        ),
                    )
                )
                try:
                    return act()
                except TimeoutError:
                    if (
                        remaining is not None
                        and remaining <= CHECK_INTERVAL
                        and time.monotonic() - waiting_since >= (self._timeout or 0.0)
                    ):
                        raise
        finally:
            self.real.settimeout(self._timeout)


class _SocketReader(io.RawIOBase):
    """The raw stream below a buffered one."""

    def __init__(self, guarded_socket: _Socket) -> None:
        self._socket = guarded_socket
        # only to keep the socket open
        self._holder = guarded_socket.real.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._socket.recv_into(buffer)

    def fileno(self) -> int:
        return int(self._socket.real.fileno())

    def close(self) -> None:
        if not self.closed:
            self._holder.close()
        super().close()


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
        self.sock = _Socket(self.sock)

    def _tunnel(self) -> None:
        real, self.sock = self.sock, _Socket(self.sock)
        try:
            super()._tunnel()  # type: ignore[misc]
        finally:
            if self.sock is not None:  # close the connection to a proxy that refuses
                self.sock = real


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
