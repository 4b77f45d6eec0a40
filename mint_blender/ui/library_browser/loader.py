# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads what the Library lacks: only what is seen is fetched, and never while drawing.

Shortly after the panel was drawn, `supply` requests what is missing, and the heartbeat receives the
answers. A closed panel requests nothing.

Mint has no search, so while a filter leaves room on the screen, pages are loaded one at a time
until the screen is full, the list has ended, or the user stops it.

What jobs report about their models and Worlds is shown at once, at no cost. Only the first page is
loaded again, to get new entries.
"""

from __future__ import annotations

import time
from pathlib import Path

import bpy

from ...addon_settings import may_go_online
from ...jobs.library.view_model import Library
from ...jobs.queries import ListPage, Query, Thumbnail
from ...jobs.service import JobService
from ...jobs.storage.journal import JournalError
from ...mint.schema import Asset, Page
from .. import heartbeat, icons, session
from .entries import (
    ON_SCREEN,
    is_loading,
    library,
    on_screen,
    page_for_screen,
    picture_url,
    shown,
)
from .properties import MintLibrary, fields_of, filter_of, kind_of
from .state import library_state

PICTURES_AT_ONCE = 6
"""Pictures requested at the same time. The next ones are chosen by what is on screen then, so that
quick paging skips the others.
"""
MOST_ICONS = 20 * ON_SCREEN
TYPING_PAUSE = 0.5
"""Seconds after the last change of the filter until pages are requested for it."""
GATHERING = 1.0
"""Seconds after a job's report until a request, so that several reports cause only one."""


def known() -> Library:
    """Return the library of the current account; for operators, which run between two beats."""
    library_state().use(session.account())
    return library_state().library


def supply() -> bool:
    """Request what the panel lacks; called after it was drawn.

    Returns whether it is too early: the user is typing, or jobs have just reported something.
    """
    heartbeat.look_sometimes()
    if _pause() > 0:
        return True
    known()
    asked = _lacking(fields_of(bpy.context))
    library_state().pages_left -= any(
        isinstance(each, ListPage) and each.cursor is not None for each in asked
    )
    ask(*asked)
    return False


def ask(*queries: Query) -> str | None:
    """Send each query unless it is pending; return why that is not possible, or None."""
    try:
        service = session.service()
    except JournalError as error:
        return str(error)
    service.allow_online(may_go_online())  # it may have been allowed a moment ago
    follow(service)  # what was reported before a page is requested is part of the answer
    pending = {
        (each.kind, each.cursor) for each in service.queries.pending() if isinstance(each, ListPage)
    }
    for query in queries:
        if not service.queries.is_pending(query) and not (
            isinstance(query, ListPage) and (query.kind, query.cursor) in pending
        ):
            service.queries.ask(query)
            if isinstance(query, ListPage):
                library().page_requested(query)
    if queries:
        heartbeat.listen()
    return None


def follow(service: JobService) -> None:
    """Apply what the jobs have reported.

    Pages that this makes necessary are requested when the panel is drawn.
    """
    was_behind = known().outdated_pages()
    library().apply_updates(service.jobs())
    if library().outdated_pages() != was_behind:
        library_state().news_at = time.monotonic()


def catch_up(service: JobService) -> None:
    """Apply what the jobs have reported and what Mint has answered.

    The answers are removed from the service, so that no entry is kept twice.
    """
    fields = fields_of(bpy.context)
    first = next(iter(on_screen(fields)), None) if fields.start else None
    follow(service)
    for query in [
        each for each in service.queries.answers if isinstance(each, ListPage | Thumbnail)
    ]:
        said = service.queries.answers.pop(query)
        if isinstance(query, ListPage):
            library().add_page(
                query, said.answer if isinstance(said.answer, Page) else None, said.error
            )
        else:
            _take_picture(query.url, said.answer if isinstance(said.answer, Path) else None)
    _keep_place(fields, first)


def turn(fields: MintLibrary, *, forward: bool) -> None:
    """Go one screen forward or back.

    After the last loaded entry comes an empty screen, which is loaded once it is drawn.
    """
    start = max(0, fields.start + (ON_SCREEN if forward else -ON_SCREEN))
    if start < len(shown(fields)) or library().next_page(kind_of(fields)) is not None:
        fields.start = start
    library_state().resume_searching()


def _pause() -> float:
    """Return the seconds until `TYPING_PAUSE` and `GATHERING` are over."""
    return (
        max(library_state().filter_changed_at + TYPING_PAUSE, library_state().news_at + GATHERING)
        - time.monotonic()
    )


def _keep_place(fields: MintLibrary, first: Asset | None) -> None:
    """Keep the same entries on screen when new ones come before them; stay within the list."""
    if first is not None and (now := library().get(first.id)) is not None:
        place = library().view(filter_of(fields)).place(now)
        if place is not None and place != fields.start:
            fields.start = place
    count = len(shown(fields))
    if (
        fields.start >= count
        and fields.start
        and not is_loading()
        and page_for_screen(fields) is None
    ):
        fields.start = max(0, count - 1) // ON_SCREEN * ON_SCREEN


def _lacking(fields: MintLibrary) -> list[Query]:
    """Return the pages and pictures to request now; one page after the other."""
    if not may_go_online() or not session.account().key:
        return []
    service = session.existing_service()
    asked: frozenset[Query] = service.queries.pending() if service else frozenset()
    queries = [*_pages(fields, asked), *_pictures(fields, asked)]
    return [each for each in queries if each not in asked]


def _pages(fields: MintLibrary, asked: frozenset[Query]) -> list[Query]:
    kind = kind_of(fields)
    first = library().unloaded_pages(kind)
    queries: list[Query] = [
        *(first if library().error(kind) is None else ()),
        *library().outdated_pages(kind),
    ]
    is_reading = any(isinstance(each, ListPage) for each in (*queries, *asked))
    if not first and not is_reading and (page := page_for_screen(fields)) is not None:
        queries.append(page)
    return queries


def _pictures(fields: MintLibrary, asked: frozenset[Query]) -> list[Thumbnail]:
    urls = (picture_url(asset) for asset in _staying(fields))
    pictures = [Thumbnail(url) for url in urls if url and url not in library_state().pictures]
    room = PICTURES_AT_ONCE - sum(isinstance(each, Thumbnail) for each in asked)
    return [each for each in dict.fromkeys(pictures) if each not in asked][: max(0, room)]


def _staying(fields: MintLibrary) -> list[Asset]:
    """Return the entries that will still be on screen after the next page is loaded.

    Only their pictures are worth a download.
    """
    wanted, assets = filter_of(fields), on_screen(fields)
    kind = wanted.kind
    is_first_page_to_come = bool(library().unloaded_pages(kind)) and library().error(kind) is None
    if is_first_page_to_come or page_for_screen(fields) is not None:
        return assets[: max(0, library().settled_count(wanted) - fields.start)]
    return assets


def _take_picture(url: str, path: Path | None) -> None:
    """Show a picture, and free the memory of those that were shown longest ago.

    They are still on disk.
    """
    library_state().pictures.pop(url, None)
    library_state().pictures[url] = path
    visible = {picture_url(asset) for asset in on_screen(fields_of(bpy.context))}
    old = [each for each in library_state().pictures if each not in visible]
    for each in old[: max(0, len(library_state().pictures) - MOST_ICONS)]:
        del library_state().pictures[each]
    icons.cache().keep(
        "library", {key: str(each) for key, each in library_state().pictures.items() if each}
    )
