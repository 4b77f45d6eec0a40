# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers of the API and of the file host of one service."""

from __future__ import annotations

from aiohttp import web

from . import app, filehost
from .backend import Mint

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
        """Start to listen, by default on the ports of the last time.

        Raises:
            OSError: A port is in use.
        """
        api_port, files_port = api_port or self._ports[0], files_port or self._ports[1]
        files_port = await self._listen(filehost.application(self.mint), files_port)
        api_port = await self._listen(app.application(self.mint), api_port)
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
