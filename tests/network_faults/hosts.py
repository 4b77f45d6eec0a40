# SPDX-License-Identifier: GPL-3.0-or-later
"""A reverse proxy in front of the stand-in service: its API and its file host, with one fault at a time.

Every request is forwarded, unless the armed fault takes it. Use it as a context manager; `api` and
`files` are the addresses for the client.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import web

from tests.mint_service.runner import ThreadService

from .exchange import Exchange

NAME = "localhost"
"""The host name of both hosts, which `name_resolution` leads wherever a fault wants."""


class Call(StrEnum):
    """The call of a job, or of a panel, that a fault hits."""

    UPLOAD = "upload"
    START = "start"
    POLL = "poll"
    DOWNLOAD = "download"
    USAGE = "usage"


def call_of(host: str, method: str, path: str) -> Call | None:
    """Return which call a request is; None for one that no fault hits."""
    if host == "files":
        return Call.DOWNLOAD if path.endswith(".glb") else None
    if method == "POST":
        if path.endswith(":generate"):
            return Call.START
        return Call.UPLOAD if path.endswith("/reference-images") else None
    if path.startswith("/v1/operations/"):
        return Call.POLL
    return Call.USAGE if path == "/v1/usage" else None


Behavior = Callable[[Exchange], Awaitable[web.StreamResponse]]


@dataclass
class ArmedFault:
    """A fault that is waiting for its call, or has met it."""

    call: Call
    behavior: Behavior | None = None
    most: int | None = None
    hits: int = 0
    is_over: bool = False

    def takes(self, call: Call | None) -> bool:
        """Return whether the fault hits a call now, and note it."""
        if self.is_over or call is not self.call or self.hits == self.most:
            return False
        self.hits += 1
        return True


class Hosts:
    """The two hosts, on a thread of their own."""

    def __init__(self, service: ThreadService, *, scale: float) -> None:
        self.scale = scale
        self.fault: ArmedFault | None = None
        self.told_to_files = ""
        self.ports: dict[str, int] = {}
        self._service = service
        self._upstream = {"api": service.api.removesuffix("/v1"), "files": service.files}
        self._loop = asyncio.new_event_loop()
        self._runners: list[web.AppRunner] = []
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="network-faults", daemon=True
        )

    def __enter__(self) -> Hosts:
        self._thread.start()
        self.run(self._open())
        self.api = f"http://{NAME}:{self.ports['api']}/v1"
        self.files = f"http://{NAME}:{self.ports['files']}"
        self._service.mint.files_url = self.files
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the thread of the hosts, and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def stop_listening(self) -> None:
        """Refuse connections, and end those that are open."""
        self.run(self._close_runners())

    def listen_again(self) -> None:
        """Accept connections on the same ports."""
        self.run(self._listen())

    def drop_connections(self) -> None:
        """End all connections that are open."""
        self.stop_listening()
        self.listen_again()

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        await self._listen()

    async def _listen(self) -> None:
        for host in self._upstream:
            runner = web.AppRunner(
                self._application(host),
                keepalive_timeout=600,
                access_log=None,
                shutdown_timeout=0.1,
            )
            await runner.setup()
            self._runners.append(runner)
            for listener in _listeners(self.ports.get(host, 0)):
                self.ports[host] = listener.getsockname()[1]
                await web.SockSite(runner, listener).start()

    async def _close_runners(self) -> None:
        runners, self._runners = self._runners, []
        for runner in runners:
            await runner.cleanup()

    async def _close(self) -> None:
        await self._close_runners()
        await self._session.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _application(self, host: str) -> web.Application:
        async def handle(request: web.Request) -> web.StreamResponse:
            if host == "files":
                self.told_to_files += f"{request.raw_path}\n{dict(request.headers)}\n"
            fault = self.fault
            exchange = Exchange(
                request,
                self._upstream[host],
                self._session,
                self.scale,
                lambda: fault is None or fault.is_over,
            )
            call = call_of(host, request.method, request.path)
            with suppress(ConnectionError):  # the client has gone away
                if fault is not None and fault.behavior is not None and fault.takes(call):
                    return await fault.behavior(exchange)
                return await exchange.forward()
            return web.Response(status=500)  # not sent

        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:(?s:.*)}", handle)
        return application


def _listeners(port: int) -> list[socket.socket]:
    """Return listeners on a port of both loopback addresses; port 0 chooses one."""
    first = socket.create_server(("127.0.0.1", port))
    try:
        second = socket.create_server(("::1", first.getsockname()[1]), family=socket.AF_INET6)
    except OSError:  # without IPv6
        return [first]
    return [first, second]
