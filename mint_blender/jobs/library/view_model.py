# SPDX-License-Identifier: GPL-3.0-or-later
"""The library as it is shown: the lists of models and Worlds as one, filtered and sorted.

Mint has no search, so a filter applies to the loaded entries only, and `settled_count` says how
many of them keep their place when more is loaded. They are filtered and sorted once after each
change, which takes 16 ms for 10,000.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ...message import Message
from ...mint.schema import ENDED, Asset, Kind, Operation, Page, Status
from ..job import Job, asset_of, untitled
from ..queries import ListPage
from .pages import PagedList, created_timestamp


class AssetState(StrEnum):
    """The state of an entry, from its `status`, which is free text."""

    DONE = "done"
    UNFINISHED = "unfinished"
    FAILED = "failed"


@dataclass(frozen=True)
class Filter:
    """Which entries are shown; None and an empty text match all.

    Each of the `words` has to be in the name or the prompt.
    """

    kind: Kind | None = None
    state: AssetState | None = None
    words: str = ""

    @property
    def narrows(self) -> bool:
        """Whether it shows less than all entries of a kind."""
        return self.state is not None or bool(self.words.split())


def state_of(asset: Asset) -> AssetState:
    """Return the state of an entry; an unknown status counts as unfinished."""
    status = Status(asset.status or "")
    is_partly_done = (
        status is Status.PARTIALLY_SUCCEEDED
        and asset.assets is not None
        and asset.assets.has_result
    )
    if asset.is_usable or is_partly_done:
        return AssetState.DONE
    return AssetState.FAILED if status in ENDED else AssetState.UNFINISHED


def state_label(asset: Asset) -> str:
    """Return the state as it is shown."""
    state = state_of(asset)
    if state is AssetState.DONE:
        return Message("Done") if asset.is_usable else Message("Partly done")
    if state is AssetState.UNFINISHED:
        return (
            Message("In progress")
            if Status(asset.status or "") is not Status.UNKNOWN
            else Message('In progress ("{status}")', status=asset.status)
        )
    if asset.status == Status.CANCELED.value:
        return Message("Canceled")
    return (
        Message("Done, but no file")
        if asset.status == Status.SUCCEEDED.value
        else Message("Failed")
    )


def title(asset: Asset) -> str:
    """Return the name, else the prompt, else Mint's description of a World, else kind and id."""
    caption = asset.assets.caption if asset.assets else None
    return asset.title or " ".join((caption or "").split()) or untitled(asset.kind, asset.id)


def reason(asset: Asset) -> str | None:
    """Return why it failed, if Mint says so."""
    operation = asset.raw.get("operation")
    sentence = operation.get("lastError") if isinstance(operation, Mapping) else None
    return sentence if isinstance(sentence, str) and sentence else None


def has_words(asset: Asset, words: str) -> bool:
    """Return whether each of these words is in the name, the prompt or the title of an entry."""
    wanted = words.casefold().split()
    if not wanted:
        return True
    text = f"{asset.name or ''} {asset.prompt or ''} {title(asset)}".casefold()
    return all(word in text for word in wanted)


def _age(asset: Asset) -> float:
    """Return a number that is less for a newer asset."""
    return -created_timestamp(asset)


