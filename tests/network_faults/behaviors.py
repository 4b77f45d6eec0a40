# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen to an exchange; each function here returns a behavior for the table of faults."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from .exchange import Answer, Exchange
from .hosts import Behavior

Rewrite = Callable[[Answer], bytes]
End = Callable[[Exchange], Awaitable[web.StreamResponse]]
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
        return exchange.close()

    return behave


def doubled() -> Behavior:
    """Deliver the request to the service twice, and return the second answer."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        await exchange.answer()
        return await exchange.forward()

    return behave


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


def redirected(status: int, to: str | None) -> Behavior:
    """Redirect to an address, in which {port} and {path} are those of the request."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        await exchange.request.read()
        path = exchange.request.raw_path.lstrip("/")
        location = to and to.format(port=exchange.request.url.port, path=path)
        return web.Response(status=status, headers={"Location": location} if location else {})

    return behave


def not_read(end: End) -> Behavior:
    """End the connection before the body of the request was read."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        return await end(exchange)

    return behave


def sent(rewrite: Rewrite, end: End, *, after_work: bool = True) -> Behavior:
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


def with_length(difference: int) -> Rewrite:
    """Return the answer with a Content-Length that is so much too large, or too small."""
    return lambda answer: answer.wire(
        headers={"Content-Length": str(len(answer.body) + difference)}
    )


def two_lengths(answer: Answer) -> bytes:
    """Return the answer with two different lengths."""
    return answer.wire().replace(b"\r\n", b"\r\nContent-Length: 7\r\n", 1)


def literally(data: bytes) -> Rewrite:
    """Return these bytes."""
    return lambda answer: data


def before_it(data: bytes) -> Rewrite:
    """Return these bytes, then the answer."""
    return lambda answer: data + answer.wire()


def old_version(answer: Answer) -> bytes:
    """Return the answer as HTTP/1.0, whose body ends with the connection."""
    return answer.wire(version="HTTP/1.0", headers={"Content-Length": None})


def chunked(*, size: int = 100, length: str | None = None, last: bytes = b"0\r\n\r\n") -> Rewrite:
    """Return the answer in chunks; `length` replaces the length of each, `last` the end."""

    def rewrite(answer: Answer) -> bytes:
        pieces = [answer.body[at : at + size] for at in range(0, len(answer.body), size)]
        body = b"".join(
            (length or f"{len(piece):x}").encode() + b"\r\n" + piece + b"\r\n" for piece in pieces
        )
        return answer.wire(
            headers={"Content-Length": None, "Transfer-Encoding": "chunked"}, body=body + last
        )

    return rewrite


def encoded(encoding: str, change: Callable[[bytes], bytes]) -> Rewrite:
    """Return the answer with a Content-Encoding and a changed body."""

    def rewrite(answer: Answer) -> bytes:
        headers = {"Content-Encoding": encoding, "ETag": None}
        return answer.wire(headers=headers, body=change(answer.body))

    return rewrite


def bomb(size: int) -> Callable[[bytes], bytes]:
    """Return a function whose result has so many bytes when it is decompressed."""
    return lambda body: gzip.compress(bytes(size), 1)


# -- the end of the connection


async def close(exchange: Exchange) -> web.StreamResponse:
    """Close the connection."""
    return exchange.close()


async def reset(exchange: Exchange) -> web.StreamResponse:
    """Reset the connection."""
    return await exchange.reset()


async def silence(exchange: Exchange) -> web.StreamResponse:
    """Say nothing more."""
    return await exchange.wait_until_gone()


async def drip_rest(exchange: Exchange) -> web.StreamResponse:
    """Send the second half of the body, a byte a second."""
    body = (await exchange.answer()).body
    for byte in body[len(body) - max(1, len(body) // 2) :]:
        await exchange.sleep(1.0)
        await exchange.write(bytes([byte]))
    return exchange.close()


def drip(data: bytes = b" ") -> End:
    """Send a byte a second."""

    async def end(exchange: Exchange) -> web.StreamResponse:
        while not exchange.is_gone:
            await exchange.sleep(1.0)
            await exchange.write(data)
        return exchange.close()

    return end


def flood(data: bytes) -> End:
    """Send the same bytes without an end."""

    async def end(exchange: Exchange) -> web.StreamResponse:
        while not exchange.is_gone:
            await exchange.write(data)
            await exchange.sleep(0.0)
        return exchange.close()

    return end
