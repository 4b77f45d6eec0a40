# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers without a network: parsed by `http.client`, as real ones are."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Sequence
from typing import Any

import requests
import urllib3

from mint_blender.net.connections import Connections


class FakeConnections(Connections):
    """Answers requests with the bytes that a function returns for them."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], bytes]) -> None:
        super().__init__()
        self._answer = answer
        self.requests: list[requests.PreparedRequest] = []

    def send(
        self, request: requests.PreparedRequest, *_arguments: Any, **_more: Any
    ) -> requests.Response:
        """Return the response, or raise what requests raises for a malformed one."""
        self.requests.append(request)
        answer = self._answer(request)
        try:
            raw = _parsed(answer)
        except (http.client.HTTPException, OSError) as error:
            raise requests.ConnectionError(
                urllib3.exceptions.ProtocolError("broken", error)
            ) from error
        return self.build_response(request, raw)


def response_bytes(status: int, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """Return the bytes of a response; a header may hold anything but a line break."""
    lines = [f"HTTP/1.1 {status} Any", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join(line.replace("\r", " ").replace("\n", " ") for line in lines)
    return head.encode("utf-8", "replace") + b"\r\n\r\n" + body


class _Socket:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: Any) -> io.BytesIO:
        return io.BytesIO(self._content)


def _parsed(content: bytes) -> urllib3.HTTPResponse:
    response = http.client.HTTPResponse(_Socket(content), method="GET")  # type: ignore[arg-type]
    response.begin()
    return urllib3.HTTPResponse(
        body=response,
        headers=urllib3._collections.HTTPHeaderDict(response.msg.items()),
        status=response.status,
        version=response.version,
        reason=response.reason,
        preload_content=False,
        decode_content=False,
        original_response=response,
    )