class Library:
    """The lists of both kinds, shown as one."""

    def __init__(self) -> None:
        self._lists = {kind: PagedList(kind) for kind in Kind}
        self._shown: tuple[Filter, list[Asset]] | None = None
        self._jobs: dict[str, Job] = {}  # as `apply_updates` has last seen them
        self._ended: dict[str, Job] = {}  # the jobs by which assets are done or have failed
        # states of entries that are in no list: each is a reason to request the first page once
        self._reported: dict[str, AssetState] = {}

    def get(self, asset_id: str) -> Asset | None:
        """Return an entry of either kind."""
        return next(
            (asset for paged_list in self._lists.values() if (asset := paged_list.get(asset_id))),
            None,
        )

    def entries(self, wanted: Filter) -> list[Asset]:
        """Return the entries that match a filter; cached, so that a panel can call it.

        The caller must not change them.
        """
        if self._shown is None or self._shown[0] != wanted:
            entries = [
                asset
                for paged_list in self._chosen(wanted.kind)
                for asset in paged_list.entries()
                if (wanted.state is None or state_of(asset) is wanted.state)
                and has_words(asset, wanted.words)
            ]
            self._shown = (wanted, sorted(entries, key=_age))
        return self._shown[1]

    def settled_count(self, wanted: Filter) -> int:
        """Return how many entries keep their place when everything is loaded."""
        oldest = max(paged_list.oldest_date for paged_list in self._chosen(wanted.kind))
        return bisect_right(self.entries(wanted), -oldest, key=_age)

    def count(self, kind: Kind | None = None) -> int:
        """Return the number of loaded entries."""
        return sum(paged_list.count for paged_list in self._chosen(kind))

    def unloaded_pages(self, kind: Kind | None = None) -> list[ListPage]:
        """Return the first page of each list that has none yet."""
        return [
            ListPage(paged_list.kind)
            for paged_list in self._chosen(kind)
            if not paged_list.has_first_page
        ]

    def first_pages(self, kind: Kind | None = None) -> list[ListPage]:
        """Return the first page of each list."""
        return [ListPage(paged_list.kind) for paged_list in self._chosen(kind)]

    def next_page(self, kind: Kind | None = None) -> ListPage | None:
        """Return the page to request next; None at the end.

        It is of the kind that is loaded less far back, so that both reach equally far.
        """
        open_ones = [
            paged_list for paged_list in self._chosen(kind) if paged_list.next_page is not None
        ]
        paged_list = max(open_ones, key=lambda each: each.oldest_date, default=None)
        return paged_list.next_page if paged_list else None

    def error(self, kind: Kind | None = None) -> str | None:
        """Return why the last page could not be loaded, if it could not."""
        return next(
            (paged_list.error for paged_list in self._chosen(kind) if paged_list.error), None
        )

    def add_page(self, query: ListPage, page: Page | None, error: str | None = None) -> None:
        """Add an answer: a page, or the reason why there is none."""
        paged_list = self._lists[query.kind]
        if page is None:
            paged_list.page_failed(query.cursor, error or Message("Mint did not answer."))
            return
        newest = tuple(self._newest(asset) for asset in page.data)
        paged_list.add_page(query.cursor, replace(page, data=newest))
        self._shown = None

    def apply_updates(self, jobs: Iterable[Job]) -> None:
        """Update entries with what jobs know since the last time.

        An entry that is in no list counts as missing from now on.
        """
        for job, asset_id in self._changed(jobs):
            paged_list = self._lists[job.kind]
            known = paged_list.get(asset_id)
            entry = _entry(job, known)
            if _is_gone(job):
                paged_list.drop(asset_id)
                self._shown = None
            elif entry is not None and not (known and _is_older(job, known)):
                state = state_of(entry)
                if state is AssetState.UNFINISHED:
                    self._ended.pop(asset_id, None)
                elif state is AssetState.DONE or entry.has_failed:
                    self._ended[asset_id] = job
                if known is not None:
                    paged_list.put(entry)
                    self._shown = None
                elif self._reported.get(asset_id) is not state:
                    self._reported[asset_id] = state
                    paged_list.add_missing(asset_id, _made_at(job))

    def _changed(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, str]]:
        """Yield the jobs that know something else of their assets than before, oldest first."""
        before, self._jobs = self._jobs, {job.id: job for job in jobs}
        changed = [job for job in self._jobs.values() if job is not before.get(job.id)]
        for job in sorted(changed, key=lambda job: job.created_at):
            asset_id = asset_of(job)
            earlier = before.get(job.id)
            if asset_id is not None and (earlier is None or _known(job) != _known(earlier)):
                yield job, asset_id

    def outdated_pages(self, kind: Kind | None = None) -> list[ListPage]:
        """Return the first page of each list that lacks new entries."""
        return [
            ListPage(paged_list.kind)
            for paged_list in self._chosen(kind)
            if paged_list.has_newer_entries
        ]

    def page_requested(self, query: ListPage) -> None:
        """Note that a page was requested."""
        if query.cursor is None:
            self._lists[query.kind].first_page_requested()

    def _newest(self, asset: Asset) -> Asset:
        """Return an entry of a page, or what a job knows of it if that is newer.

        Mint's lists may be some seconds behind. An entry that is done never becomes unfinished
        again; one that failed does if the list is newer, since it may have been retried elsewhere.
        """
        job = self._ended.get(asset.id)
        if job is None or state_of(asset) is not AssetState.UNFINISHED:
            return asset
        entry = _entry(job, asset)
        updated_at = _updated_at(job)
        is_newer = asset.updated_at and (updated_at is None or updated_at < asset.updated_at)
        if entry is None or (state_of(entry) is not AssetState.DONE and is_newer):
            return asset
        return entry

    def _chosen(self, kind: Kind | None) -> list[PagedList]:
        return [
            paged_list for paged_list in self._lists.values() if kind in (None, paged_list.kind)
        ]


