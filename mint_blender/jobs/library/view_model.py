# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the models and worlds that this API project has made: two lists (`shelf`), shown
as one, filtered and sorted.

Mint has no search: what is looked for is looked for among what is loaded. So this also says how far
an order can be relied on before more is loaded. A page that comes costs as much as its entries,
however many are known; only another filter looks at all of them once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ...message import Message
from ...mint.schema import ENDED, Asset, Kind, Page, Status
from ..job import Job
from ..queries import LARGEST_PAGE, ListPage
from .pages import Change, Shelf, made_at
from .updates import Listener, Told


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
    """Which entries are shown; None and empty leave nothing out.

    Every one of `words` has to be in name or prompt.
    """

    kind: Kind | None = None
    state: State | None = None
    words: str = ""
    sort: Sort = Sort.NEWEST

    @property
    def leaves_out(self) -> bool:
        """Does it show less than a whole kind?"""
        return self.state is not None or bool(self.words.split())


def state_of(asset: Asset) -> State:
    """Finished with something to import, ended without, or still being made.

    An unknown word is not an end.
    """
    status = Status(asset.status or "")
    is_partly_done = (
        status is Status.PARTIALLY_SUCCEEDED
        and asset.assets is not None
        and asset.assets.has_result
    )
    if asset.is_usable or is_partly_done:
        return State.DONE
    return State.FAILED if status in ENDED else State.UNFINISHED


def state_words(asset: Asset) -> str:
    """The state as a person reads it."""
    state = state_of(asset)
    if state is State.DONE:
        return Message("Done") if asset.is_usable else Message("Partly done")
    if state is State.UNFINISHED:
        return (
            Message("Being made")
            if Status(asset.status or "") is not Status.UNKNOWN
            else Message('Being made ("{status}")', status=asset.status)
        )
    if asset.status == Status.CANCELED.value:
        return Message("Canceled")
    return (
        Message("Done, but without a file")
        if asset.status == Status.SUCCEEDED.value
        else Message("Failed")
    )


def title(asset: Asset) -> str:
    """What a person calls it: the name, else the prompt, else a world's description by Mint."""
    caption = asset.assets.caption if asset.assets else None
    return " ".join((asset.name or asset.prompt or caption or f"{asset.kind} {asset.id}").split())


def can_be_retried(asset: Asset) -> bool:
    """Does Mint take a new attempt at it?"""
    return state_of(asset) is State.FAILED and asset.status in {
        Status.FAILED.value,
        Status.CANCELED.value,
    }


def reason(asset: Asset) -> str | None:
    """Why it was not made, where Mint tells."""
    told = asset.raw.get("operation")
    sentence = told.get("lastError") if isinstance(told, Mapping) else None
    return sentence if isinstance(sentence, str) and sentence else None


MANY = 3 * LARGEST_PAGE
"""Entries that a page has taken away, when the list began anew: then what is shown is sorted anew,
too.
"""


class View:
    """The entries that pass one filter, in its order, kept so while entries come and go."""

    def __init__(self, wanted: Filter, assets: Iterable[Asset]) -> None:
        self.wanted = wanted
        self._words = wanted.words.casefold().split()
        self.entries = sorted(filter(self._fits, assets), key=self._key)

    def take_in(self, change: Change) -> None:
        """Some are gone, or not as they were; others have come."""
        for asset in change.gone:
            if (place := self.place(asset)) is not None:
                del self.entries[place]
        for asset in change.put:
            if self._fits(asset):
                insort(self.entries, asset, key=self._key)

    def place(self, asset: Asset) -> int | None:
        """Where it stands; None when it is not shown."""
        key = self._key(asset)
        place = bisect_left(self.entries, key, key=self._key)
        while place < len(self.entries) and self._key(self.entries[place]) == key:
            if self.entries[place].id == asset.id and self.entries[place].kind is asset.kind:
                return place
            place += 1
        return None

    def until(self, date: float) -> int:
        """How many are not older than that, in a view that shows the newest first."""
        return bisect_right(self.entries, -date, key=self._key)

    def _fits(self, asset: Asset) -> bool:
        wanted = self.wanted
        return (
            (wanted.kind is None or asset.kind is wanted.kind)
            and (wanted.state is None or state_of(asset) is wanted.state)
            and (not self._words or self._has_all_words(asset))
        )

    def _has_all_words(self, asset: Asset) -> bool:
        text = f"{asset.name or ''} {asset.prompt or ''} {title(asset)}".casefold()
        return all(word in text for word in self._words)

    def _key(self, asset: Asset) -> Any:
        if self.wanted.sort is Sort.NAME:
            return (title(asset).casefold(), asset.id)
        return made_at(asset) if self.wanted.sort is Sort.OLDEST else -made_at(asset)


