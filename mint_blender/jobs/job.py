# SPDX-License-Identifier: GPL-3.0-or-later
"""A job: one request of the user, from the click to the scene.

An operation is Mint's own long-running work for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from ..message import Message, message_of
from ..mint.account import Owner
from ..mint.generation_request import GenerationRequest
from ..mint.motion_request import MotionRequest
from ..mint.schema import ENDED, Asset, Format, Kind, Operation, OptimizationLevel, Status
from .job_values import (
    LOOKING,
    UNANSWERED,
    Candidate,
    ClientRequest,
    DecidedPreview,
    Decision,
    Delivery,
    Hold,
    LocalFile,
    Placement,
    Problem,
    Role,
)
from .paid_requests.costs import Attempt, attempts_of, last_price
from .paid_requests.record import STARTS, PaidRequest, PaidVerb
from .phases import BUSY, MOVES, IllegalMove, Phase


@dataclass(frozen=True)
class Job:
    """One request of the user, and how far it is. Times are seconds since the epoch."""

    id: str
    request: GenerationRequest
    created_at: float
    delivery: Delivery = Delivery()
    # the most that it may cost in all, whichever process resumes it
    max_credits: float | None = None
    phase: Phase = Phase.WAITING
    client_request: ClientRequest | None = None  # of the program that has started it
    # its paid requests, as the journal has them; in order of insertion
    requests: tuple[PaidRequest, ...] = ()
    image_urls: tuple[str, ...] = ()
    # the id of an existing Model or World: nothing is generated, only fetched
    source_asset_id: str | None = None
    # the formats to convert an existing model to, instead of placing it
    convert: tuple[Format, ...] = ()
    motion: MotionRequest | None = None  # the motion to animate an existing model with
    after: str | None = None  # the id of the job that has to succeed before this one is sent
    optimize: OptimizationLevel | None = None  # optimize the model before fetching it
    decided_preview: DecidedPreview | None = None
    asset: Asset | None = None
    revision: int = 0  # how many Previews a revision or a retry has requested
    files: tuple[LocalFile, ...] = ()
    refused: tuple[
        LocalFile, ...
    ] = ()  # files that our own check refused: set aside, and never deleted
    # what a person has decided, and Mint has not confirmed; not stored in the job's record
    decision: Decision | None = None
    # what Mint's list shows in place of an answer, and may belong to this job
    candidates: tuple[Candidate, ...] = ()
    problem: Problem | None = None
    notes: tuple[Message, ...] = field(default=())
    placement: Placement | None = None  # None: not placed yet, or not by this version
    owner: Owner | None = None  # None: nothing was sent for it yet
    # how the current account relates to it: not stored, the journal sets it when a job is read
    hold: Hold | None = None

    @property
    def kind(self) -> Kind:
        """Whether it is about a Model or a World."""
        return self.request.kind

    @property
    def work(self) -> str:
        """Its kind; not that of a conversion or a motion, which takes no slot at Mint."""
        return "conversion" if self.convert else "motion" if self.motion else self.kind.value

    @property
    def title(self) -> str:
        """The name, else the beginning of the prompt."""
        text = (
            self.request.name
            or " ".join(self.request.prompt.split())
            or (
                # an asset that was not requested here
                (self.asset.title or untitled(self.kind, self.asset.id))
                if self.asset and self.source_asset_id
                else ""
            )
            or (
                Message("World from pictures")
                if self.kind is Kind.WORLD
                else Message("Model from pictures")
            )
        )
        return text if len(text) <= 60 else text[:59].rstrip() + "…"

    @property
    def start_request(self) -> PaidRequest | None:
        """The latest paid request of which Mint makes the job's result; None if it only fetches."""
        return next(
            (request for request in reversed(self.requests) if request.verb in STARTS), None
        )

    def paid_request(self, verb: PaidVerb) -> PaidRequest | None:
        """Return the latest paid request of this kind."""
        return next((request for request in reversed(self.requests) if request.verb is verb), None)

    def with_request(self, request: PaidRequest | None) -> Job:
        """Return the job with this record, in place of an earlier state of it."""
        if request is None or request in self.requests:
            return self
        by_key = {earlier.key: earlier for earlier in self.requests}
        return replace(self, requests=tuple((by_key | {request.key: request}).values()))

    @property
    def operation(self) -> Operation | None:
        """What Mint has said last about the latest start, or a decision about what it makes."""
        for request in reversed(self.requests):
            if request.verb is PaidVerb.OPTIMIZE:
                continue
            if request.answer is not None:
                return request.answer.with_mode(self.request.mode)
            if request.verb in STARTS:
                break
        return None

    @property
    def optimization(self) -> Operation | None:
        """What Mint has said last about the optimization of its model; None without one."""
        request = self.paid_request(PaidVerb.OPTIMIZE)
        return request.answer if request is not None else None

    def with_answer(self, operation: Operation) -> Job:
        """Return the job with what Mint says now about an operation of its own."""
        named = [request for request in self.requests if request.operation == operation.id]
        return self.with_request(replace(named[-1], answer=operation)) if named else self

    @property
    def attempts(self) -> list[Attempt]:
        """What was paid for, or will be: the starts, then the optimizations."""
        return attempts_of(self.requests, self.request.mode)

    @property
    def estimate(self) -> float | None:
        """The Credits that a person has accepted last for a start; None if unknown."""
        return last_price(request for request in self.requests if request.verb in STARTS)

    @property
    def optimize_estimate(self) -> float | None:
        """The Credits that a person has accepted last for optimizing it; None if unknown."""
        optimizations = [request for request in self.requests if request.verb is PaidVerb.OPTIMIZE]
        return last_price(optimizations)

    @property
    def has_price(self) -> bool:
        """Whether a price was accepted for what it orders first."""
        price = self.estimate if self.start_request is not None else self.optimize_estimate
        return price is not None

    @property
    def priced_at(self) -> float:
        """When Mint was asked for these prices: seconds since the epoch."""
        asked = [request.priced_at for request in self.requests if request.priced_at is not None]
        return asked[-1] if asked else self.created_at

    def without_answer(self) -> Job:
        """Return the job without what Mint has said about the latest start and its decisions."""
        if (start := self.start_request) is None:
            return self
        first = self.requests.index(start)
        attempt = tuple(
            request if request.verb is PaidVerb.OPTIMIZE else replace(request, answer=None)
            for request in self.requests[first:]
        )
        return replace(self, requests=(*self.requests[:first], *attempt))

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations of this attempt."""
        return tuple(each for each in (self.operation, self.optimization) if each is not None)

    @property
    def is_copied(self) -> bool:
        """Whether the model is written as a .glb, and no picture is rendered.

        That is Mint's own file, unchanged: nothing here has to open it.
        """
        is_glb = PurePath(self.delivery.output or "").suffix.lower() == ".glb"
        is_plain = self.delivery.render is None and self.motion is None
        return is_glb and is_plain and self.kind is Kind.MODEL

    @property
    def is_only_copied(self) -> bool:
        """Whether it is an optimized model that is only copied."""
        return self.optimize is not None and self.is_copied

    @property
    def cost(self) -> float | None:
        """Credits spent or reserved for all attempts and the optimization; None if unknown."""
        before = self.cost_of_earlier_attempts
        reported = [
            operation.credits.spent
            for operation in self.operations
            if operation.credits is not None
        ]
        return before + sum(reported) if reported or before else None

    @property
    def cost_of_earlier_attempts(self) -> float:
        """Credits spent or reserved for all attempts but the latest."""
        return sum(attempt.cost for attempt in self.attempts if not attempt.is_latest)

    @property
    def failed_asset_id(self) -> str | None:
        """The id of the Model or World that Mint can make a new attempt at.

        None for a conversion or a motion: their model has not failed.
        """
        if self.convert or self.motion:
            return None
        if self.source_asset_id is not None:
            return self.source_asset_id if has_failed_at_mint(self) else None
        made = self.operation.resource if self.operation else None
        return made.id if made else None

    def file(self, role: Role) -> LocalFile | None:
        """Return the newest complete file of this role."""
        return next((file for file in reversed(self.files) if file.role is role), None)

    @property
    def is_on_disk(self) -> bool:
        """Whether all its files are still there."""
        return all(Path(file.path).is_file() for file in self.files)

    @property
    def previews(self) -> tuple[LocalFile, ...]:
        """All previews, oldest first: revisions keep the earlier ones."""
        return tuple(file for file in self.files if file.role is Role.PREVIEW)

    @property
    def preview_name(self) -> str:
        """The file name of this revision's preview, without its ending."""
        return f"preview-{self.revision + 1}"

    @property
    def has_preview(self) -> bool:
        """Whether this revision's preview is on disk."""
        return any(PurePath(file.path).stem == self.preview_name for file in self.previews)

    @property
    def is_resumable(self) -> bool:
        """Whether there is something to do that needs no user.

        If nothing is doing it, the job was interrupted.
        """
        return self.hold is None and self._has_more_to_do

    @property
    def is_busy(self) -> bool:
        """Whether it is in progress, and this account may continue it."""
        return self.phase in BUSY and self.hold is None

    @property
    def awaits_identity(self) -> bool:
        """Whether it waits only until it is known whose API key is in use."""
        return self.hold is Hold.UNKNOWN and self._has_more_to_do

    @property
    def _has_more_to_do(self) -> bool:
        lacks_preview = self.phase is Phase.REVIEW and not self.has_preview
        offers_preview = (
            self.operation is not None
            and self.operation.assets is not None
            and self.operation.assets.preview_image_url
        )
        return (
            self.phase in BUSY
            or self.decision is not None
            or bool(lacks_preview and offers_preview)
        )

    def moved(self, phase: Phase, **changes: Any) -> Job:
        """Return the job in another phase, with other fields changed too.

        Raises:
            IllegalMove: `MOVES` does not lead there.
        """
        if phase is not self.phase and phase not in MOVES[self.phase]:
            raise IllegalMove(f"A job does not go from {self.phase} to {phase}.")
        return replace(self, phase=phase, **changes)

    def with_prices(
        self,
        estimate: float | None,
        optimize_estimate: float | None,
        *,
        asked_at: float | None = None,
    ) -> Job:
        """Return the job with new estimates, in Credits; None keeps the known one.

        `asked_at` is when Mint was asked for them, in seconds since the epoch.
        """
        job = self
        prices = (
            (self.start_request, self.estimate, estimate),
            (self.paid_request(PaidVerb.OPTIMIZE), self.optimize_estimate, optimize_estimate),
        )
        for request, before, now in prices:
            if request is not None:
                at = request.priced_at if asked_at is None else asked_at
                credits = before if now is None else now
                job = job.with_request(replace(request, credits=credits, priced_at=at))
        return job

    def with_note(self, text: str) -> Job:
        """Return the job with one more note; the same note is kept once."""
        note = message_of(text)
        return self if note in self.notes else replace(self, notes=(*self.notes, note))

    def without_notes(self, *codes: str) -> Job:
        """Return the job without the notes that have one of these codes."""
        if not self.has_note(*codes):
            return self
        return replace(self, notes=tuple(note for note in self.notes if note.code not in codes))

    def has_note(self, *codes: str) -> bool:
        """Return whether the job has a note with one of these codes."""
        return any(message_of(note).code in codes for note in self.notes)


