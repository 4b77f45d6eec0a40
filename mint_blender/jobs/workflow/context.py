# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of a workflow share: the job as it is now, effects, and paid calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ...files import urls
from ...files.errors import FileError, InvalidFile
from ...mint import errors
from ...mint.retry import PollIntervals
from ...mint.schema import Estimate, Format, Operation, PollResult, Status
from .. import notes, rejected_files
from ..budget import spending
from ..job import Job
from ..job_values import DecidedPreview, LocalFile, Problem
from ..paid_requests.record import PaidRequest
from ..paid_requests.send import PaidCall, Sent
from ..phases import Phase, Verb
from ..presentation import error_messages
from ..queries import NO_PRICE, AnimationPrice, OptimizationPrice, Price, PriceQuery
from .effects import Close, Effect, Fetch, OptionalFetch, Pay, Poll, Quote, Step

Answer = TypeVar("Answer")
Steps = Generator[Step, Any, None]

SHOWN_WITHIN = 120.0
"""Seconds after which Mint shows what it has just made."""

MAX_TRIES = 40
"""Tries of a start that ends in a conflict without a reason: for ten minutes, the same request may
still be in progress."""


@dataclass(frozen=True)
class WorkflowConfig:
    """What a workflow depends on outside the job.

    `readable` are the glTF extensions that this Blender reads; empty without Blender. `now` returns
    the time in seconds since the epoch.
    """

    pace: PollIntervals = PollIntervals()
    readable: frozenset[str] = field(default_factory=frozenset)
    now: Callable[[], float] = time.time


@dataclass
class Run:
    """One run of a workflow: the job as it is now, so that an error leaves it where it was."""

    job: Job
    config: WorkflowConfig
    # Mint has just returned the operation: the first poll waits
    has_new_operation: bool = False
    # of the start
    missing_formats: tuple[Format, ...] = ()
    are_uploaded_again: bool = False
    is_renamed: bool = False
    conflicts: int = 0
    is_price_old: bool = False
    # of the Preview that is fetched while the operation is polled
    optional_fetch: OptionalFetch | None = None
    optional_fetches: int = 0
    # why a file of the result could not be had
    error: errors.MintError | FileError | None = None

    def perform(self, effect: Effect[Answer]) -> Generator[Step, Any, Answer]:
        """Yield an effect with the job as it is now, and return the result of the effect."""
        answer: Answer = yield Step(self.job, effect)
        return answer

    def note(self, code: str, **params: Any) -> None:
        """Add a note to the job."""
        self.job = self.job.with_note(notes.note(code, **params))

    def pause(self, problem: Problem) -> None:
        """Let the job wait for a person, and say why."""
        self.job = self.job.moved(Phase.PAUSED, problem=problem)

    def close(self, request: PaidRequest) -> Generator[Step, Any, None]:
        """Give a paid request up: nothing certain was found of it, or it is not needed."""
        self.job = self.job.with_request((yield from self.perform(Close(request.key))))

    def fetch_checked(self, fetch: Fetch) -> Generator[Step, Any, LocalFile]:
        """Fetch one file; if our check rejects it, the job remembers where it is."""
        try:
            return (yield from self.perform(fetch))
        except InvalidFile as error:
            self.job = rejected_files.remember(self.job, fetch.role, fetch.url, error)
            raise

    def pay(self, call: PaidCall, after: float = 0.0) -> Generator[Step, Any, Sent]:
        """Send a paid request, and return what became of it. The job has its record then."""
        sent: Sent = yield from self.perform(Pay(call, after=after))
        self.job = self.job.with_request(sent.request)
        return sent

    def pay_when_free(self, call: PaidCall) -> Generator[Step, Any, Sent]:
        """Send what needs no slot of ours, and wait while Mint has none for it."""
        after = 0.0
        while True:
            sent = yield from self.pay(call, after)
            if not isinstance(sent.refusal, errors.TooManyActive):
                return sent
            self.job = replace(self.job, problem=error_messages.problem_of(sent.refusal))
            after = self.config.pace.longest

    def poll(
        self, operation_id: str, *, after: float = 0.0, is_new: bool = False
    ) -> Generator[Step, Any, PollResult]:
        """Poll an operation. Mint may not show a new one for a moment."""
        waited = 0.0
        while True:
            try:
                polled: PollResult = yield from self.perform(Poll(operation_id, after=after))
            except errors.NotFound:
                if not is_new or waited >= SHOWN_WITHIN:
                    raise
                after = self.config.pace.longest
                waited += after
            else:
                return polled

    def apply_operation(self, operation: Operation) -> None:
        """Move the job to the phase of an operation that Mint has just returned for a call."""
        self.has_new_operation = True
        if self.job.phase is Phase.WAITING:  # it was sent before the job's record said so
            self.job = self.job.moved(Phase.SENDING)
        self.move_to(operation)

    @property
    def is_working(self) -> bool:
        """Whether Mint works on the job's operation."""
        return self.job.phase is Phase.WORKING

    def move_to(self, operation: Operation) -> None:
        """Move the job to the phase of the operation."""
        operation = operation.with_mode(self.job.request.mode)
        problem = None
        if operation.is_busy or is_late(self.job, operation):
            phase = Phase.WORKING
        elif operation.awaits_review:
            phase = Phase.REVIEW
        elif operation.awaits_payment:
            phase = Phase.BILLING
            problem = error_messages.billing(operation)
        elif operation.succeeded:
            phase = Phase.FETCHING
        elif operation.status is Status.CANCELED:
            phase = Phase.CANCELED
        else:
            phase = Phase.FAILED
            problem = error_messages.failed_work(operation)
        self.job = self.job.with_answer(operation).moved(phase, problem=problem)


