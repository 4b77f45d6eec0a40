# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a response's body as it arrives, then let its connection serve the next request.

Reads from `http.client`, below urllib3: urllib3 1.26, which Blender up to 4.5 brings, has no
`read1`, and its `read` waits for whole blocks, which must then be small.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from typing import Any

import requests


def blocks(response: requests.Response, size: int) -> Iterator[bytes]:
    """Yield blocks of at most `size` bytes, as they were sent: a Content-Encoding is not undone.

    Raises:
        ConnectionResetError: The connection ended before the body did.
        OSError: The connection failed.
        http.client.HTTPException: The response is malformed.
    """
    body: Any = response.raw._original_response  # of http.client; requests reads it, too
    while block := body.read1(size):
        yield block
    if body.length:
        raise ConnectionResetError("the connection ended before the body did")
    body.close()
    response.raw.release_conn()


def skip(response: requests.Response) -> None:
    """Skip a body that nobody needs if it is small, else close the connection."""
    with suppress(OSError, HTTPException):
        for number, _ in enumerate(blocks(response, SKIPPED)):
            if number:
                break
    response.close()


SKIPPED = 2**14
"""Bytes read at a time, at most twice, when a body is skipped."""
