# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets with a total deadline, which another thread can stop while they wait.

A socket's own timeout only limits the time between two bytes, so a server that sends a byte per
second never times out. Here the socket never blocks: each wait is split into short ones, and the
`Guard` of the current request is checked in between. Starts no threads.
"""

from __future__ import annotations

import io
import math
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from urllib3.util import wait_for_read, wait_for_write

CHECK_INTERVAL = 0.25
"""Seconds until a stop is noticed, at most."""
BLOCK = 2**16
"""Bytes sent at a time."""


class RequestStopped(ConnectionAbortedError):
    """The guard's `stop` has returned true."""


class Guard:
    """Limits one request: `deadline` is a time of `clock`; `stop` returns whether to stop.

    `was_stopped` is set once `stop` has returned true; `was_late` once the deadline has passed
    before anything was sent.
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
        self._began = clock(), time.time()
        self._has_sent = False
        self.was_stopped = self.was_late = False

    def check(self) -> float:
        """Return the seconds left.

        Raises:
            RequestStopped: `stop` has returned true.
            TimeoutError: The deadline has passed.
        """
        if self._stop():
            self.was_stopped = True
            raise RequestStopped("stopped")
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError("the whole took too long")
        return left

    def check_sending(self) -> float:
        """Check before something is sent, also by the wall clock; raise the same.

        The other clock may stand still while the computer sleeps. What was to be sent before
        must not be sent afterwards.
        """
        try:
            left = self.check()
            clock, wall = self._began
            if time.time() - wall >= self._deadline - clock:
                raise TimeoutError("the computer has slept")
        except TimeoutError:
            self.was_late = not self._has_sent
            raise
        self._has_sent = True
        return left


_NO_LIMIT = Guard(math.inf)
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


class GuardedSocket:
    """A wrapper of a connected socket that checks the guard while it waits.

    `real` is the wrapped one. It does not block, except for TLS inside the TLS of a proxy.
    """

    def __init__(self, real: Any) -> None:
        self.real = real
        self._timeout: float | None = real.gettimeout()
        self._failure: OSError | None = None
        self._is_at_end = False
        self._blocks = not isinstance(real, socket.socket)  # urllib3's SSLTransport
        real.settimeout(CHECK_INTERVAL if self._blocks else 0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    @property
    def has_ended(self) -> bool:
        """Whether the end or an error was received, which the real socket may not show again."""
        return self._is_at_end or self._failure is not None

    def unguarded(self) -> Any:
        """Return the wrapped socket as it was."""
        self.real.settimeout(self._timeout)
        return self.real

    def settimeout(self, seconds: float | None) -> None:
        """Set the longest time without a byte."""
        self._timeout = seconds

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

    def recv_into(self, buffer: memoryview) -> int:
        """Wait for bytes and receive all that are there; return 0 at the end."""
        if self._failure is not None:
            raise self._failure
        if self._is_at_end:
            return 0
        count = self._wait_for(partial(self.real.recv_into, buffer), wait_for_read)
        self._is_at_end = not count
        if count and not self._blocks:
            count += self._receive_more(buffer[count:])
        return count

    def _receive_more(self, buffer: memoryview) -> int:
        """Receive without waiting. With TLS, each call receives one record of at most 16 KB.

        The end and errors are kept for the next call: what came before them is received first.
        """
        count = 0
        try:
            while count < len(buffer) and not self._is_at_end:
                more = int(self.real.recv_into(buffer[count:]))
                self._is_at_end = not more
                count += more
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self._failure = error
        return count

    def sendall(self, data: Any) -> None:
        """Send all data block by block."""
        with memoryview(data) as view, view.cast("B") as octets:
            sent = 0
            while sent < len(octets):
                send = partial(self.real.send, octets[sent : sent + BLOCK])
                sent += self._wait_for(send, wait_for_write)

    def _wait_for(self, act: Callable[[], int], ready: Callable[..., bool]) -> int:
        """Return the result of `act`, which is tried again whenever the socket is ready for it."""
        guard = _guard.get() or _NO_LIMIT
        waiting_since = time.monotonic()
        check = guard.check_sending if ready is wait_for_write else guard.check
        while True:
            step = min(check(), CHECK_INTERVAL)
            is_ready = ready
            try:
                return act()
            except BlockingIOError:
                pass
            except ssl.SSLWantReadError:
                is_ready = wait_for_read
            except ssl.SSLWantWriteError:
                is_ready = wait_for_write
            except TimeoutError:
                if not self._blocks:  # the system's own, after lost packets
                    raise
                step = 0.0
            if self._timeout is not None:
                step = min(step, waiting_since + self._timeout - time.monotonic())
            if is_ready(self.real, max(0.0, step)) or self._timeout is None:
                continue
            if time.monotonic() - waiting_since >= self._timeout:
                raise TimeoutError("timed out")


class _SocketReader(io.RawIOBase):
    """The raw stream below a buffered one."""

    def __init__(self, guarded_socket: GuardedSocket) -> None:
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