STALE_AFTER = timedelta(minutes=1)
"""An update that is older than the entry by more than this is ignored.

An operation and its model may be dated a few moments apart, but not more.
"""
# A status that a job read from the asset itself wins over that of the operation if it is one of
# these: what is done stays done. Any other may be from before a retry, which only the operation
# knows of.
_DONE = {Status.SUCCEEDED.value, Status.PARTIALLY_SUCCEEDED.value}


def _read(job: Job) -> tuple[Asset | None, Operation | None]:
    """Return a job's asset as it has read it, and the operation of this job that generates it."""
    asset = job.asset if job.asset and job.asset.id == asset_of(job) and job.asset.status else None
    return asset, None if job.convert or job.motion else job.operation


def _known(job: Job) -> tuple[object, ...]:
    """Return all that a job knows of its asset."""
    return asset_of(job), _is_gone(job), *_read(job)


def _made_at(job: Job) -> float:
    """Return when a job's asset was created, in seconds since the epoch."""
    made = next((each.created_at for each in _read(job) if each is not None), None)
    return made.timestamp() if made else job.created_at


def _updated_at(job: Job) -> datetime | None:
    """Return of when it is what a job knows of its asset, by Mint's clock."""
    asset, operation = _read(job)
    if asset and (operation is None or asset.status in _DONE):
        return asset.updated_at
    return operation.updated_at if operation else None


def _is_older(job: Job, known: Asset) -> bool:
    """Return whether the loaded entry is newer than what a job knows."""
    updated_at = _updated_at(job)
    return bool(updated_at and known.updated_at and updated_at + STALE_AFTER < known.updated_at)


def _entry(job: Job, known: Asset | None) -> Asset | None:
    """Return the entry with what a job knows of it; None if that is nothing.

    Name and date come from `known`, the entry as it is loaded.
    """
    asset, operation = _read(job)
    if operation is None or (asset is not None and asset.status in _DONE):
        return asset
    before = known or asset
    files = operation.raw.get("assets")
    entry = {
        **(before.raw if before else {"id": asset_of(job)}),
        "status": operation.status_word,
        "operation": {"lastError": operation.error.message if operation.error else None},
    }
    return Asset.from_json(
        job.kind, entry | {"assets": files} if isinstance(files, Mapping) else entry
    )


def _is_gone(job: Job) -> bool:
    """Return whether reading the asset failed because it does not exist.

    If a paid request was sent, it was that which failed, such as a conversion.
    """
    is_sent = any(request.attempts for request in job.requests)
    is_read = job.source_asset_id is not None and job.operation is None and not is_sent
    return is_read and job.problem is not None and job.problem.code == "not-found"
