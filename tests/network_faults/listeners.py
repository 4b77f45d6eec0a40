# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners at another loopback address, with the same port: where a name leads during a fault."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress

import trustme

from .hosts import NAME

OTHER = "127.0.0.2"
DAY = datetime.timedelta(days=1)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """What listens at the other address: how it serves, and with which TLS context, if any."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._serve = serve
        self._tls = tls

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        """Listen on a port."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
            writer.close()

        server = await asyncio.start_server(serve, OTHER, port, ssl=self._tls)
        try:
            yield
        finally:
            server.close()


class FullQueue:
    """A listener whose queue of connections is full, so that connecting takes for ever."""

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        """Listen on a port."""
        with ExitStack() as opened:
            opened.enter_context(socket.create_server((OTHER, port), backlog=0))
            for _ in range(4):
                waiting = opened.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((OTHER, port))
            yield


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(2**16):
        pass


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    sender = writer.get_extra_info("socket")
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _plain_text(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2**10)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2**12)
    writer.write(b"\x15\x03\x02\x00\x02\x02\x46")
    await _silence(reader, writer)


def silent(authority: trustme.CA) -> Listener:
    """Accept connections, and say nothing."""
    return Listener(_silence)


def resetting(authority: trustme.CA) -> Listener:
    """Reset each connection at its first byte."""
    return Listener(_reset)


def plain_text(authority: trustme.CA) -> Listener:
    """Answer without TLS."""
    return Listener(_plain_text)


def full(authority: trustme.CA) -> FullQueue:
    """Accept no connection."""
    return FullQueue()


def expired(authority: trustme.CA) -> Listener:
    """Show a certificate that was valid until yesterday."""
    now = datetime.datetime.now(datetime.UTC)
    return _with(authority.issue_cert(NAME, not_before=now - 9 * DAY, not_after=now - DAY))


def other_name(authority: trustme.CA) -> Listener:
    """Show the certificate of another host."""
    return _with(authority.issue_cert("portal.example"))


def unknown_authority(authority: trustme.CA) -> Listener:
    """Show a certificate of an authority that nobody trusts."""
    return _with(trustme.CA().issue_cert(NAME))


def old_protocol(authority: trustme.CA) -> Listener:
    """Answer as a server that knows only TLS 1.1: with the alert "protocol version"."""
    return Listener(_alert)


def _with(certificate: trustme.LeafCert) -> Listener:
    return Listener(_silence, _context(certificate))


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
