# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy that keeps every byte of both directions."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class RecordingProxy:
    """Forwards connections to one address.

    Attributes:
        executor: The proxy's own address, as the command line takes it.
        recorded: All bytes so far, of both directions.
    """

    def __init__(self, address: str) -> None:
        target = urlsplit(address)
        self._target = (target.hostname, target.port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.executor = f"dask://127.0.0.1:{self._server.getsockname()[1]}"
        self.recorded = b""
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._start(self._accept)

    def _start(self, call: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=call, args=arguments, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:  # closed
                return
            far = socket.create_connection(self._target)
            self._ends += [near, far]
            self._start(self._forward, near, far)
            self._start(self._forward, far, near)

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(2**16):
                with self._lock:
                    self.recorded += data
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        for end in (self._server, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def recording_proxy(address: str) -> Iterator[RecordingProxy]:
    """Run a proxy in front of an address such as `tcp://127.0.0.1:8786`."""
    proxy = RecordingProxy(address)
    try:
        yield proxy
    finally:
        proxy.close()
