# SPDX-License-Identifier: GPL-3.0-or-later
"""Code of both hosts: recording requests, and responses that are broken on purpose."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import web

from ..mint_model.messages import Request
from ..mint_model.problems import Problem
from .backend import Mint
from .faults import Fault
from .request_log import LoggedRequest


class Connections:
    """Numbers TCP connections, since a client's port may be used again, but not a number."""

    def __init__(self) -> None:
        self._numbers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._next = itertools.count(1)

    def number(self, request: web.Request) -> int:
        """Return the number of the connection of a request."""
        transport = request.transport
        if transport is None:  # the client has disconnected already
            return 0
        if transport not in self._numbers:
            self._numbers[transport] = next(self._next)
        return self._numbers[transport]


def raw_path(request: web.Request) -> str:
    """Return the path exactly as it was sent, without the query."""
    return request.raw_path.partition("?")[0]


def received(request: web.Request, content: bytes = b"") -> Request:
    """Return a request as the model reads it. `%3A` in its path does not count as a colon."""
    query, headers = dict(request.query), request.headers
    return Request(request.method, "", raw_path(request), query, headers, content)


def note(mint: Mint, connections: Connections, request: web.Request, host: str) -> LoggedRequest:
    """Add a request to the log."""
    return mint.log.add(
        host=host,
        method=request.method,
        path=raw_path(request),
        query=request.query_string,
        headers=request.headers,
        authorized=mint.authorized(received(request)),
        connection=connections.number(request),
        at=mint.clock.now(),
    )


def shut(request: web.Request) -> web.Response:
    """Close the connection without a response (bytes written before still arrive)."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)  # not sent


def problem_response(
    problem: Problem, instance: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    body = json.dumps(problem.document(instance)).encode()
    return web.Response(
        status=problem.status,
        body=body,
        content_type="application/problem+json",
        headers={**(headers or {}), **problem.headers},
    )


async def fault_response(
    request: web.Request, entry: LoggedRequest, fault: Fault, headers: Mapping[str, str]
) -> web.Response:
    """Return the response of a fault."""
    entry.note = fault.note or "fault"
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.close:
        return shut(request)
    entry.status = fault.status
    merged = {**headers, **fault.headers}
    if fault.problem is not None:
        response = problem_response(fault.problem, request.path, merged)
    else:
        response = web.Response(status=fault.status or 200, body=fault.body, headers=merged)
    if fault.content_type:
        response.headers["Content-Type"] = fault.content_type
    return response
