# SPDX-License-Identifier: GPL-3.0-or-later
"""What the section *Library* draws: reads what is known, and changes nothing.

What is missing is requested by `loader`, after the panel was drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

import bpy

from ...jobs.job import Job, asset_of
from ...jobs.library.view_model import AssetState, Library, Sort, state_of, title
from ...jobs.presentation.job_view import cached_by_identity
from ...jobs.queries import LARGEST_PAGE, ListPage
from ...jobs.service import JobService
from ...jobs.storage.journal import JournalError
from ...message import Message
from ...mint.schema import Asset
from .. import icons, session
from ..translations import spoken, translated
from .properties import MintLibrary, fields_of, filter_of, kind_of
from .state import library_state

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
    """Return how many cells of a page are needed: all, unless everything is on one page."""
    is_all = fields.start == 0 and library().next_page(kind_of(fields)) is None
    return min(len(shown(fields)), ON_SCREEN) if is_all else ON_SCREEN


def chosen(fields: MintLibrary) -> Asset | None:
    """Return the entry whose details are shown."""
    return library().get(fields.chosen)


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


def icon(asset: Asset) -> int:
    """Return the icon number of the entry's picture; 0 if there is none (yet)."""
    return icons.cache().icon("library", picture_url(asset))


def picture_url(asset: Asset) -> str | None:
    """Return the address of the entry's thumbnail."""
    return asset.assets.picture_url if asset.assets else None


def is_loading() -> bool:
    """Return whether a page of the list is being loaded."""
    service = session.existing_service()
    return service is not None and any(
        isinstance(each, ListPage) for each in service.queries.pending()
    )


def is_lacking_entries(fields: MintLibrary) -> bool:
    """Return whether the screen is not full, or not in order, though Mint has more."""
    return page_for_screen(fields) is not None


def is_searching(fields: MintLibrary) -> bool:
    """Return whether pages are loaded automatically because of a search."""
    return (
        filter_of(fields).narrows
        and library().count(kind_of(fields)) > 0
        and is_lacking_entries(fields)
    )


def page_for_screen(fields: MintLibrary) -> ListPage | None:
    """Return the page to load so that the screen is full and in order.

    None when it is, or when no more may be loaded automatically.
    """
    known, wanted = library(), filter_of(fields)
    page = known.next_page(wanted.kind)
    if page is None or library_state().pages_left <= 0 or known.error(wanted.kind) is not None:
        return None
    if known.settled_count(wanted) >= fields.start + ON_SCREEN:
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
    return _range(fields.start, count, library().next_page(kind_of(fields)) is not None)


@lru_cache(maxsize=8)
def _range(start: int, count: int, further: bool) -> Message:
    return Message(
        "{first}–{last} of {total}",
        first=start + 1,
        last=min(count, start + ON_SCREEN),
        total=Message("{count:,}+", count=count) if further else Message("{count:,}", count=count),
    )


def empty_words(fields: MintLibrary) -> str:
    """Return why nothing is shown."""
    kind, known = kind_of(fields), library()
    if known.error(kind) and known.unloaded_pages(kind):
        return ""
    if is_loading() or known.unloaded_pages(kind):
        return Message("Asking Mint…")
    if known.count(kind) == 0:
        return Message("Nothing generated yet.")
    return (
        Message("No matches.")
        if known.next_page(kind) is None
        else Message("No matches in the loaded items.")
    )


def extent_words(fields: MintLibrary) -> str | None:
    """Return how much of the library was searched or sorted; None without a filter or sorting."""
    known, wanted = library(), filter_of(fields)
    count = known.count(wanted.kind)
    if known.unloaded_pages(wanted.kind):
        return None
    is_all = known.next_page(wanted.kind) is None
    if wanted.narrows:
        if is_searching(fields):
            return Message("Searching… {count:,} items searched", count=count)
        return (
            Message("All {count:,} items searched", count=count)
            if is_all
            else Message("{count:,} items searched, more available", count=count)
        )
    return (
        Message("Sorted among {count:,} loaded items", count=count)
        if wanted.sort is not Sort.NEWEST and not is_all
        else None
    )


def size_words(asset: Asset) -> str:
    """Return the size of the model's file as a person reads it; empty if Mint lists none."""
    assets = asset.assets
    count = (assets.glb_size_bytes or assets.optimized_glb_size_bytes) if assets else None
    if not count:
        return ""
    if count < 2**20:
        return Message("{size:,.0f} KB", size=count / 1024)
    return Message("{size:,.1f} MB", size=count / 2**20)


def prepare(service: JobService) -> None:
    """Look through the jobs once after each change, so that drawing only looks one up.

    The job of the chosen entry may have ended long ago: then it is read from the journal.
    """
    state, chosen = library_state(), fields_of(bpy.context).chosen
    version = (id(service), service.version, chosen)
    if state.jobs_version == version:
        return
    state.jobs_version = version
    state.jobs = {asset_of(job): job for job in _makers(reversed(service.jobs()))}
    if chosen and chosen not in state.jobs:
        with suppress(JournalError):  # read again after the next change
            makers = _makers(reversed(service.jobs_of_asset(chosen)))
            state.jobs.update((chosen, job) for job in makers)


def _makers(jobs: Iterable[Job]) -> Iterator[Job]:
    """Yield the jobs that have made something, or are about to."""
    return (job for job in jobs if job.source_asset_id is None)


def job_of(asset: Asset) -> Job | None:
    """Return the job of this journal that made an entry, or is about to.

    Mint's lists do not say who started something, or with which settings.
    """
    return library_state().jobs.get(asset.id)


def preset_words(asset: Asset) -> str | None:
    """Return the preset if it is known: from Mint, else as it was requested here.

    A retry of what others started requests none.
    """
    job = job_of(asset)
    made = job.operation.preset if job and job.operation else None
    requested = job.request.preset.value if job and job.source_asset_id is None else None
    words = (made or requested or "").title()
    return Message(words) if words else None
