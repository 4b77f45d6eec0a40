# SPDX-License-Identifier: GPL-3.0-or-later
"""The price of what a command starts: shown with `--dry-run`, and asked about on a terminal.

Nobody is asked in a script, and nothing more than before is sent there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ..application import session
from ..application.offers import Offer
from ..application.purchases import PriceQueries, Purchase
from ..jobs.budget.spending import Expense
from ..jobs.job import Job
from ..jobs.phases import Phase, Verb
from ..jobs.queries import prices_of_click
from ..jobs.service import JobService
from .exits import Exit, Refused
from .terminal import Terminal


@dataclass(frozen=True)
class Part:
    """A part of what a command starts.

    Attributes:
        queries: What Mint is asked for its price; None stands for one that it does not return, and
            without any it is free.
        expense: Returns what counts for the limits, once these prices are known.
        credits: Returns what it is expected to take from the account then.
        jobs: The job that it continues, if it is not new.
    """

    queries: PriceQueries
    expense: Callable[[], Expense]
    credits: Callable[[], float | None]
    jobs: tuple[Job, ...] = ()


def of_start(job_service: JobService, queries: PriceQueries, limit: float | None = None) -> Part:
    """Return a new job as a part; `limit` is its own, in Credits."""
    budget = job_service.budget
    return Part(queries, lambda: budget.of_start(queries, limit), lambda: budget.total(queries))


def of_click(job_service: JobService, job: Job, verb: Verb) -> Part:
    """Return a decision about a job as a part."""
    queries = prices_of_click(job, verb)
    budget = job_service.budget

    def expense() -> Expense:
        return budget.of_click(job, verb, queries)

    def credits() -> float | None:
        if job.phase is Phase.REVIEW:
            return budget.of_review(job)[verb]
        expected = expense()
        return None if expected.total is None else max(0.0, expected.total - expected.paid)

    return Part(queries, expense, credits, (job,))


def open_service(
    arguments: argparse.Namespace, terminal: Terminal, readable: frozenset[str] | None = None
) -> AbstractContextManager[JobService]:
    """Return what opens the jobs of a command; with --dry-run, nothing can be started with it."""
    if arguments.dry_run:
        return session.open_prices(terminal.wait)
    return session.open_job_service(readable=readable, on_wait=terminal.wait)


def may_start(
    job_service: JobService,
    arguments: argparse.Namespace,
    terminal: Terminal,
    title: str,
    *parts: Part,
) -> bool:
    """Return whether a command starts these parts: with --dry-run it only shows their price.

    On a terminal a person is asked first, unless they are free.

    Raises:
        Refused: The person has said no.
        TooExpensive: It is above a limit, and nobody could start it.
        MintError: Mint cannot be asked for a price.
    """
    is_free = not any(part.queries for part in parts)
    if not arguments.dry_run and (is_free or arguments.yes or not terminal.is_interactive):
        return True
    if arguments.dry_run:
        show_price(job_service, terminal, title, *parts)
        return False
    offer, _ = _offer(job_service, terminal, title, parts)
    check_agreed(offer, terminal)
    return True


def may_buy(
    job_service: JobService,
    arguments: argparse.Namespace,
    terminal: Terminal,
    purchase: Purchase,
    limit: float | None = None,
) -> bool:
    """Return whether a command starts a purchase with this limit. As `may_start`."""
    part = of_start(job_service, purchase.prices, limit)
    return may_start(job_service, arguments, terminal, purchase.title, part)


def show_price(job_service: JobService, terminal: Terminal, title: str, *parts: Part) -> None:
    """Print the price of these parts. Nothing is started.

    Raises:
        TooExpensive: It is above a limit.
        MintError: Mint cannot be asked for a price.
    """
    offer, expenses = _offer(job_service, terminal, title, parts)
    show(offer, terminal)
    job_service.budget.check(expenses, *(job for part in parts for job in part.jobs))


def _offer(
    job_service: JobService, terminal: Terminal, title: str, parts: Sequence[Part]
) -> tuple[Offer, list[Expense]]:
    paid = [part for part in parts if part.queries]
    for part in paid:
        job_service.ask_unknown_prices(part.queries)
    amounts = [part.credits() for part in paid]
    known = [amount for amount in amounts if amount is not None]
    credits = sum(known) if len(known) == len(amounts) else None
    available = session.available_credits(terminal.wait)
    return Offer(title, credits, available), [part.expense() for part in paid]


def show(offer: Offer, terminal: Terminal) -> None:
    """Print a price. Nothing is started."""
    terminal.result(offer.to_json(), offer.text)
    terminal.note("Nothing was started.")


def check_agreed(offer: Offer, terminal: Terminal) -> None:
    """Ask a person on a terminal about a price, unless it is free. Raises Refused for a no."""
    if offer.credits != 0 and not terminal.asks(f"{offer.text} Start it?"):
        raise Refused("Nothing was started.", Exit.CREDITS)