def operation_of(job: Job) -> Operation:
    """Return the operation of a job that has one according to its phase."""
    if job.operation is None:
        raise AssertionError(f"A job in phase {job.phase} has an operation.")
    return job.operation


def untitled(kind: Kind, asset_id: str) -> Message:
    """Return the title of a Model or World that has neither name nor prompt."""
    if kind is Kind.WORLD:
        return Message("World {id}", id=asset_id)
    return Message("Model {id}", id=asset_id)


def asset_of(job: Job) -> str | None:
    """Return the id of the Model or World that a job is about; None if there is none yet."""
    made = job.operation.resource if job.operation else None
    return (
        job.source_asset_id or (made.id if made else None) or (job.asset.id if job.asset else None)
    )


def has_failed_at_mint(job: Job) -> bool:
    """Return whether Mint could not make the job's asset, so that a new attempt is possible."""
    return job.asset is not None and job.asset.has_failed


def is_being_made(job: Job) -> bool:
    """Return whether another job or program is still generating the asset to fetch."""
    status = (
        job.asset.status
        if job.asset and job.source_asset_id is not None and not job.asset.is_usable
        else None
    )
    return status is not None and Status(status) not in ENDED


def is_unanswered(job: Job) -> bool:
    """Return whether a person was told that nothing certain is known of a request.

    Only a person can decide then whether to pay for it again. What a copy of the journal was told
    counts for that copy alone: the record of the job may be older.
    """
    if job.phase is not Phase.PAUSED or job.problem is None or job.problem.code != UNANSWERED:
        return False
    request = job.start_request
    return request is None or request.is_looked_for or request.is_answered


def is_looking(job: Job) -> bool:
    """Return whether a job waits until Mint's list can show what its start has made."""
    return job.problem is not None and job.problem.code == LOOKING


def may_be_started(job: Job) -> bool:
    """Return whether a start was sent and not answered, and was not searched for at Mint yet."""
    is_open = job.phase in BUSY or job.phase is Phase.PAUSED
    is_unclear = any(request.may_be_started for request in job.requests)
    return is_open and is_unclear and job.operation is None and not is_unanswered(job)


def is_never_sent(job: Job) -> bool:
    """Return whether the job is queued, and nothing of it that may cost Credits is at Mint.

    What Mint has clearly refused is not: it is as if it had never been sent.
    """
    is_queued = (
        job.phase in {Phase.WAITING, Phase.SENDING}
        and job.decision is None
        and job.operation is None
    )
    request = job.start_request or job.paid_request(PaidVerb.OPTIMIZE)
    return is_queued and request is not None and (request.is_unsent or request.is_refused_here)
