# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of the library that the asset bar shows, and its words about them.

What is missing is requested by `loader`, after the bar was drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from ...addon_settings import may_go_online
from ...delivery.asset_library.sync_process import SyncProcess
from ...jobs.job import Job, asset_of
from ...jobs.library.view_model import AssetState, Library, Sort, state_label, state_of, title
from ...jobs.phases import HAS_RESULT
from ...jobs.presentation.job_view import cached_by_identity
from ...jobs.queries import LARGEST_PAGE, ListPage
from ...jobs.service import JobService
from ...message import Message, sentences
from ...mint.schema import Asset
from .. import session
from ..account.panel import key_problem
from ..translations import date, spoken, translated
from .properties import STATES, MintLibrary, filter_of, kind_of
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


class Status(NamedTuple):
    """What there is to say about the library, and the operator that helps with it."""

    words: str
    operator: str = ""
    """With its namespace, as in `mint.load_more`; empty if there is nothing to do."""
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
    return _extent(fields) or _sync() or (Status(_HINT) if on_screen(fields) else Status(_EMPTY))


def _extent(fields: MintLibrary) -> Status | None:
    """Return how much of the library was searched or sorted; None without a filter or sorting."""
    known, wanted = library(), filter_of(fields)
    count = known.count(wanted.kind)
    if known.unloaded_pages(wanted.kind):
        return Status(Message("Asking Mint…"))
    is_all = known.next_page(wanted.kind) is None
    if is_searching(fields):
        searching = Message("Searching… {count:,} items searched", count=count)
        return Status(searching, "mint.stop_search", Message("Stop"))
    if not wanted.narrows or not count:
        words = Message("Sorted among {count:,} loaded items", count=count)
        is_sorted = wanted.sort is not Sort.NEWEST and not is_all
        return Status(words, "mint.load_more", Message("Load More")) if is_sorted else None
    found = () if shown(fields) else (Message("No matches."),)
    if is_all:
        return Status(sentences(*found, Message("All {count:,} items searched", count=count)))
    words = Message("{count:,} items searched, more available", count=count)
    return Status(sentences(*found, words), "mint.load_more", Message("Load More"))


def _sync() -> Status | None:
    """Return the progress of a sync to an asset library; None while none runs."""
    process = session.state(SyncProcess)
    words = process.status if process.is_running else None
    return Status(words, "mint.stop_sync", Message("Stop")) if words is not None else None


def filter_words(fields: MintLibrary) -> str:
    """Return what is searched for; empty if everything is shown."""
    state = "" if fields.state == "ALL" else translated(Message(name_of(STATES, fields.state)))
    return " · ".join(filter(None, (fields.words.strip(), state)))


def name_of(items: list[tuple[str, str, str]], value: str) -> str:
    """Return the name of an item of an enumeration, in English."""
    return next(name for identifier, name, _ in items if identifier == value)


def facts_of(asset: Asset) -> str:
    """Return state, date, preset, size of the file and clips, as far as they are known."""
    clips = ", ".join(library_state().clips.get(asset.id, ()))
    facts = (
        translated(state_label(asset)),
        date(asset.created_at) if asset.created_at else "",
        translated(preset_words(asset) or ""),
        translated(size_words(asset)),
        translated(Message("Clips: {names}", names=clips)) if clips else "",
    )
    return " · ".join(filter(None, facts))


def prompt_of(asset: Asset) -> str | None:
    """Return the prompt of an entry, or the caption that Mint has given it."""
    return asset.prompt or (asset.assets.caption if asset.assets else None)


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
    """Look through the jobs once after each change, so that drawing only looks one up."""
    state = library_state()
    version = (id(service), service.version)
    if state.jobs_version != version:
        state.jobs_version = version
        makers = (job for job in reversed(service.jobs()) if job.source_asset_id is None)
        state.jobs = {asset_of(job): job for job in makers}
        state.clips = _clips(reversed(service.jobs()))


def _clips(jobs: Iterable[Job]) -> dict[str, list[str]]:
    """Return the words of the motions that are here, by the id of their model."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        if job.motion is not None and job.source_asset_id is not None and job.phase in HAS_RESULT:
            known = found.setdefault(job.source_asset_id, [])
            known += [job.motion.words] if job.motion.words not in known else []
    return found


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