def decided(job: Job, verb: Verb) -> DecidedPreview | None:
    """Return what to remember of the Preview that a job shows, after this decision about it."""
    operation = job.operation
    if operation is None:
        return None
    before = job.decided_preview
    earlier = before.pictures if before is not None and before.operation_id == operation.id else ()
    current = _picture_key(operation)
    pictures = dict.fromkeys(
        [
            *earlier,
            *(urls.content_key(file.url) for file in job.previews),
            *([current] if current else []),
        ]
    )
    return DecidedPreview(operation.id, verb, tuple(pictures), operation.raw.get("updatedAt"))


def is_late(job: Job, operation: Operation) -> bool:
    """Return whether Mint shows a Preview that the user has decided about already.

    Then it continues to work, whatever it reports, and is polled again.
    """
    before = job.decided_preview
    if before is None or before.operation_id != operation.id or not operation.awaits_review:
        return False
    picture = _picture_key(operation)
    if picture is not None:
        return picture in before.pictures
    # Without a picture: after an approval there is no other Preview; after a revision only the time
    # tells.
    updated_at = operation.raw.get("updatedAt")
    return before.verb is Verb.APPROVE or (
        updated_at is not None and updated_at == before.updated_at
    )


def preview_url(operation: Operation) -> str | None:
    """Return the address of the picture that an operation shows for review."""
    return operation.assets.preview_image_url if operation.assets else None


def _picture_key(operation: Operation) -> str | None:
    """Return a key of the picture, which is the same for a fresh link to the same picture."""
    url = preview_url(operation)
    return urls.content_key(url) if url else None


def expected_total(run: Run) -> Generator[Step, Any, float | None]:
    """Return the Credits that the job will have cost in all; None if that is not known.

    Old prices are requested again.
    """
    job = run.job
    is_known = job.estimate is not None and (
        job.optimize is None or job.optimize_estimate is not None
    )
    if not is_known or are_prices_old(run):
        yield from ask_prices(run)
    job = run.job
    if job.estimate is None or (job.optimize is not None and job.optimize_estimate is None):
        return None
    return spending.committed(job)


def are_prices_old(run: Run) -> bool:
    """Return whether the prices that a person has accepted may have changed since.

    This is by this computer's clock, which may be wrong. `is_price_old` says that Mint's clock has
    shown it when the start was about to be sent.
    """
    age = abs(run.config.now() - run.job.priced_at)
    return run.is_price_old or age >= spending.PRICE_LIFETIME


def ask_prices(run: Run) -> Steps:
    """Ask for the prices of a job that was not sent yet."""
    job = run.job
    is_motion = job.motion is not None
    query = AnimationPrice(job.source_asset_id) if is_motion else Price.of(job.request)
    price = yield from current_price(run, query)
    extra = (yield from current_price(run, OptimizationPrice())) if job.optimize else NO_PRICE
    asked_at = price.at or run.config.now()
    run.job = run.job.with_prices(price.estimated_total, extra.estimated_total, asked_at=asked_at)
    run.is_price_old = False


def current_price(run: Run, query: PriceQuery) -> Generator[Step, Any, Estimate]:
    """Return the price that Mint reports now; an empty one if Mint refuses to tell."""
    try:
        estimate: Estimate = yield from run.perform(Quote(query))
    except errors.ProblemError as error:
        if error.retryable or isinstance(error, errors.KeyRefused):
            raise
        return NO_PRICE
    return estimate
