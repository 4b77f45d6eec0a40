# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools `account` and `library`: the key with its Credits, and what its project has."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
from mcp_types import CallToolResult, ContentBlock, TextContent
from pydantic import Field

from ...application import session
from ...files.download import Downloader
from ...files.errors import FileError
from ...jobs.library import view_model
from ...jobs.service import JobService
from ...jobs.storage.documents import open_elsewhere
from ...jobs.transfers import fetch_file
from ...mint.client import Client
from ...mint.errors import KeyMissing, KeyRefused, MintError
from ...mint.schema import Asset, Format, Kind
from .answers import answer, picture_content
from .place import describe
from .tools import READ_ONLY, Tool, ToolContext, with_client, with_jobs

LARGEST_PAGE = 50
SEARCH_PAGE = 100
MOST_PICTURES = 8
PAGES_OF_A_SEARCH = 5
"""Pages that one call looks through. Mint has no search: names and prompts are compared here."""


async def account(context: ToolContext) -> CallToolResult:
    """Return the state of the API key, the available Credits, and the spending limits. Free.

    A limit that is missing is not set.
    """
    base_url = session.account().base_url
    state: dict[str, Any] = {"key": "unknown", "problem": None, "base_url": base_url}
    state |= {"name": None, "credits_available": None}
    try:
        state.update(await with_client(_ask))
    except KeyMissing as error:
        return answer(state | {"key": "missing", "problem": str(error)})
    except MintError as error:
        state["problem"] = str(error)
        if isinstance(error, KeyRefused):
            state["key"] = "refused"
    return answer(state | await with_jobs(context, _of_journal))


def _ask(client: Client) -> dict[str, Any]:
    me = client.me()
    usage = client.usage()
    credits = usage.credits.total_available
    return {"key": "accepted", "name": me.display_name, "credits_available": credits}


def _of_journal(job_service: JobService) -> dict[str, Any]:
    """Return what this computer knows without Mint."""
    limits = job_service.budget.limits
    return {
        "credits_spent_today": job_service.spending.today(),
        "limit_per_generation": limits.each or None,
        "limit_per_day": limits.day or None,
        "running_blenders": [describe(document) for document in open_elsewhere(job_service.home)],
        "shares_jobs": job_service.process.has_others(),
    }


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
    matches, looked_at, following = await _find(context, kind, search, cursor, most)
    content: list[ContentBlock] = []
    paths = await anyio.to_thread.run_sync(_thumbnails, matches[:pictures])
    for asset, path in zip(matches, paths, strict=False):
        if path is not None and (shown := await picture_content(path)) is not None:
            content += [TextContent(type="text", text=f"{view_model.title(asset)} ({asset.id})")]
            content += [shown]
    clips = await with_jobs(
        context, lambda jobs: [jobs.journal.clips_of(asset.id) for asset in matches]
    )
    rows = zip(matches, clips, strict=True)
    items = [_item(asset) | {"clips": own or None} for asset, own in rows]
    return answer({"items": items, "looked_at": looked_at, "next_cursor": following}, *content)


async def _find(
    context: ToolContext, kind: Kind, search: str, cursor: str | None, most: int
) -> tuple[list[Asset], int, str | None]:
    """Return matching items, how many were looked at, and the cursor of what follows."""
    matches = list[Asset]()
    looked_at = 0
    is_search = bool(search.split())
    size = SEARCH_PAGE if is_search else most
    for number in range(PAGES_OF_A_SEARCH if is_search else 1):
        await context.report_progress(number, None, f"{looked_at} items looked at")
        page = await with_client(partial(Client.page, kind=kind, cursor=cursor, limit=size))
        looked_at += len(page.data)
        matches += [asset for asset in page.data if view_model.has_words(asset, search)]
        cursor = page.next_cursor if page.next_cursor != cursor else None
        if cursor is None or len(matches) >= most:
            break
    return matches, looked_at, cursor


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
        "formats": [format.value for format in Format if assets and assets.converted_url(format)],
        "created_at": asset.created_at.isoformat() if asset.created_at else None,
        "mint_url": asset.mint_url,
    }


def _thumbnails(assets: Sequence[Asset]) -> list[Path | None]:
    """Return the pictures of items, from the cache or from Mint's file host."""
    if not assets:
        return []

    def thumbnail(asset: Asset) -> Path | None:
        url = asset.assets.picture_url if asset.assets else None
        try:
            return fetch_file.thumbnail(url, session.home(), downloader) if url else None
        except FileError:
            return None

    with (
        Downloader(local_files=session.account().is_local) as downloader,
        ThreadPoolExecutor(MOST_PICTURES) as pool,
    ):
        return list(pool.map(thumbnail, assets))


TOOLS = (
    Tool(account, "Show account and Credits", READ_ONLY),
    Tool(library, "List the library", READ_ONLY),
)
