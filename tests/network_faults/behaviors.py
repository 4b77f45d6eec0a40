# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen to an exchange; each function here returns a behavior for the table of faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from .exchange import Answer, Exchange
from .hosts import Behavior

Rewrite = Callable[[Answer], bytes]
NO_ANSWER = Answer(200, {}, b"")
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Hotel Wi-Fi</title></head><body>Please sign in</body></html>"
HTML = {"Content-Type": "text/html"}


# -- what the client receives


def delayed(seconds: float) -> Behavior:
    """Answer after some seconds."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.answer()
        await exchange.sleep(seconds)
        await exchange.write(answer.wire())
        return await exchange.close()

    return behave


async def doubled(exchange: Exchange) -> web.StreamResponse:
    """Deliver the request to the service twice, and return the second answer."""
    await exchange.answer()
    return await exchange.forward()


def answered(
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    after_work: bool = False,
) -> Behavior:
    """Answer in place of the service; with `after_work` the service has carried out the request."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        if after_work:
            await exchange.answer()
        else:
            await exchange.request.read()
        return web.Response(status=status, body=body, headers=dict(headers or {}))

    return behave


def redirected(to: str) -> Behavior:
    """Redirect to an address, in which {port} and {path} are those of the request."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        await exchange.request.read()
        path = exchange.request.raw_path.lstrip("/")
        location = to.format(port=exchange.request.url.port, path=path)
        return web.Response(status=302, headers={"Location": location})

    return behave


def sent(rewrite: Rewrite, end: Behavior, *, after_work: bool = True) -> Behavior:
    """Send these bytes, then `end`; without `after_work` the service knows nothing of the request."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.answer() if after_work else NO_ANSWER
        if not after_work:
            await exchange.request.read()
        await exchange.write(rewrite(answer))
        return await end(exchange)

    return behave


# -- the bytes


def nothing(answer: Answer) -> bytes:
    """Return no bytes at all."""
    return b""


def half_body(answer: Answer) -> bytes:
    """Return everything but the second half of the body."""
    sent = answer.wire()
    return sent[: len(sent) - max(1, len(answer.body) // 2)]


def with_headers(**headers: str | None) -> Rewrite:
    """Return the answer with other headers, whose names are written with underscores."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda answer: answer.wire(headers=named)


def before_it(data: bytes) -> Rewrite:
    """Return these bytes, then the answer."""
    return lambda answer: data + answer.wire()


def old_version(answer: Answer) -> bytes:
    """Return the answer as HTTP/1.0, whose body ends with the connection."""
    return answer.wire(version="HTTP/1.0", headers={"Content-Length": None})


# -- the end of the connection


close, reset, silence = Exchange.close, Exchange.reset, Exchange.wait_until_gone


def drip(data: bytes = b" ") -> Behavior:
    """Send a byte a second."""

    async def end(exchange: Exchange) -> web.StreamResponse:
        while not exchange.is_gone:
            await exchange.sleep(1.0)
            await exchange.write(data)
        return await exchange.close()

    return end


def flood(data: bytes) -> Behavior:
    """Send the same bytes without an end."""

    async def end(exchange: Exchange) -> web.StreamResponse:
        while not exchange.is_gone:
            await exchange.write(data)
            await exchange.sleep(0.0)
        return await exchange.close()

    return end
