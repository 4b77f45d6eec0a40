# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of the library that the asset bar shows: its words about them, and loading them.

Only what is seen is fetched, and never while drawing. Shortly after the bar was drawn, `supply`
requests what is missing, and the heartbeat receives the answers. A closed bar requests nothing.

Mint has no search, so while a filter leaves room on the screen, pages are loaded one at a time
until the screen is full, the list has ended, or the bar is closed.

What jobs report about their models and Worlds is shown at once, at no cost. Only the first page is
loaded again, to get new entries.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import bpy

from ...addon_settings import may_go_online
from ...jobs.job import Job, asset_of
from ...jobs.library.view_model import AssetState, Library, state_label, state_of, title
from ...jobs.presentation.job_view import cached_by_identity
from ...jobs.queries import LARGEST_PAGE, ListPage, Query, Thumbnail
from ...jobs.service import JobService
from ...message import Message, UserError, sentences
from ...mint.schema import Asset, Page
from .. import heartbeat, icons, session
from ..account.panel import key_problem
from ..translations import date, spoken, translated
from .properties import (
    LibraryState,
    MintLibrary,
    fields_of,
    filter_of,
    kind_of,
    library_state,
)

ON_SCREEN = 12
"""Entries at a time: whole rows of two, three, four or six."""


def library() -> Library:
    """Return what is known of the account's models and Worlds."""
    return library_state().library


def shown(fields: MintLibrary) -> list[Asset]:
    """Return all entries that pass the filter."""
    return library().entries(filter_of(fields))


def on_screen(fields: MintLibrary) -> list[Asset]:
    """Return the few entries that are drawn."""
    return shown(fields)[fields.start : fields.start + ON_SCREEN]


def cells_used(fields: MintLibrary) -> int:
    """Return how many cells of a page are needed: all, unless everything is on one page.

    A filter changes nothing about it: what is typed above the pictures stays where it is.
    """
    kind = kind_of(fields)
    is_all = library().next_page(kind) is None
    return min(library().count(kind), ON_SCREEN) if is_all else ON_SCREEN


@dataclass(frozen=True)
class Cell:
    """What the grid shows of an entry that depends on nothing but the entry."""

    state: AssetState
    title: str
    picture: str | None
    """The address of its thumbnail."""


def cell(asset: Asset, language: str | None = None) -> Cell:
    """Return what the grid shows of an entry, in the user's language, given by who knows it."""
    return _cell(asset, spoken() if language is None else language)


@cached_by_identity
def _cell(asset: Asset, language: str) -> Cell:
    return Cell(state_of(asset), translated(title(asset), language), picture_url(asset))


def picture_url(asset: Asset) -> str | None:
    """Return the address of the entry's thumbnail."""
    return asset.assets.picture_url if asset.assets else None


def is_loading() -> bool:
    """Return whether a page of the list is being loaded."""
    service = session.existing_service()
    return service is not None and any(
        isinstance(query, ListPage) for query in service.queries.pending()
    )


def is_searching(fields: MintLibrary) -> bool:
    """Return whether pages are loaded automatically because of a search."""
    return (
        filter_of(fields).narrows
        and library().count(kind_of(fields)) > 0
        and page_for_screen(fields) is not None
    )


def page_for_screen(fields: MintLibrary) -> ListPage | None:
    """Return the page to load so that the screen is full and in order; None when it is."""
    listing = library()
    wanted = filter_of(fields)
    page = listing.next_page(wanted.kind)
    if page is None or listing.error(wanted.kind) is not None:
        return None
    if listing.settled_count(wanted) >= fields.start + ON_SCREEN:
        return None
    return replace(page, size=LARGEST_PAGE) if wanted.narrows and page.cursor else page


def has_next_screen(fields: MintLibrary) -> bool:
    """Return whether there is anything after this screen, loaded or not."""
    last = fields.start + ON_SCREEN
    count = len(shown(fields))
    return count > last or (
        count > fields.start and library().next_page(kind_of(fields)) is not None
    )


