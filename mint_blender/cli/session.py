# SPDX-License-Identifier: GPL-3.0-or-later
"""What every command and every batch script needs: the account, the job service, the price, and a
job followed to its next stop.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..delivery import blender_runtime
from ..jobs import queries, request_checks
from ..jobs.budget import spending
from ..jobs.engine import dispatch
from ..jobs.engine.config import EngineConfig
from ..jobs.engine.messages import Event
from ..jobs.job import Job, Phase
from ..jobs.queries import KeyOwner, OptimizationPrice, Price, prices_of
from ..jobs.service import JobService, NotPossible, TooExpensive
from ..jobs.storage import import_marks
from ..jobs.storage.home import home_folder
from ..jobs.workflow.run import Terms
from ..mint.account import Account
from ..mint.client import PAGE_SIZE, Client
from ..mint.errors import MintError
from ..mint.generation_request import GenerationRequest
from ..mint.pacing import PollIntervals, RetryPolicy
from ..mint.retry import call_with_retries
from ..mint.schema import Asset, Kind, OptimizationLevel
from . import settings

ProgressListener = Callable[[Event], None]
OnRetry = Callable[[MintError, float], None]
T = TypeVar("T")

PACE = PollIntervals()
RETRIES = RetryPolicy()
DECISION_POLL_INTERVAL = 0.2  # seconds between two looks at what another process has done
DECISION_TIMEOUT = 20.0  # seconds that another process has for a decision


@dataclass(frozen=True)
class Preview:
    """A Preview that waits for a decision: its picture (None when Mint sent none), and which one it
    is, from 1.
    """

    path: Path | None
    number: int
    job_id: str


Review = Callable[[Preview], str]


class NotAllowedOnline(Exception):
    """Blender's "Allow Online Access" is off, so nothing was sent."""

    def __init__(self) -> None:
        super().__init__(
            "Blender may not go online: start it with --online-mode, or switch on Preferences >"
            " System > Allow Online Access."
        )


def account() -> Account:
    """The key and base URL: from the environment, else from the add-on's preferences where there
    are any.
    """
    key, base_url = settings.stored_account()
    return Account.of(
        os.environ, key=key, base_url=base_url, confirmed=settings.confirmed_origins()
    )


@contextmanager
def open_client() -> Iterator[Client]:
    """A client for single calls. Raises MintError when there is no usable key."""
    check_online()
    client = dispatch.connect(account())
    try:
        yield client
    finally:
        client.close()


@contextmanager
def open_job_service() -> Iterator[JobService]:
    """The jobs of this user, to go on with; whatever is in flight is left to the journal at the
    end.

    Raises MintError when there is no usable key.
    """
    check_online()
    dispatch.connect(account()).close()
    with _job_service(Terms(PACE, blender_runtime.readable_extensions())) as job_service:
        job_service.identify_account()
        while job_service.is_pending(KeyOwner()):
            job_service.next_event()
        job_service.catch_up()
        yield job_service


@contextmanager
def open_journal() -> Iterator[JobService]:
    """The jobs of this user, to look at: needs neither key nor network nor Blender."""
    with _job_service(Terms(PACE)) as job_service:
        yield job_service


@contextmanager
def _job_service(terms: Terms) -> Iterator[JobService]:
    job_service = JobService(EngineConfig(home(), terms, RETRIES), account())
    job_service.budget.limits, job_service.blocks_for_prices, job_service.max_silence = (
        settings.limits(),
        True,
        RETRIES.patience,
    )
    try:
        import_marks.note_crashes(job_service)
        yield job_service
    finally:
        job_service.close()


def home() -> Path:
    """Where the journal, the downloads and the log lie."""
    return home_folder()


def check_online() -> None:
    """Inside a Blender, its user's word on going online holds."""
    if not settings.may_go_online():
        raise NotAllowedOnline


def call_mint(call: Callable[[], T], on_wait: OnRetry | None = None) -> T:
    """A single call, repeated while that may help; `on_wait` hears of each failure and the seconds
    until the next try.
    """
    return call_with_retries(call, retries=RETRIES, on_wait=on_wait)


def check_request(request: GenerationRequest) -> None:
    """Refuse what Mint would refuse, and pictures that it would not take, before anything is sent.

    Raises NotPossible.
    """
    if complaint := request_checks.complaint(request):
        raise NotPossible(complaint)


def assets(client: Client, kind: Kind, on_wait: OnRetry | None = None) -> Iterator[Asset]:
    """Everything of this kind, page by page as it is asked for; a page that fails is asked for
    again.
    """
    cursor: str | None = None
    seen: set[str | None] = set()
    while cursor not in seen:
        seen.add(cursor)
        page = call_mint(partial(client.page, kind, cursor=cursor, limit=PAGE_SIZE), on_wait)
        yield from page.data
        cursor = page.next_cursor
        if cursor is None:
            return