class Library:
    """Both kinds together, as a person looks at them."""

    def __init__(self) -> None:
        self._shelves = {kind: Shelf(kind) for kind in Kind}
        self._view: View | None = None
        self._listener = Listener()
        self._ended: dict[str, Told] = {}  # done or failed, as jobs have told
        # what jobs have told of entries that no list had: each state is reason to look once
        self._reported: dict[str, State] = {}

    def get(self, asset_id: str) -> Asset | None:
        """One entry, whatever its kind."""
        return next(
            (asset for shelf in self._shelves.values() if (asset := shelf.get(asset_id))), None
        )

    def view(self, wanted: Filter) -> View:
        """What is shown, worked out once for each filter: cheap to ask from a panel.

        Its entries are not to be changed by the caller.
        """
        if self._view is None or self._view.wanted != wanted:
            self._view = View(
                wanted, (asset for shelf in self._chosen(wanted.kind) for asset in shelf.entries())
            )
        return self._view

    def entries(self, wanted: Filter) -> list[Asset]:
        """The entries that are shown."""
        return self.view(wanted).entries

    def settled(self, wanted: Filter) -> int:
        """How many of them stand where they will stand when everything is loaded.

        By name, or the oldest first, that is not known before everything is: then all that are
        known count.
        """
        if wanted.sort is not Sort.NEWEST:
            return len(self.entries(wanted))
        return self.view(wanted).until(
            max((shelf.frontier for shelf in self._chosen(wanted.kind)), default=0.0)
        )

    def count(self, kind: Kind | None = None) -> int:
        """How many entries are known."""
        return sum(shelf.count for shelf in self._chosen(kind))

    def begin(self, kind: Kind | None = None) -> list[ListPage]:
        """The first pages, of what has none yet."""
        return [ListPage(shelf.kind) for shelf in self._chosen(kind) if not shelf.is_begun]

    def refresh(self, kind: Kind | None = None) -> list[ListPage]:
        """The first pages, whatever is known."""
        return [ListPage(shelf.kind) for shelf in self._chosen(kind)]

    def next_page(self, kind: Kind | None = None) -> ListPage | None:
        """The page to ask for next: of the kind that is known least far back, so that both reach
        equally far. None at the end.
        """
        open_ones = [shelf for shelf in self._chosen(kind) if shelf.next_page is not None]
        shelf = max(open_ones, key=lambda each: each.frontier, default=None)
        return shelf.next_page if shelf else None

    def complaint(self, kind: Kind | None = None) -> str | None:
        """Why a page could not be had, until one could."""
        return next((shelf.complaint for shelf in self._chosen(kind) if shelf.complaint), None)

    def take_in(
        self, question: ListPage, answer: Page | None, complaint: str | None = None
    ) -> None:
        """What was answered."""
        shelf = self._shelves[question.kind]
        if answer is None:
            shelf.take_in_complaint(question.cursor, complaint or Message("Mint did not answer."))
            return
        self._show(
            shelf.take_in(
                question.cursor,
                replace(answer, data=tuple(self._settled(asset) for asset in answer.data)),
            )
        )

    # -- what jobs tell, which needs no request
    # ------------------------------------------------------------------------

    def follow(self, jobs: Iterable[Job]) -> None:
        """Let entries be as the jobs have heard since the last time.

        What no list had is missed from now on.
        """
        for told in self._listener.news(jobs):
            shelf = self._shelves[told.kind]
            known = shelf.get(told.id)
            entry = told.entry(known)
            if told.is_gone:
                self._show(shelf.drop(told.id))
            elif entry is not None and not (known and told.is_older_than(known)):
                state = state_of(entry)
                if state is State.UNFINISHED:
                    self._ended.pop(told.id, None)
                elif state is State.DONE or can_be_retried(entry):
                    self._ended[told.id] = told
                if known is not None:
                    self._show(shelf.put(entry))
                elif self._reported.get(told.id) is not state:
                    self._reported[told.id] = state
                    shelf.miss(told.id, told.made_at)

    def behind(self, kind: Kind | None = None) -> list[ListPage]:
        """The first pages of the lists that lack something in front."""
        return [ListPage(shelf.kind) for shelf in self._chosen(kind) if shelf.is_behind]

    def asked(self, question: ListPage) -> None:
        """This is on its way now."""
        if question.cursor is None:
            self._shelves[question.kind].asked()

    def _settled(self, asset: Asset) -> Asset:
        """An entry of a page.

        For some seconds Mint's lists may lag behind what jobs have told: what is done is never
        unfinished again, and what has failed is only where the list is newer, since others can try
        it anew.
        """
        told = self._ended.get(asset.id)
        entry = (
            told.entry(asset) if told is not None and state_of(asset) is State.UNFINISHED else None
        )
        if (
            told is None
            or entry is None
            or (state_of(entry) is not State.DONE and told.precedes(asset))
        ):
            return asset
        return entry

    def _show(self, change: Change) -> None:
        if len(change.gone) > MANY:
            self._view = None
        elif self._view is not None:
            self._view.take_in(change)

    def _chosen(self, kind: Kind | None) -> list[Shelf]:
        return [shelf for shelf in self._shelves.values() if kind in (None, shelf.kind)]
