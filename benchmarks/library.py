# SPDX-License-Identifier: GPL-3.0-or-later
"""What the library costs the main thread: loading its pages, searching, and updating entries.

All times are processor time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.library.view_model import Filter, Library
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import LARGEST_PAGE, ListPage
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, Operation, Page
from tests.jobs.workflow_harness import with_operation

from .measure import Row, milliseconds

SIZES = (1000, 10_000)
REPEATS = 7
ALL, FIRST_LETTER, SEARCH = Filter(), Filter(words="7"), Filter(words="77")
MOST_GROWTH = 20.0
"""Times as much for ten times as many entries: more than ten, since 10,000 entries do not fit into
the processor's cache. With the square of the entries it would be a hundred times.
"""


def measure() -> Iterator[Row]:
    """Yield the table's rows."""
    costs = {count: _costs(count) for count in SIZES}
    thousand, most = costs.values()
    for name in most:
        ratio = most[name] / thousand[name]
        measured = f"{milliseconds(most[name])}; {ratio:.1f} × as much as with 1,000"
        goal = f"≤ {MOST_GROWTH:.0f} × as much as with 1,000"
        yield Row(f"Library of 10,000: {name}", goal, measured, ratio <= MOST_GROWTH)


def _costs(count: int) -> dict[str, float]:
    """Return the median seconds of each step with so many entries."""
    pages = _pages(count)
    found: dict[str, list[float]] = {}
    for _ in range(REPEATS):
        gc.collect()
        for name, seconds in _steps(pages, count):
            found.setdefault(name, []).append(seconds)
    return {name: median(seconds) for name, seconds in found.items()}


def _steps(pages: list[tuple[ListPage, Page]], count: int) -> Iterator[tuple[str, float]]:
    library, job = Library(), _job(count)
    library.entries(ALL)
    begun = time.thread_time()
    for query, page in pages:
        library.add_page(query, page)
    yield "loading all pages into the grid", time.thread_time() - begun
    first_query, first_page = pages[0]
    begun = time.thread_time()
    library.add_page(first_query, first_page)
    yield "loading the first page again", time.thread_time() - begun
    library.apply_updates([job])
    begun = time.thread_time()
    library.apply_updates([with_operation(job, _operation(count, "succeeded"))])
    yield "a job reports its model", time.thread_time() - begun
    begun = time.thread_time()
    library.entries(FIRST_LETTER)
    yield "the first letter of a search", time.thread_time() - begun
    begun = time.thread_time()
    library.entries(SEARCH)
    yield "another letter", time.thread_time() - begun
    begun = time.thread_time()
    library.entries(SEARCH)[:12]
    yield "the entries of a search that are drawn", time.thread_time() - begun


def _pages(count: int) -> list[tuple[ListPage, Page]]:
    """Return the list of models in pages, newest first."""
    assets = [
        Asset.from_json(
            Kind.MODEL,
            {
                "id": f"id_{number}",
                "prompt": f"a white rock no {number}",
                "status": "succeeded",
                "createdAt": datetime.fromtimestamp(1.7e9 + number, UTC).isoformat(),
            },
        )
        for number in range(count, 0, -1)
    ]
    starts = range(0, count, LARGEST_PAGE)
    return [
        (
            ListPage(Kind.MODEL, str(start) if start else None),
            Page(
                tuple(assets[start : start + LARGEST_PAGE]),
                str(start + LARGEST_PAGE) if start + LARGEST_PAGE < count else None,
            ),
        )
        for start in starts
    ]


def _job(count: int) -> Job:
    """Return a job that works on the entry in the middle of the list."""
    job = new_job(GenerationRequest(Kind.MODEL, "a rock"), Delivery(), now=0.0)
    return with_operation(replace(job, phase=Phase.WORKING), _operation(count, "running"))


def _operation(count: int, status: str) -> Operation:
    resource = {"type": "model", "id": f"id_{count // 2}"}
    return Operation.from_json({"id": "op", "status": status, "resource": resource})
