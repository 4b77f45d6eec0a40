# SPDX-License-Identifier: GPL-3.0-or-later
"""A job: one request of the user, from the click to the scene. An operation is Mint's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from ..message import Message, message_of
from ..mint.account import Owner
from ..mint.generation_request import GenerationRequest
from ..mint.schema import ENDED, Asset, Format, Kind, Operation, OptimizationLevel, Status
from .job_values import (
    UNANSWERED,
    DecidedPreview,
    Decision,
    Delivery,
    Hold,
    LocalFile,
    Problem,
    Role,
)
from .phases import BUSY, MOVES, IllegalMove, Phase, Verb


@dataclass(frozen=True)
class Job:
    """One wish and how far it is.

    Times are seconds since the epoch; `key` is the start's idempotency key.
    """

    id: str
    request: GenerationRequest
    key: str
    created_at: float
    delivery: Delivery = Delivery()
    estimate: float | None = None  # Credits that Mint said at the click it would cost
    # Credits that optimizing it afterwards was expected to cost on top
    optimize_estimate: float | None = None
    paid_before: float = 0.0  # Credits that earlier attempts have cost
    # the most that the user allows it to cost in total, whichever process resumes it
    max_credits: float | None = None
    phase: Phase = Phase.WAITING
    # when the start, under its present key, was sent for the first time: since then Mint may know
    # of it
    first_sent_at: float | None = None
    body: dict[str, Any] | None = None
    image_urls: tuple[str, ...] = ()
    operation: Operation | None = None
    # the id of a model or world that is there already: nothing is generated, only fetched
    source_asset_id: str | None = None
    # of an existing model: the formats that are wanted, instead of something to place
    convert: tuple[Format, ...] = ()
    optimize: OptimizationLevel | None = None  # have the model optimized before it is fetched
    optimization: Operation | None = None
    optimize_sent_at: float | None = None  # as `first_sent_at`, of the optimization
    decided_preview: DecidedPreview | None = None
    asset: Asset | None = None
    revision: int = 0  # previews asked for after the first, by a revision or a retry
    files: tuple[LocalFile, ...] = ()
    refused: tuple[
        LocalFile, ...
    ] = ()  # files that our own check refused: set aside, and never deleted
    decision: Decision | None = None
    problem: Problem | None = None
    notes: tuple[Message, ...] = field(default=())
    owner: Owner | None = None  # None: nothing was sent for it yet, with any key
    # what the present account is to it: never kept, the journal finds it when the job is read
    hold: Hold | None = None

    @property
    def kind(self) -> Kind:
        """Model or world."""
        return self.request.kind

    @property
    def title(self) -> str:
        """What a person calls it: the name, else the beginning of the prompt."""
        text = (
            self.request.name
            or " ".join(self.request.prompt.split())
            or self._title_at_mint
            or Message("{kind} from pictures", kind=self.kind)
        )
        return text if len(text) <= 60 else text[:59].rstrip() + "…"

    @property
    def _title_at_mint(self) -> str:
        """For what was not asked for here: as Mint calls it."""
        asset = self.asset
        return (
            (asset.name or " ".join((asset.prompt or "").split()) or f"{self.kind} {asset.id}")
            if asset and self.source_asset_id
            else ""
        )

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What Mint has done for it in this attempt."""
        return tuple(each for each in (self.operation, self.optimization) if each is not None)

    @property
    def is_copied(self) -> bool:
        """Does the model become a .glb and no picture?

        That is Mint's own file, unchanged: nothing here has to open it.
        """
        is_glb = PurePath(self.delivery.output or "").suffix.lower() == ".glb"
        return is_glb and self.delivery.render is None and self.kind is Kind.MODEL

    @property
    def is_only_copied(self) -> bool:
        """Is it an optimized model that is only copied?"""
        return self.optimize is not None and self.is_copied

    @property
    def cost(self) -> float | None:
        """Credits, as far as Mint says: what was paid for all attempts and an optimization, or is
        held back for them.
        """
        said = [each.credits.spent for each in self.operations if each.credits is not None]
        return self.paid_before + sum(said) if said or self.paid_before else None

    def file(self, role: Role) -> LocalFile | None:
        """The newest complete file of that role."""
        return next((kept for kept in reversed(self.files) if kept.role is role), None)

    @property
    def previews(self) -> tuple[LocalFile, ...]:
        """Every preview so far, oldest first: revisions keep the earlier ones."""
        return tuple(kept for kept in self.files if kept.role is Role.PREVIEW)

    @property
    def preview_name(self) -> str:
        """What the present revision's preview is called, without its ending."""
        return f"preview-{self.revision + 1}"

    @property
    def has_preview(self) -> bool:
        """Is the present revision's preview on disk?"""
        return any(PurePath(kept.path).stem == self.preview_name for kept in self.previews)

    @property
    def is_resumable(self) -> bool:
        """Is there something to do that waits for nobody?

        Then somebody should be doing it: if not, it was broken off.
        """
        return self.hold is None and self._has_more_to_do

    @property
    def is_busy(self) -> bool:
        """Is it in flight, and may this account go on with it?"""
        return self.phase in BUSY and self.hold is None

    @property
    def awaits_identity(self) -> bool:
        """Does it wait only until it is known whose key is in use?"""
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
        """The job in another phase.

        Raises IllegalMove, and changes nothing, when the table does not lead there.
        """
        if phase is not self.phase and phase not in MOVES[self.phase]:
            raise IllegalMove(f"A job does not go from {self.phase} to {phase}.")
        return replace(self, phase=phase, **changes)

    def with_prices_of(self, decision: Decision) -> Job:
        """The job with what Mint said at this click that it would cost; where it said nothing, what
        was known before stays.
        """
        return self.with_prices(decision.estimate, decision.optimize_estimate)

    def with_prices(self, estimate: float | None, optimize_estimate: float | None) -> Job:
        """The job with what Mint says now that it will cost; where it says nothing, what was known
        before stays.
        """
        estimate = self.estimate if estimate is None else estimate
        extra = self.optimize_estimate if optimize_estimate is None else optimize_estimate
        return replace(self, estimate=estimate, optimize_estimate=extra)

    def without_operation(self) -> Job:
        """The job without its operation, which another one takes the place of; what it has cost
        stays known.
        """
        credits = self.operation.credits if self.operation else None
        return replace(
            self,
            operation=None,
            paid_before=self.paid_before + ((credits.finalized or 0.0) if credits else 0.0),
        )

    def with_note(self, text: str) -> Job:
        """Return the job with one more note; the same note is kept once."""
        note = message_of(text)
        return self if note in self.notes else replace(self, notes=(*self.notes, note))

    def without_notes(self, *codes: str) -> Job:
        """Return the job without the notes that have one of these codes."""
        return replace(self, notes=tuple(note for note in self.notes if note.code not in codes))

    def has_note(self, *codes: str) -> bool:
        """Return whether the job has a note with one of these codes."""
        return any(note.code in codes for note in self.notes)


