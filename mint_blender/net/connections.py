# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections with a total deadline that can be stopped while they wait.

For requests' sessions; starts no threads.

A socket's own time-out only counts the silence between two bytes: who sends a byte a second, in the
headers or in the body, is never given up. Here each wait is cut into short pieces, and between two
of them the `Guard` of the present exchange is asked. The connection itself and its TLS handshake
are bounded by the connect time-out, which is a total one in Python's `ssl` and `socket`.
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

PIECE = 0.25  # seconds until a wish to stop is noticed, at most
BLOCK = 2**16  # bytes that are sent at a time: each of them is a sign of life


class Guard:
    """Bounds one exchange: `deadline` is a moment of `clock`; `stop` says whether an end is wanted.

    `was_stopped` tells afterwards.
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
        """Seconds that are left.

        Raises OSError when an end is wanted, TimeoutError when the time is over.
        """
        if self._stop():
            self.was_stopped = True
            raise ConnectionAbortedError("stopped")
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError("the whole took too long")
        return left


# of the exchange on this thread
_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


@contextmanager
def guarded(guard: Guard) -> Iterator[Guard]:
    """Let the guard bound everything that is sent and received on this thread meanwhile."""
    token = _guard.set(guard)
    try:
        yield guard
    finally:
        _guard.reset(token)


class ForbiddenAddress(HTTPError):
    """A host name leads to an address that must not be reached. Nothing was sent there."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} must not be reached")
        self.address = address


def any_address(address: str) -> bool:
    """The addresses that a session may reach whose host names are trusted."""
    return True


def mount(
    session: requests.Session,
    *,
    connections: int = 1,
    may_reach: Callable[[str], bool] = any_address,
) -> None:
    """Have all connections of a session guarded; it keeps this many of them open.

    Nothing is repeated by itself.

    `may_reach` decides about each IP address that a host name leads to, and about the one that was
    connected to, before anything is sent; ForbiddenAddress is raised for one that it refuses.
    Behind a proxy it is the proxy that resolves names: there nothing is asked.
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
        if not str(proxy).lower().startswith("socks"):  # that one has connections of its own
            manager.pool_classes_by_scheme = self._pools
        return manager


class _Socket:
    """A connected socket whose waits are cut into pieces.

    Whatever is not here is the socket's own.
    """

    def __init__(self, real: Any) -> None:
        self.real = real
        self._silence: float | None = real.gettimeout()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def settimeout(self, seconds: float | None) -> None:
        """The longest silence."""
        self._silence = seconds
        self.real.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """The longest silence."""
        return self._silence

    def makefile(self, mode: str, buffering: int = -1) -> Any:
        """A buffered stream to read from, which keeps the socket open as long as it is open itself,
        as a socket's own does.
        """
        if mode != "rb":
            return self.real.makefile(mode, buffering)
        raw = _Raw(self)
        return (
            io.BufferedReader(raw, io.DEFAULT_BUFFER_SIZE if buffering < 0 else buffering)
            if buffering
            else raw
        )

    def recv_into(self, buffer: Any) -> int:
        """Some bytes; 0 at the end."""
        return self._wait_for(lambda: int(self.real.recv_into(buffer)))

    def recv(self, size: int) -> bytes:
        """Some bytes; none at the end."""
        return self._wait_for(lambda: bytes(self.real.recv(size)))

    def sendall(self, data: Any) -> None:
        """All of it, block by block."""
        with memoryview(data) as view, view.cast("B") as octets:
            sent = 0
            while sent < len(octets):
                block = octets[sent : sent + BLOCK]
                sent += self._wait_for(lambda block=block: int(self.real.send(block)))  # type: ignore[misc]

    def _wait_for(self, act: Callable[[], T]) -> T:
        guard, silent_since = _guard.get(), time.monotonic()
        try:
            while True:
                left = guard.check() if guard is not None else PIECE
                silence = (
                    None
                    if self._silence is None
                    else silent_since + self._silence - time.monotonic()
                )
                # At least a moment: a time-out of 0 would make the socket one that never waits.
                self.real.settimeout(
                    max(0.001, min(PIECE, left, PIECE if silence is None else silence))
                )
                try:
                    return act()
                except TimeoutError:
                    if (
                        silence is not None
                        and silence <= PIECE
                        and time.monotonic() - silent_since >= (self._silence or 0.0)
                    ):
                        raise
        finally:
            self.real.settimeout(self._silence)


class _Raw(io.RawIOBase):
    """What a buffered stream reads from."""

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


class _Guarding:
    """A connection whose socket is a guarded one, also while it asks a proxy for a tunnel."""

    sock: Any
    proxy: Any
    # what Python prints of headers when somebody asks all connections for it would show the key
    debuglevel = 0
    may_reach: Callable[[str], bool]

    def _new_conn(self) -> Any:
        if self.proxy is not None:
            return super()._new_conn()  # type: ignore[misc]
        self._check(_resolved(self.host, self.port))  # type: ignore[attr-defined]
        connected = super()._new_conn()  # type: ignore[misc]
        try:
            self._check([connected.getpeername()[0]])  # a name may lead elsewhere a moment later
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
            if self.sock is not None:  # a proxy that refuses is hung up on
                self.sock = real


def _resolved(host: str, port: int) -> list[str]:
    """All addresses of a host name; none where it cannot be resolved, which connecting then says in
    its own way.
    """
    try:
        return [
            str(found[4][0])
            for found in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        ]
    except (OSError, UnicodeError):
        return []


def _pools(may_reach: Callable[[str], bool]) -> dict[str, type[HTTPConnectionPool]]:
    """The classes of a session's connections: urllib3 makes them itself, so what they have to know
    is a member of the class.
    """
    own = {"may_reach": staticmethod(may_reach)}
    plain = type("_HttpConnection", (_Guarding, HTTPConnection), own)
    secure = type("_HttpsConnection", (_Guarding, HTTPSConnection), own)
    return {
        "http": type("_HttpPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
