# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool `library`: the Models and Worlds of the API project, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import anyio.to_thread
from mcp_types import CallToolResult, ContentBlock, TextContent
from pydantic import Field

from ....files.download import Downloader, never_stop
from ....files.errors import FileError
from ....jobs.library import view_model
from ....jobs.transfers import file_queries
from ....mint.client import Client
from ....mint.schema import Asset, Format, Kind, Page
from ... import session
from ..answers import answer, picture_content
from ..state import ToolContext, with_client
from ..tools import READ_ONLY, Tool

LARGEST_PAGE = 50
SEARCH_PAGE = 100
MOST_PICTURES = 8
PAGES_OF_A_SEARCH = 5
"""Pages that one call looks through. Mint has no search: names and prompts are compared here."""


async def library(
    context: ToolContext,
    kind: Kind = Kind.MODEL,
    search: Annotated[
        str, Field(description="Words that are all in the name or the prompt", max_length=200)
    ] = "",
    cursor: Annotated[str | None, Field(description="next_cursor of the page before")] = None,
    most: Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="Items of a page")] = 20,
    pictures: Annotated[
        int, Field(ge=0, le=MOST_PICTURES, description="Show pictures of the first items")
    ] = 0,
) -> CallToolResult:
    """List what was generated before, newest first, page by page. Free.

    Place an item with its id; that costs nothing. A search looks through a few hundred items, and
    continues with next_cursor.
    """
    found, looked_at, following = await _find(context, kind, search, cursor, most)
    content: list[ContentBlock] = []
    for asset, path in await _thumbnails(found[:pictures]):
        if path is not None and (shown := await picture_content(path)) is not None:
            content += [TextContent(type="text", text=f"{view_model.title(asset)} ({asset.id})")]
            content += [shown]
    items = [_item(asset) for asset in found]
    return answer({"items": items, "looked_at": looked_at, "next_cursor": following}, *content)


async def _find(
    context: ToolContext, kind: Kind, search: str, cursor: str | None, most: int
) -> tuple[list[Asset], int, str | None]:
    """Return matching items, how many were looked at, and the cursor of what follows."""
    words, found, looked_at = search.casefold().split(), list[Asset](), 0
    texts = view_model.SearchTexts()
    for number in range(PAGES_OF_A_SEARCH if words else 1):
        await context.report_progress(number, None, f"{looked_at} items looked at")
        page = await with_client(partial(_page, kind=kind, cursor=cursor, size=_size(words, most)))
        looked_at += len(page.data)
        found += [asset for asset in page.data if all(word in texts.of(asset) for word in words)]
        cursor = page.next_cursor if page.next_cursor != cursor else None
        if cursor is None or len(found) >= most:
            break
    return found, looked_at, cursor


def _size(words: Sequence[str], most: int) -> int:
    return SEARCH_PAGE if words else most


def _page(client: Client, kind: Kind, cursor: str | None, size: int) -> Page:
    return client.page(kind, cursor=cursor, limit=size)


def _item(asset: Asset) -> dict[str, Any]:
    assets = asset.assets
    return {
        "asset": asset.id,
        "kind": asset.kind.value,
        "title": view_model.title(asset),
        "prompt": asset.prompt,
        "state": view_model.state_label(asset),
        "can_be_placed": view_model.state_of(asset) is view_model.AssetState.DONE,
        "is_optimized": assets is not None and assets.optimized_glb_url is not None,
        "formats": [each.value for each in Format if assets and assets.converted_url(each)],
        "created_at": asset.created_at.isoformat() if asset.created_at else None,
        "mint_url": asset.mint_url,
    }


async def _thumbnails(assets: Sequence[Asset]) -> list[tuple[Asset, Path | None]]:
    """Return the pictures of items, from the cache or from Mint's file host."""
    if not assets:
        return []
    found: list[Path | None] = [None] * len(assets)

    async def fetch(number: int, url: str) -> None:
        found[number] = await anyio.to_thread.run_sync(partial(_thumbnail, url, downloader))

    with Downloader(local_files=session.account().is_local) as downloader:
        async with anyio.create_task_group() as tasks:
            for number, asset in enumerate(assets):
                if asset.assets is not None and asset.assets.picture_url:
                    tasks.start_soon(fetch, number, asset.assets.picture_url)
    return list(zip(assets, found, strict=True))


def _thumbnail(url: str, downloader: Downloader) -> Path | None:
    try:
        return file_queries.thumbnail(url, session.home(), downloader, never_stop)
    except FileError:
        return None


TOOLS = (Tool(library, "List the library", READ_ONLY),)
