# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of assets at Mint that change, library entries, and jobs that report about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.library.pages import PagedList
from mint_blender.jobs.library.view_model import AssetState, Filter, Library, state_of
from mint_blender.jobs.new_jobs import new_attempt
from mint_blender.jobs.queries import ListPage, Query, QueryAnswered
from mint_blender.jobs.service import JobService
from mint_blender.mint.schema import Asset, Kind, Page

from .workflow_harness import operation, with_operation

MODELS = ListPage(Kind.MODEL)


def an_asset(
    number: int, *, kind: Kind = Kind.MODEL, status: str = "succeeded", **more: object
) -> Asset:
    """Return the asset of that number; higher numbers are newer."""
    data = {
        "id": f"id_{number}",
        "name": None,
        "prompt": f"a thing no {number}",
        "status": status,
        "createdAt": datetime.fromtimestamp(1_700_000_000 + 60 * number, UTC).isoformat(),
        "assets": {"glbUrl": f"https://files.example/{number}.glb"}
        if status == "succeeded"
        else None,
        **more,
    }
    return Asset.from_json(kind, data)


class AssetList:
    """A list of assets at Mint that grows and shrinks.

    A cursor names the last asset of a page, as in the stand-in service.
    """

    def __init__(self, *numbers: int, size: int = 3) -> None:
        self.numbers = sorted(numbers, reverse=True)
        self.size = size
        self.asked = 0
        self.failed: set[int] = set()

    def page(self, cursor: str | None) -> Page:
        self.asked += 1
        rest = [number for number in self.numbers if cursor is None or number < int(cursor)]
        page = rest[: self.size]
        entries = (
            an_asset(number, status="failed" if number in self.failed else "succeeded")
            for number in page
        )
        return Page(tuple(entries), str(page[-1]) if len(rest) > self.size else None)

    def states(self) -> dict[str, AssetState]:
        """Return the states of all assets by id."""
        return {
            f"id_{number}": AssetState.FAILED if number in self.failed else AssetState.DONE
            for number in self.numbers
        }


def load(paged_list: PagedList, mint: AssetList, pages: int = 1000) -> None:
    """Read up to this many further pages."""
    for _ in range(pages):
        query = paged_list.next_page
        if query is None:
            return
        paged_list.add_page(query.cursor, mint.page(query.cursor))


def numbers(paged_list: PagedList) -> list[int]:
    """Return the numbers of the known assets, in order."""
    return [int(asset.id.removeprefix("id_")) for asset in paged_list.entries()]


def asked(job_service: JobService, *queries: Query) -> list[QueryAnswered]:
    """Send queries and return their answers."""
    for query in queries:
        job_service.queries.ask(query)
    while job_service.has_active_work:
        job_service.next_event()
    return [job_service.queries.answers.pop(query) for query in queries]


# -- a library with a known first page, and jobs that report about its models


NOWHERE = Delivery()


def a_shown(*numbers: int, failed: tuple[int, ...] = ()) -> tuple[Library, AssetList]:
    """Return a library whose first page is loaded, and the list at Mint."""
    mint, library = AssetList(*numbers), Library()
    mint.failed.update(failed)
    library.add_page(MODELS, mint.page(None))
    library.entries(Filter())
    return library, mint


def making(job: Job, status: str, number: int, **more: Any) -> Job:
    """Return the job with an operation of that status for model `number`."""
    return with_operation(job, operation(status, resource=f"id_{number}", **more))


def attempt(number: int) -> Job:
    """Return a job that retries the failed model of this number."""
    return new_attempt(an_asset(number, status="failed"), NOWHERE, now=5000.0)


def states(library: Library) -> dict[str, AssetState]:
    """Return the shown states by asset id."""
    return {asset.id: state_of(asset) for asset in library.entries(Filter())}
