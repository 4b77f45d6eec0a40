# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the models and worlds that this API project has made: loaded page by page, merged, filtered, sorted.

Knows no thread, network or Blender: it says which page to ask for next and takes in what was answered. Mint lists newest first,
unfinished and failed ones too, and things are made while one looks: so a first page that was read again is laid over the beginning
of what is known, and where the two do not touch, the gap between them is loaded before anything further down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..mint.schema import ENDED, Asset, Kind, Page, Status
from .questions import ListPage


class State(StrEnum):
    """What an entry is, as far as its `status` (free text) tells."""

    DONE = "done"
    UNFINISHED = "unfinished"
    FAILED = "failed"


class Sort(StrEnum):
    """In which order entries are shown."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"


@dataclass(frozen=True)
class Filter:
    """Which entries are shown; None and empty leave nothing out. Every one of `words` has to be in name or prompt."""

    kind: Kind | None = None
    state: State | None = None
    words: str = ""
    sort: Sort = Sort.NEWEST


def state_of(asset: Asset) -> State:
    """Finished with something to import, ended without, or still being made. An unknown word is not an end."""
    status = Status(asset.status or "")
    is_partly_done = status is Status.PARTIALLY_SUCCEEDED and asset.assets is not None and asset.assets.has_result
    if asset.is_usable or is_partly_done:
        return State.DONE
    return State.FAILED if status in ENDED else State.UNFINISHED


def state_words(asset: Asset) -> str:
    """The state as a person reads it."""
    state = state_of(asset)
    if state is State.DONE:
        return "Done" if asset.is_usable else "Partly done"
    if state is State.UNFINISHED:
        return "Being made" if Status(asset.status or "") is not Status.UNKNOWN else f'Being made ("{asset.status}")'
    if asset.status == Status.CANCELED.value:
        return "Cancelled"
    return "Done, but without a file" if asset.status == Status.SUCCEEDED.value else "Failed"


def title(asset: Asset) -> str:
    """What a person calls it: the name, else the prompt, else a world's description by Mint."""
    caption = asset.assets.caption if asset.assets else None
    return " ".join((asset.name or asset.prompt or caption or f"{asset.kind} {asset.id}").split())


def can_be_retried(asset: Asset) -> bool:
    """Does Mint take a new attempt at it?"""
    return state_of(asset) is State.FAILED and asset.status in {Status.FAILED.value, Status.CANCELED.value}


def reason(asset: Asset) -> str | None:
    """Why it was not made, where Mint tells."""
    told = asset.raw.get("operation")
    sentence = told.get("lastError") if isinstance(told, Mapping) else None
    return sentence if isinstance(sentence, str) and sentence else None