def range_words(fields: MintLibrary) -> str:
    """Return which items are on the screen, of how many."""
    count = len(shown(fields))
    if count <= fields.start:
        return Message("Loading…")
    total = Message("{count:,}", count=count)
    if library().next_page(kind_of(fields)) is not None:
        total = Message("{count:,}+", count=count)
    last = min(count, fields.start + ON_SCREEN)
    return Message("{first}–{last} of {total}", first=fields.start + 1, last=last, total=total)


class Status(NamedTuple):
    """What there is to say about the library, and the operator that helps with it."""

    words: str
    operator: str = ""
    """With its namespace, as in `mint.refresh_library`; empty if there is nothing to do."""
    label: str = ""


_OFFLINE = Status(
    session.OFFLINE, "extensions.userpref_allow_online", Message("Allow Online Access")
)
_NO_KEY = Message("Your library needs a working API key. The preferences show what is missing.")
_EMPTY = Message(
    "Nothing generated yet. Write a prompt in the tab Mint of the sidebar and click Generate."
)
_HINT = Message("Double-click or drag to import. Right-click for more")


def status(fields: MintLibrary) -> Status:
    """Return what keeps the library from being shown, else what is going on, else a hint."""
    kind = kind_of(fields)
    if not may_go_online():
        return _OFFLINE
    if not session.account().key or (problem := key_problem()) is not None:
        words = problem if session.account().key else _NO_KEY
        return Status(words or "", "preferences.addon_show", Message("Open Preferences"))
    if is_loading() and not is_searching(fields):
        return Status(Message("Asking Mint…"))
    if (error := library().error(kind)) is not None:
        return Status(error, "mint.refresh_library", Message("Retry"))
    return _extent(fields) or (Status(_HINT) if on_screen(fields) else Status(_EMPTY))


def _extent(fields: MintLibrary) -> Status | None:
    """Return how much of the library was searched; None without a filter."""
    listing = library()
    wanted = filter_of(fields)
    count = listing.count(wanted.kind)
    if listing.unloaded_pages(wanted.kind):
        return Status(Message("Asking Mint…"))
    is_all = listing.next_page(wanted.kind) is None
    if is_searching(fields):
        return Status(Message("Searching… {count:,} items searched", count=count))
    if not wanted.narrows or not count:
        return None
    no_matches = () if shown(fields) else (Message("No matches."),)
    if is_all:
        return Status(sentences(*no_matches, Message("All {count:,} items searched", count=count)))
    words = Message("{count:,} items searched, more available", count=count)
    return Status(sentences(*no_matches, words))


def filter_words(fields: MintLibrary) -> str:
    """Return what is searched for; empty if everything is shown."""
    return fields.words.strip()


def name_of(items: list[tuple[str, str, str]], value: str) -> str:
    """Return the name of an item of an enumeration, in English."""
    return next(name for identifier, name, _ in items if identifier == value)


def facts_of(asset: Asset) -> str:
    """Return state and date, as far as they are known."""
    made = date(asset.created_at) if asset.created_at else ""
    return " · ".join(filter(None, (translated(state_label(asset)), made)))


def prompt_of(asset: Asset) -> str | None:
    """Return the prompt of an entry, or the caption that Mint has given it."""
    return asset.prompt or (asset.assets.caption if asset.assets else None)


def prepare(service: JobService) -> None:
    """Look through the jobs once after each change, so that drawing only looks one up."""
    state = library_state()
    if session.is_outdated(LibraryState, service.version):
        makers = (job for job in reversed(service.jobs()) if job.source_asset_id is None)
        state.jobs = {asset_of(job): job for job in makers}


def job_of(asset: Asset) -> Job | None:
    """Return the job of this journal that made an entry, or is about to.

    Mint's lists do not say who started something, or with which settings.
    """
    return library_state().jobs.get(asset.id)


