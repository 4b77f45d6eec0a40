# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to the reverse proxy: forward it, or write any bytes to its connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from yarl import URL

_OF_ONE_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})
MOST_WAITING = 2**20
"""Bytes that may wait to be sent before `drain` waits."""


@dataclass(frozen=True)
class Answer:
    """The answer of the service: status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def wire(
        self,
        *,
        version: str = "HTTP/1.1",
        headers: Mapping[str, str | None] | None = None,
    ) -> bytes:
        """Return the bytes of the answer, with some of it replaced; a header of None is left out."""
        named = {**self.headers, "Content-Length": str(len(self.body)), **(headers or {})}
        lines = [f"{version} {self.status} OK"]
        lines += [f"{name}: {text}" for name, text in named.items() if text is not None]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass
class Exchange:
    """A request, and how to answer it.

    `scale` is by how much waits are shorter than in earnest. `is_over` returns whether the fault
    is over.
    """

    request: web.Request
    upstream: str
    session: aiohttp.ClientSession
    scale: float
    is_over: Callable[[], bool]

    async def answer(self) -> Answer:
        """Send the request to the service, and return its answer. Each call sends it again."""
        headers = {
            name: text
            for name, text in self.request.headers.items()
            if name.lower() not in _OF_ONE_HOP
        }
        url = self.upstream + self.request.raw_path
        async with self.session.request(
            self.request.method,
            URL(url, encoded=True),
            headers=headers,
            data=await self.request.read() or None,
            allow_redirects=False,
        ) as response:
            kept = {
                name: text
                for name, text in response.headers.items()
                if name.lower() not in _OF_ONE_HOP
            }
            return Answer(response.status, kept, await response.read())

    async def forward(self) -> web.StreamResponse:
        """Return the service's answer."""
        answer = await self.answer()
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds in earnest, fewer in a test."""
        await asyncio.sleep(seconds / self.scale)

    @property
    def is_gone(self) -> bool:
        """Whether the client has closed the connection, or the fault is over."""
        transport = self.request.transport
        return transport is None or transport.is_closing() or self.is_over()

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        transport = self.request.transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)  # type: ignore[attr-defined]
        while not transport.is_closing() and transport.get_write_buffer_size() > MOST_WAITING:  # type: ignore[attr-defined]
            await asyncio.sleep(0.001)

    async def close(self) -> web.StreamResponse:
        """Close the connection once everything is sent. Returns a response that is not sent."""
        if self.request.transport is not None:
            self.request.transport.close()
        return web.Response(status=500)

    async def reset(self) -> web.StreamResponse:
        """Reset the connection once everything is sent. Returns a response that is not sent."""
        transport = self.request.transport
        if transport is not None:
            await asyncio.sleep(0.01)  # what was written arrives first
            sender = transport.get_extra_info("socket")
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()  # type: ignore[attr-defined]
        return web.Response(status=500)

    async def wait_until_gone(self) -> web.StreamResponse:
        """Say nothing until the client closes the connection, or the fault is over."""
        while not self.is_gone:
            await asyncio.sleep(0.005)
        return await self.close()
