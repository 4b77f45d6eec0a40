# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener at another loopback address, with the same port: where a name leads during a fault."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trustme

from .hosts import NAME

OTHER = "127.0.0.2"
DAY = datetime.timedelta(days=1)


def expired(authority: trustme.CA) -> trustme.LeafCert:
    """Return a certificate that was valid until yesterday."""
    now = datetime.datetime.now(datetime.UTC)
    return authority.issue_cert(NAME, not_before=now - 9 * DAY, not_after=now - DAY)


def of_another_host(authority: trustme.CA) -> trustme.LeafCert:
    """Return the certificate of another host."""
    return authority.issue_cert("portal.example")


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return what a server needs to show a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@asynccontextmanager
async def listening(port: int, certificate: trustme.LeafCert) -> AsyncIterator[None]:
    """Listen on a port, show a certificate, and say nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.read()
        writer.close()

    tls = server_context(certificate)
    server = await asyncio.start_server(serve, OTHER, port, ssl=tls)
    try:
        yield
    finally:
        server.close()
