# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of Models and Worlds whose cursors loop, repeat or never end.

An input is a JSON list of pages. Each cursor leads to one of them.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from mint_blender.mint.account import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import MintError
from mint_blender.mint.schema import Kind

from .. import fake_http
from ..checks import KEY, json_of, refusing
from ..target import MEGABYTE, Target


def try_pages(data: bytes) -> None:
    """Follow all cursors with the client."""
    document = json_of(data)
    pages = document if isinstance(document, list) and document else [document]
    client = Client(Origin.parse(), KEY)
    connections = fake_http.FakeConnections(lambda request: _answer(pages, request.url or ""))
    client._connections = connections
    with refusing(MintError):
        list(client.assets(Kind.MODEL))
    client.close()
    assert len(connections.requests) <= len(pages) + 2, "a cursor was used twice"


def _page(pages: list[Any], cursor: str | None) -> Any:
    """Return the first page, or the one that a cursor leads to."""
    if cursor is None:
        return pages[0]
    return pages[zlib.crc32(cursor.encode("utf-8", "surrogatepass")) % len(pages)]


def _answer(pages: list[Any], url: str) -> bytes:
    query = dict(part.partition("=")[::2] for part in url.partition("?")[2].split("&"))
    page = _page(pages, query.get("cursor"))
    return fake_http.response_bytes(200, [], json.dumps(page).encode())


def entry(number: int, **more: object) -> dict[str, object]:
    """Return a Model of a page."""
    return {"id": f"m{number}", "createdAt": "2026-08-03T22:46:00.000Z"} | more


def page(cursor: str | None, *numbers: int, more: bool = True) -> dict[str, object]:
    """Return a page with these Models."""
    pagination = {"nextCursor": cursor, "hasMore": more}
    return {"data": [entry(number) for number in numbers], "pagination": pagination}


TARGETS = (
    Target(
        "library_pages",
        try_pages,
        tuple(
            json.dumps(pages).encode()
            for pages in (
                [page("b", 1, 2), page(None, 3)],
                [page("a", 1), page("b", 2), page("c", 2, 3), page("a")],
                [page("a")],
                [page("a", 1, more=False)],
                [page("x" * 300, 1), page("y", 1), page("z", 1), {}],
            )
        ),
        is_json=True,
        memory=16 * MEGABYTE,
    ),
)