PICTURES_AT_ONCE = 6
"""Pictures requested at the same time. The next ones are chosen by what is on screen then, so that
quick paging skips the others.
"""
MOST_ICONS = 20 * ON_SCREEN
TYPING_PAUSE = 0.5
"""Seconds after the last change of the filter until pages are requested for it."""
GATHERING = 1.0
"""Seconds after a job's report until a request, so that several reports cause only one."""


def current_library() -> Library:
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
    current_library()
    ask(*_lacking(fields_of(bpy.context)))
    return False


def ask(*queries: Query) -> str | None:
    """Send each query unless it is pending; return why that is not possible, or None."""
    try:
        service = session.service()
    except UserError as error:
        return str(error)
    service.allow_online(may_go_online())  # it may have been allowed a moment ago
    follow(service)  # what was reported before a page is requested is part of the answer
    pending = {
        (page.kind, page.cursor) for page in service.queries.pending() if isinstance(page, ListPage)
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
    was_behind = current_library().outdated_pages()
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
        answer for answer in service.queries.answers if isinstance(answer, ListPage | Thumbnail)
    ]:
        reply = service.queries.answers.pop(query)
        if isinstance(query, ListPage):
            library().add_page(
                query, reply.answer if isinstance(reply.answer, Page) else None, reply.error
            )
        else:
            _take_picture(query.url, reply.answer if isinstance(reply.answer, Path) else None)
    _keep_place(fields, first)


def turn(fields: MintLibrary, *, forward: bool) -> None:
    """Go one screen forward or back.

    After the last loaded entry comes an empty screen, which is loaded once it is drawn.
    """
    start = max(0, fields.start + (ON_SCREEN if forward else -ON_SCREEN))
    if start < len(shown(fields)) or library().next_page(kind_of(fields)) is not None:
        fields.start = start


def _pause() -> float:
    """Return the seconds until `TYPING_PAUSE` and `GATHERING` are over."""
    return (
        max(library_state().filter_changed_at + TYPING_PAUSE, library_state().news_at + GATHERING)
        - time.monotonic()
    )


def _keep_place(fields: MintLibrary, first: Asset | None) -> None:
    """Keep the same entries on screen when new ones come before them; stay within the list."""
    ids = [asset.id for asset in shown(fields)]
    if first is not None and first.id in ids and ids.index(first.id) != fields.start:
        fields.start = ids.index(first.id)
    count = len(ids)
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
    return [query for query in queries if query not in asked]


def _pages(fields: MintLibrary, asked: frozenset[Query]) -> list[Query]:
    kind = kind_of(fields)
    first = library().unloaded_pages(kind)
    queries: list[Query] = [
        *(first if library().error(kind) is None else ()),
        *library().outdated_pages(kind),
    ]
    is_reading = any(isinstance(query, ListPage) for query in (*queries, *asked))
    if not first and not is_reading and (page := page_for_screen(fields)) is not None:
        queries.append(page)
    return queries


def _pictures(fields: MintLibrary, asked: frozenset[Query]) -> list[Thumbnail]:
    urls = (picture_url(asset) for asset in _staying(fields))
    pictures = [Thumbnail(url) for url in urls if url and url not in library_state().pictures]
    room = PICTURES_AT_ONCE - sum(isinstance(query, Thumbnail) for query in asked)
    return [picture for picture in dict.fromkeys(pictures) if picture not in asked][: max(0, room)]


def _staying(fields: MintLibrary) -> list[Asset]:
    """Return the entries that will still be on screen after the next page is loaded.

    Only their pictures are worth a download.
    """
    wanted = filter_of(fields)
    assets = on_screen(fields)
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
    old = [picture for picture in library_state().pictures if picture not in visible]
    for url in old[: max(0, len(library_state().pictures) - MOST_ICONS)]:
        del library_state().pictures[url]
    icons.cache().keep(
        "library", {key: str(file) for key, file in library_state().pictures.items() if file}
    )
