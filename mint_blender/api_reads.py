# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions for scripts that only read: prices, Credits, the library and the jobs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

from .api import start
from .api_checks import Images, request_of
from .api_values import JobInfo, KindName, LevelName, ModeName, PresetName
from .application import session
from .application.offers import Offer, generation_title
from .jobs.job import Job
from .jobs.queries import prices_of
from .mint.generation_request import member
from .mint.schema import Asset, Kind, OptimizationLevel, Usage


def estimate(
    prompt: str = "",
    *,
    kind: KindName = "model",
    preset: PresetName = "standard",
    mode: ModeName = "auto",
    images: Images = (),
    optimize: LevelName | None = None,
    timeout: float | None = None,
    **others: Any,
) -> Offer:
    """Return what `generate` would cost with the same arguments. Free: nothing is started or kept.

    Args:
        prompt: As in `generate`; it changes no price.
        kind: The same.
        preset: The same.
        mode: The same.
        images: The same.
        optimize: The same.
        timeout: As in `usage`.
        others: The other arguments of `generate`.

    Raises:
        TypeError: `generate` has no such argument.
        ValueError: A choice is none of Mint's.
        MintError: Mint cannot be asked.
    """
    if unknown := others.keys() - inspect.signature(start).parameters.keys():
        raise TypeError(f"generate has no argument {', '.join(sorted(unknown))}.")
    request = request_of(prompt, images, kind=kind, preset=preset, mode=mode)
    level = member(OptimizationLevel, "level", optimize) if optimize else None
    queries = prices_of(request, level)
    with session.timeout(timeout):
        with session.open_prices() as job_service:
            job_service.ask_unknown_prices(queries)
            credits = job_service.budget.total(queries)
        return Offer(generation_title(request), credits, session.available_credits())


def usage(*, timeout: float | None = None) -> Usage:
    """Return the current Credits, subscription and totals.

    `timeout` is how many seconds to wait for an answer of Mint; None: 180, or 5 if nobody listens.

    Raises:
        MintError: Mint refused the call or cannot be reached.
    """
    with session.timeout(timeout), session.open_client() as client:
        return session.call_mint(client.usage)


def models(
    *, search: str = "", since: date | None = None, limit: int | None = None
) -> Iterator[Asset]:
    """Yield the models of this API project, newest first, as they are needed.

    Args:
        search: Words that are all in the name or the prompt.
        since: The first day, or the moment (`datetime`), from which on they were made.
        limit: The most that are yielded.

    Raises:
        MintError: Mint refused a call or cannot be reached.
    """
    with session.open_client() as client:
        yield from session.assets(client, Kind.MODEL, search=search, since=since, limit=limit)


def worlds(
    *, search: str = "", since: date | None = None, limit: int | None = None
) -> Iterator[Asset]:
    """Yield the Worlds of this API project, newest first. As `models`."""
    with session.open_client() as client:
        yield from session.assets(client, Kind.WORLD, search=search, since=since, limit=limit)


def jobs() -> Iterator[JobInfo]:
    """Yield every job on the list, newest first.

    Reads only the journal: it asks Mint nothing, and jobs that run in this Blender keep running.

    Raises:
        JournalError: The journal cannot be opened or read.
    """
    from .jobs.storage.journal import Journal

    with closing(Journal(session.home())) as journal:
        journal.set_account(session.account())
        yield from (JobInfo.of(job) for job in journal.records() if isinstance(job, Job))