def check_price(
    job_service: JobService,
    request: GenerationRequest,
    optimize: OptimizationLevel | None = None,
    max_credits: float | None = None,
    on_wait: OnRetry | None = None,
) -> None:
    """Refuse, before anything is started, what would cost more than `max_credits`.

    An unknown price is not within a limit.

    The job service learns the price, and keeps the limits of the preferences itself when something
    is started.
    """
    if max_credits is None and not job_service.budget.limits:
        return
    prices = prices_of(request, optimize)
    with open_client() as client:
        for price in prices:
            fetch_price(job_service, client, price, on_wait)
    if max_credits is not None:
        check_total(
            job_service.budget.total(prices), max_credits, job_service.budget.untold(prices)
        )


def fetch_price(
    job_service: JobService,
    client: Client,
    price: Price | OptimizationPrice,
    on_wait: OnRetry | None = None,
) -> float | None:
    """What it will cost, which the job service then knows too; None when nobody can tell.

    Not to be told what an optimization will cost stops nothing here: then it counts as the last one
    did, or as not known.
    """
    try:
        job_service.cache_answer(price, call_mint(lambda: queries.answer(client, price), on_wait))
    except MintError:
        if not isinstance(price, OptimizationPrice):
            raise
    return job_service.budget.price(price)


def check_total(total: float | None, max_credits: float, reason: str | None = None) -> None:
    """Is this sum within the limit?

    Raises TooExpensive, also when it is not known, for this reason.
    """
    if total is None:
        raise TooExpensive(
            " ".join(
                filter(None, ["Mint does not tell the price, so a limit cannot be kept.", reason])
            )
        )
    if total > max_credits:
        raise TooExpensive(
            f"This would cost about {total:,.0f} Credits, more than the limit of"
            f" {max_credits:,.0f}."
        )


def check_limits(
    job_service: JobService,
    prices: Iterable[float | None],
    reason: str | None = None,
    resumed: Sequence[Job] = (),
) -> None:
    """Refuse, before anything is started, what is not within the limits of the preferences when all
    of it is. Raises TooExpensive.

    `reason` says why a price is not known; `going_on` are jobs that what is started goes on with:
    what they are expected to cost is in the sum of today already.
    """
    limits = job_service.budget.limits
    if limits and (
        sentence := spending.objection_to_all(
            list(prices), limits, job_service.spent_without(resumed)
        )
    ):
        raise TooExpensive(f"{sentence} {reason}" if reason else sentence)


def follow(
    job_service: JobService, job_id: str, listener: ProgressListener, review: Review | None = None
) -> Job:
    """Watch a job until it rests; with `review`, each Preview is decided and the job followed
    further.
    """
    while True:
        job_service.watch([job_id], listener)
        job = job_service.job(job_id)
        if review is None or job.phase is not Phase.REVIEW:
            return job
        apply_review(job_service, job, review)


def wait_for_decision(job_service: JobService, job_id: str, listener: ProgressListener) -> None:
    """Watch a job until Mint has answered what was decided about it, or nothing goes on with it
    here.
    """
    while job_service.is_active(job_id) and job_service.job(job_id).decision is not None:
        listener(job_service.next_event())


def wait_for_other_process(
    job_service: JobService, job_id: str, note: Callable[[str], None]
) -> None:
    """Wait until the process that drives this job has carried out the decision; when that process
    ends first, it is done here.

    Not for ever: Mint may not answer that process either. `say` hears why there is a wait, and how
    it has ended.
    """

    def is_theirs() -> bool:
        return job_service.job(job_id).decision is not None and not job_service.is_active(job_id)

    for look in range(round(DECISION_TIMEOUT / DECISION_POLL_INTERVAL)):
        if not is_theirs():
            return
        if look == 0:
            note(
                f"Another process is working on this job: waiting up to {DECISION_TIMEOUT:.0f} s"
                " until it has taken your decision in."
            )
        time.sleep(DECISION_POLL_INTERVAL)
        job_service.catch_up()
        if job_service.job(job_id).decision is not None:
            job_service.resume(job_id)
    if is_theirs():
        note(
            "The other process has not carried out your decision yet; perhaps it waits for Mint."
            " The decision is kept, and that process carries it out as soon as it can."
        )


def preview_of(job: Job) -> Preview:
    """The Preview that a job waits with."""
    newest = job.previews[-1] if job.previews else None
    return Preview(Path(newest.path) if newest else None, job.revision + 1, job.id)


def apply_review(job_service: JobService, job: Job, review: Review) -> None:
    """Put a Preview to `review` and do what it says."""
    answer = review(preview_of(job))
    if answer == "approve":
        job_service.approve(job.id)
    elif answer == "cancel":
        job_service.cancel(job.id)
    else:
        job_service.revise(job.id, answer)
