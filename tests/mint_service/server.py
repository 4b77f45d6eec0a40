# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers of the API and of the file host of one service."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import traceback

from aiohttp import web

from ..key_search import requests_seen
from ..mint_model.problems import Problem
from . import filehost
from .backend import Mint
from .faults import Fault
from .http_common import Connections, fault_response, note, problem_response, raw_path, received
from .request_log import LoggedRequest

HOST = "127.0.0.1"
# seconds, so long that the server is never the one that closes connections, which tests count
KEEP_ALIVE = 600.0


class Server:
    """The two servers of one service."""

    def __init__(self, mint: Mint) -> None:
        self.mint = mint
        self._runners: list[web.AppRunner] = []
        self._ports = (0, 0)

    async def start(self, api_port: int = 0, files_port: int = 0) -> None:
        """Start to listen, by default on the ports of the last time."""
        api_port, files_port = api_port or self._ports[0], files_port or self._ports[1]
        files_port = await self._listen(filehost.application(self.mint), files_port)
        api_port = await self._listen(application(self.mint), api_port)
        self._ports = (api_port, files_port)
        self.mint.files_url = f"http://{HOST}:{files_port}"
        self.mint.api_url = f"http://{HOST}:{api_port}/v1"

    async def _listen(self, application: web.Application, port: int) -> int:
        runner = web.AppRunner(
            application, keepalive_timeout=KEEP_ALIVE, access_log=None, shutdown_timeout=0.2
        )
        await runner.setup()
        site = web.TCPSite(runner, HOST, port, reuse_address=True)
        await site.start()
        self._runners.append(runner)
        bound: int = runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Close all connections and ports."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()


LARGEST_LOGGED = 64 * 1024
LARGEST_BODY = 16 * 1024 * 1024  # a 5 MB picture is 6.7 MB in base64


def application(mint: Mint) -> web.Application:
    """Return the application for one service."""
    connections = Connections()

    async def handle(request: web.Request) -> web.StreamResponse:
        entry = note(mint, connections, request, "api")
        trace = {"X-Request-Id": f"req_{secrets.token_hex(8)}"}
        return await _answer(mint, request, entry, trace)

    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_route("*", r"/{path:(?s:.*)}", handle)
    return app


async def _answer(
    mint: Mint, request: web.Request, entry: LoggedRequest, trace: dict[str, str]
) -> web.StreamResponse:
    path = raw_path(request)
    try:
        content = await request.read()
    except web.HTTPRequestEntityTooLarge:
        entry.status = 413
        return problem_response(Problem("payload-too-large"), request.path, trace)
    entry.body = _json_or_none(content)
    entry.leak |= requests_seen.look("the API", entry.path, {}, content)
    scripted = mint.scripted_fault("api", request.method, path)
    if (
        scripted is not None
        and scripted[1] == "before"
        and (scripted[0].close or scripted[0].status is not None)
    ):
        return await fault_response(request, entry, scripted[0], trace)
    if scripted is not None and scripted[0].delay:
        entry.note = "scripted"
        await asyncio.sleep(scripted[0].delay)
    if request.method == "GET" and path.startswith("/v1/downloads/"):
        entry.status = 302
        with mint.at_work():
            return web.Response(
                status=302,
                headers={"Location": mint.address(path.removeprefix("/v1/downloads/")), **trace},
            )
    try:
        with mint.at_work():
            answer = mint.answer(received(request, content), mint.clock.now())
            delay = mint.delay(received(request), answer)
    except Fault as fault:
        return await fault_response(request, entry, fault, trace)
    # a bug of the stand-in itself: print it, and respond with a 500 like any server
    except Exception:
        traceback.print_exc(file=sys.stderr)
        entry.status, entry.note = 500, "stand-in error"
        return problem_response(Problem("internal-error"), request.path, trace)
    entry.operation = answer.operation or None
    if scripted is not None and scripted[1] == "after":
        return await fault_response(request, entry, scripted[0], trace)
    if delay:
        await asyncio.sleep(delay)
    entry.status = answer.status
    return web.Response(
        status=answer.status,
        body=json.dumps(answer.document).encode(),
        content_type=f"application/{'json' if answer.status < 400 else 'problem+json'}",
        headers={**trace, **answer.headers},
    )


def _json_or_none(content: bytes) -> object:
    """Return the body for the log, without pictures, which are too large to keep."""
    if len(content) > LARGEST_LOGGED:
        return None
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None