class Shelf:
    """One kind's list as far as it is known, in Mint's order."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.is_begun = False
        self.complaint: str | None = None
        self._known: dict[str, Asset] = {}
        self._order: list[str] = []
        self._gap: tuple[int, str] | None = None  # after so many entries something is missing; the cursor that leads there
        self._tail: str | None = None
        self._used: set[str] = set()  # cursors: a list that goes round in circles has ended
        self._lost_its_way = False

    def entries(self) -> Iterable[Asset]:
        """All that is known, newest first."""
        return (self._known[id] for id in self._order)

    def get(self, asset_id: str) -> Asset | None:
        """One entry."""
        return self._known.get(asset_id)

    @property
    def next_page(self) -> ListPage | None:
        """What to ask for next; None at the end of the list."""
        if not self.is_begun:
            return ListPage(self.kind)
        cursor = self._gap[1] if self._gap else self._tail
        return ListPage(self.kind, cursor) if cursor else None

    @property
    def frontier(self) -> float:
        """The date of the last entry before something unknown; infinite before the first page, 0 at the end of the list."""
        if self.next_page is None:
            return 0.0
        until = self._gap[0] if self._gap else len(self._order)
        return made_at(self._known[self._order[until - 1]]) if until else float("inf")

    def take_in(self, cursor: str | None, page: Page) -> None:
        """One page that was asked for; a late one, whose place is no longer known, only renews what it is about."""
        self.complaint = None
        if cursor is None and (not self.is_begun or self._lost_its_way):
            self._known, self._order, self._gap, self._used = {}, [], None, set()
            self._add(page)
        elif cursor is None:
            self._lay_over(0, page)
        elif self._gap and cursor == self._gap[1]:
            self._lay_over(self._gap[0], page)
        elif cursor == self._tail:
            self._used.add(cursor)
            self._add(page)
        else:
            self._known.update({asset.id: asset for asset in page.data if asset.id in self._known})
            return
        self.is_begun, self._lost_its_way = True, False

    def take_in_complaint(self, cursor: str | None, complaint: str) -> None:
        """A page could not be had. When it was a further one, its cursor may be what is wrong: the next refresh begins anew."""
        self.complaint = complaint
        self._lost_its_way = self._lost_its_way or cursor is not None

    def _add(self, page: Page) -> None:
        """Further down."""
        for asset in page.data:
            if asset.id and asset.id not in self._known:
                self._order.append(asset.id)
            self._known[asset.id] = asset
        self._known.pop("", None)
        self._tail = None if page.next_cursor in self._used else page.next_cursor

    def _lay_over(self, at: int, page: Page) -> None:
        """Over the beginning of what is known after the first `at` entries. What stood among them and is not there any more is gone."""
        new = {asset.id: asset for asset in page.data if asset.id}
        brings_something = any(id not in self._known for id in new)
        if at == 0 and self._gap is not None and new.keys().isdisjoint(self._order):
            self._cut_at_gap()  # a second gap: what is below the first one will be loaded again
        above, below = self._order[:at], self._order[at:]
        touching = max((place for place, id in enumerate(below) if id in new), default=-1)
        is_whole = page.next_cursor is None
        replaced = len(below) if is_whole else touching + 1
        for id in below[:replaced]:
            if id not in new:
                del self._known[id]
        self._known.update(new)
        already = set(above)
        run = [id for id in new if id not in already]
        self._order = [*above, *run, *below[replaced:]]
        if is_whole:
            self._gap = self._tail = None
        elif not below:
            self._gap, self._tail = None, page.next_cursor
        elif touching < 0 and brings_something:
            self._gap = (len(above) + len(run), page.next_cursor or "")
        elif at == 0 and self._gap is not None and replaced <= self._gap[0]:
            self._gap = (self._gap[0] + len(run) - replaced, self._gap[1])
        else:
            self._gap = None

    def _cut_at_gap(self) -> None:
        assert self._gap is not None
        until, self._tail = self._gap
        for id in self._order[until:]:
            del self._known[id]
        self._order, self._gap, self._used = self._order[:until], None, set()


class Library:
    """Both kinds together, as a person looks at them."""

    def __init__(self) -> None:
        self._shelves = {kind: Shelf(kind) for kind in Kind}
        self._shown: tuple[Filter, list[Asset]] | None = None

    def get(self, asset_id: str) -> Asset | None:
        """One entry, whatever its kind."""
        return next((asset for shelf in self._shelves.values() if (asset := shelf.get(asset_id))), None)

    def entries(self, wanted: Filter) -> list[Asset]:
        """What is shown. Worked out once for each change: cheap to ask from a panel. Not to be changed by the caller."""
        if self._shown is None or self._shown[0] != wanted:
            self._shown = (wanted, _sorted(_matching(self._on(wanted.kind), wanted), wanted.sort))
        return self._shown[1]

    def count(self, kind: Kind | None = None) -> int:
        """How many entries are known."""
        return sum(1 for _ in self._on(kind))

    def begin(self, kind: Kind | None = None) -> list[ListPage]:
        """The first pages, of what has none yet."""
        return [ListPage(shelf.kind) for shelf in self._chosen(kind) if not shelf.is_begun]

    def refresh(self, kind: Kind | None = None) -> list[ListPage]:
        """The first pages, whatever is known."""
        return [ListPage(shelf.kind) for shelf in self._chosen(kind)]

    def next_page(self, kind: Kind | None = None) -> ListPage | None:
        """The page to ask for next: of the kind that is known least far back, so that both reach equally far. None at the end."""
        open_ones = [shelf for shelf in self._chosen(kind) if shelf.next_page is not None]
        shelf = max(open_ones, key=lambda each: each.frontier, default=None)
        return shelf.next_page if shelf else None

    def complaint(self, kind: Kind | None = None) -> str | None:
        """Why a page could not be had, until one could."""
        return next((shelf.complaint for shelf in self._chosen(kind) if shelf.complaint), None)

    def take_in(self, question: ListPage, answer: Page | None, complaint: str | None = None) -> None:
        """What was answered."""
        shelf = self._shelves[question.kind]
        if answer is not None:
            shelf.take_in(question.cursor, answer)
            self._shown = None
        else:
            shelf.take_in_complaint(question.cursor, complaint or "Mint did not answer.")

    def _chosen(self, kind: Kind | None) -> list[Shelf]:
        return [shelf for shelf in self._shelves.values() if kind in (None, shelf.kind)]

    def _on(self, kind: Kind | None) -> Iterable[Asset]:
        return (asset for shelf in self._chosen(kind) for asset in shelf.entries())


def made_at(asset: Asset) -> float:
    """Seconds since the epoch; 0 where Mint does not tell."""
    return asset.created_at.timestamp() if asset.created_at else 0.0


def _matching(assets: Iterable[Asset], wanted: Filter) -> list[Asset]:
    words = wanted.words.casefold().split()
    return [
        asset
        for asset in assets
        if (wanted.state is None or state_of(asset) is wanted.state)
        and (not words or _has(f"{asset.name or ''} {asset.prompt or ''} {title(asset)}".casefold(), words))
    ]


def _has(text: str, words: list[str]) -> bool:
    return all(word in text for word in words)


def _sorted(assets: list[Asset], sort: Sort) -> list[Asset]:
    if sort is Sort.NAME:
        return sorted(assets, key=lambda asset: (title(asset).casefold(), asset.id))
    return sorted(assets, key=made_at, reverse=sort is Sort.NEWEST)