def operation_of(job: Job) -> Operation:
    """The operation of a job that has one, as its phase says."""
    if job.operation is None:
        raise AssertionError(f"A job in phase {job.phase} has an operation.")
    return job.operation


def asset_of(job: Job) -> str | None:
    """The id of the model or world that a job is about, as soon as there is one."""
    made = job.operation.resource if job.operation else None
    return (
        job.source_asset_id or (job.asset.id if job.asset else None) or (made.id if made else None)
    )


def is_retried(job: Job) -> bool:
    """Has somebody clicked on Retry, and Mint not answered yet?"""
    return job.decision is not None and job.decision.verb is Verb.RETRY


def has_failed_at_mint(job: Job) -> bool:
    """Is the model or world that this job is about one that Mint could not make, so that a new
    attempt can be asked for?
    """
    return job.asset is not None and job.asset.status in {
        Status.FAILED.value,
        Status.CANCELED.value,
    }


def is_being_made(job: Job) -> bool:
    """Is what this job is to fetch still being made at Mint, by another job or program?"""
    status = (
        job.asset.status
        if job.asset and job.source_asset_id is not None and not job.asset.is_usable
        else None
    )
    return status is not None and Status(status) not in ENDED


def is_unanswered(job: Job) -> bool:
    """Was its start never answered, and nothing found of it, so that only a person can say whether
    to pay for it again?
    """
    return job.phase is Phase.PAUSED and job.problem is not None and job.problem.code == UNANSWERED


def is_never_sent(job: Job) -> bool:
    """Is it in line, or was it when its process ended, and nothing that may cost Credits has left
    this computer?
    """
    may_cost = job.source_asset_id is None or bool(job.convert) or job.optimize is not None
    in_line = (
        job.phase in {Phase.WAITING, Phase.SENDING}
        and job.decision is None
        and job.operation is None
    )
    return in_line and may_cost and job.first_sent_at is None
