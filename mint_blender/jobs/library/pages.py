# SPDX-License-Identifier: GPL-3.0-or-later
"""One kind's list at Mint, models or worlds, as far as it is known: loaded page by page, in Mint's
order.

Knows no thread, network or Blender: it says which page to ask for next and takes in what was
answered. Mint lists newest first, unfinished and failed ones too, and things are made while one
looks: so a first page that was read again is laid over the beginning of what is known, and where
the two do not touch, the gap between them is loaded before anything further down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...mint.schema import Asset, Kind, Page
from ..queries import ListPage


@dataclass
class Change:
    """What a page has changed: these entries are no longer as they were, and those are so now."""

    gone: list[Asset] = field(default_factory=list)
    put: list[Asset] = field(default_factory=list)


class Shelf:
    """One kind's list as far as it is known, in Mint's order."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.is_begun = False
        self.complaint: str | None = None
        self._known: dict[str, Asset] = {}
        self._order: list[str] = []
        # after so many entries something is missing; the cursor that leads there
        self._gap: tuple[int, str | None] | None = None
        self._tail: str | None = None
        self._used: set[str] = set()  # cursors: a list that goes round in circles has ended
        self._lost_its_way = False
        # what is at Mint and was not in the list when it was read, and when it was made
        self._missed: dict[str, float] = {}
        # what was missed when the first page was asked for, which is on its way
        self._looked_for: dict[str, float] = {}
        # the first page could not be had, and nothing has happened since
        self._asks_in_vain = False
        self._change = Change()

    def entries(self) -> Iterable[Asset]:
        """All that is known, newest first."""
        return (self._known[id] for id in self._order)

    def get(self, asset_id: str) -> Asset | None:
        """One entry."""
        return self._known.get(asset_id)

    @property
    def count(self) -> int:
        """How many entries are known."""
        return len(self._order)

    @property
    def next_page(self) -> ListPage | None:
        """What to ask for next; None at the end of the list."""
        if not self.is_begun or self._lacks_beginning:
            return ListPage(self.kind)
        cursor = self._gap[1] if self._gap else self._tail
        return ListPage(self.kind, cursor) if cursor else None

    @property
    def frontier(self) -> float:
        """The date of the last entry before something unknown; infinite before the first page, 0 at
        the end of the list.
        """
        if self.next_page is None:
            return 0.0
        until = self._gap[0] if self._gap else len(self._order)
        return made_at(self._known[self._order[until - 1]]) if until else float("inf")

    @property
    def is_behind(self) -> bool:
        """Has something come in front since the list was read?

        What is older than all that is known is only further down.
        """
        has_missed = self._lacks_beginning or any(
            made > self.frontier for made in self._missed.values()
        )
        return self.is_begun and not self._asks_in_vain and has_missed

    @property
    def _lacks_beginning(self) -> bool:
        """Are all gone that stood above the gap? Then the first page leads there."""
        return self._gap is not None and self._gap[0] == 0

    def miss(self, asset_id: str, made: float) -> None:
        """There is an entry at Mint that is not known here."""
        self._missed[asset_id] = made
        self._asks_in_vain = False

    def asked(self) -> None:
        """The first page is being asked for: whatever was missed so far is in the answer, or is not
        in the list at all.
        """
        self._looked_for, self._missed = self._looked_for | self._missed, {}

    def put(self, asset: Asset) -> Change:
        """A known entry as it is now, from somebody who has just heard of it."""
        self._change = Change()
        if asset.id in self._known:
            self._put(asset)
        return self._change

    def drop(self, asset_id: str) -> Change:
        """Mint does not know it any more."""
        self._change = Change()
        if asset_id in self._known:
            self._remove(asset_id)
            place = self._order.index(asset_id)
            del self._order[place]
            if self._gap is not None and place < self._gap[0]:
                self._gap = (self._gap[0] - 1, self._gap[1] if self._gap[0] > 1 else None)
        return self._change

    def take_in(self, cursor: str | None, page: Page) -> Change:
        """One page that was asked for; a late one, whose place is no longer known, only renews what
        it is about.
        """
        self.complaint, self._asks_in_vain, self._change = None, False, Change()
        if cursor is None:
            self._looked_for = {}
        if cursor is None and (not self.is_begun or self._lost_its_way):
            for id in self._order:
                self._remove(id)
            self._order, self._gap, self._used = [], None, set()
            self._add(page)
        elif cursor is None:
            self._gap = None if self._lacks_beginning else self._gap
            self._lay_over(0, page)
        elif self._gap and cursor == self._gap[1]:
            self._lay_over(self._gap[0], page)
        elif cursor == self._tail:
            self._used.add(cursor)
            self._add(page)
        else:
            for asset in page.data:
                if asset.id in self._known:
                    self._put(asset)
            return self._change
        self.is_begun, self._lost_its_way = True, False
        return self._change

    def take_in_complaint(self, cursor: str | None, complaint: str) -> None:
        """A page could not be had.

        When it was a further one, its cursor may be what is wrong: the next refresh begins anew.
        """
        self.complaint = complaint
        self._lost_its_way = self._lost_its_way or cursor is not None
        if cursor is None:
            self._asks_in_vain = True
            self._looked_for, self._missed = {}, self._looked_for | self._missed

    def _add(self, page: Page) -> None:
        """Further down."""
        for asset in page.data:
            if asset.id and asset.id not in self._known:
                self._order.append(asset.id)
            self._put(asset)
        self._tail = None if page.next_cursor in self._used else page.next_cursor

    def _lay_over(self, at: int, page: Page) -> None:
        """Over the beginning of what is known after the first `at` entries.

        What stood among them and is not there any more is gone.
        """
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
                self._remove(id)
        for asset in new.values():
            self._put(asset)
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
            self._remove(id)
        self._order, self._gap, self._used = self._order[:until], None, set()

    def _put(self, asset: Asset) -> None:
        """A new entry, or one that is known, as it is now.

        One without an id is nothing that could be asked for.
        """
        if asset.id:
            if (before := self._known.get(asset.id)) is not None:
                self._change.gone.append(before)
            self._known[asset.id] = asset
            self._missed.pop(asset.id, None)
            self._looked_for.pop(asset.id, None)
            self._change.put.append(asset)

    def _remove(self, asset_id: str) -> None:
        self._change.gone.append(self._known.pop(asset_id))


def made_at(asset: Asset) -> float:
    """Seconds since the epoch; 0 where Mint does not tell."""
    return asset.created_at.timestamp() if asset.created_at else 0.0
