# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of models or Worlds that is loaded from Mint page by page, newest first.

Knows no thread, network or Blender: it says which page to request next and adds the answers. New
assets appear at the top while the list is in use, so the first page is requested again from time to
time and merged with the entries that are already loaded. If the two do not overlap, the list begins
anew with that page.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...mint.schema import Asset, Kind, Page
from ..queries import ListPage


class PagedList:
    """The loaded entries of one kind, in Mint's order."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.has_first_page = False
        self.error: str | None = None
        self._known: dict[str, Asset] = {}
        self._order: list[str] = []
        self._tail: str | None = None
        self._used_cursors: set[str] = set()  # a cursor that comes again ends the list
        self._must_reload = False
        # ids and dates of assets that exist at Mint but are not in this list
        self._missing: dict[str, float] = {}
        # the same, for those that the first page on its way should contain
        self._requested: dict[str, float] = {}
        # whether the first page failed, and no new asset was reported since
        self._first_page_failed = False

    def entries(self) -> Iterable[Asset]:
        """Return all loaded entries, newest first."""
        return (self._known[id] for id in self._order)

    def get(self, asset_id: str) -> Asset | None:
        """Return a loaded entry."""
        return self._known.get(asset_id)

    @property
    def count(self) -> int:
        """The number of loaded entries."""
        return len(self._order)

    @property
    def next_page(self) -> ListPage | None:
        """The page to request next; None at the end of the list."""
        if not self.has_first_page:
            return ListPage(self.kind)
        return ListPage(self.kind, self._tail) if self._tail else None

    @property
    def oldest_date(self) -> float:
        """The date down to which the list is complete, in seconds since the epoch.

        It is infinite before the first page, and 0 when everything is loaded.
        """
        if self.next_page is None:
            return 0.0
        return created_timestamp(self._known[self._order[-1]]) if self._order else float("inf")

    @property
    def has_newer_entries(self) -> bool:
        """Whether the first page has to be requested again because new assets were reported.

        Assets older than all loaded entries do not count: they are on a page still to come.
        """
        has_missing = any(made > self.oldest_date for made in self._missing.values())
        return self.has_first_page and not self._first_page_failed and has_missing

    def add_missing(self, asset_id: str, made: float) -> None:
        """Remember that there is an asset at Mint that is not in this list."""
        self._missing[asset_id] = made
        self._first_page_failed = False

    def first_page_requested(self) -> None:
        """Note that the first page was requested.

        The answer contains every asset missing so far, or that asset is not in the list at all.
        """
        self._requested = self._requested | self._missing
        self._missing = {}

    def put(self, asset: Asset) -> None:
        """Replace an entry that is already loaded."""
        if asset.id in self._known:
            self._put(asset)

    def drop(self, asset_id: str) -> None:
        """Remove an entry that no longer exists at Mint."""
        if self._known.pop(asset_id, None) is not None:
            self._order.remove(asset_id)

    def add_page(self, cursor: str | None, page: Page) -> None:
        """Add a page that was requested.

        A late page, whose cursor is no longer expected, only updates entries already loaded.
        """
        self.error = None
        self._first_page_failed = False
        if cursor is None:
            self._requested = {}
        is_anew = self._must_reload or self._known.keys().isdisjoint(each.id for each in page.data)
        if cursor is None and is_anew:
            self._known.clear()
            self._order.clear()
            self._used_cursors.clear()
            self._add(page)
        elif cursor is None:
            self._merge(page)
        elif cursor == self._tail:
            self._used_cursors.add(cursor)
            self._add(page)
        else:
            for asset in page.data:
                self.put(asset)
            return
        self.has_first_page = True
        self._must_reload = False

    def page_failed(self, cursor: str | None, error: str) -> None:
        """Note why a page could not be loaded.

        If it was not the first page, its cursor may be invalid: the next refresh starts over.
        """
        self.error = error
        self._must_reload = self._must_reload or cursor is not None
        if cursor is None:
            self._first_page_failed = True
            self._missing = self._requested | self._missing
            self._requested = {}

    def _add(self, page: Page) -> None:
        """Append a page at the end."""
        for asset in page.data:
            if asset.id not in self._known:
                self._order.append(asset.id)
            self._put(asset)
        self._tail = None if page.next_cursor in self._used_cursors else page.next_cursor

    def _merge(self, page: Page) -> None:
        """Merge the first page with the loaded entries, some of which are in it.

        An entry that would have to be in the page and is not there was deleted.
        """
        new = {asset.id: asset for asset in page.data}
        is_all = page.next_cursor is None
        last = max(place for place, id in enumerate(self._order) if id in new)
        replaced = len(self._order) if is_all else last + 1
        for id in self._order[:replaced]:
            if id not in new:
                del self._known[id]
        for asset in new.values():
            self._put(asset)
        self._order[:replaced] = new
        self._tail = None if is_all else self._tail

    def _put(self, asset: Asset) -> None:
        """Add or replace an entry."""
        self._missing.pop(asset.id, None)
        self._requested.pop(asset.id, None)
        self._known[asset.id] = asset


def created_timestamp(asset: Asset) -> float:
    """Return when an asset was created, in seconds since the epoch; 0 if unknown."""
    return asset.created_at.timestamp() if asset.created_at else 0.0
