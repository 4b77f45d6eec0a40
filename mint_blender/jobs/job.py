# SPDX-License-Identifier: GPL-3.0-or-later
"""A job: one wish of the user, from the click to the scene. An operation is Mint's; a job is ours.

The rule: a job only ever moves along `MOVES`. Phases outside `BUSY` need no thread: they wait for a
person, or are over. Nothing that was paid for ends in FAILED: when Mint has (or may have) a result
and we cannot get at it, the job is PAUSED.

        WAITING ──> SENDING ──> WORKING ──> FETCHING ──> READY ──> PLACED
           ^           │         │    ^
           └─ no slot ─┘         v    │ approve, revise, pay and resume
                              REVIEW, BILLING          (any of these may also end CANCELED, FAILED or PAUSED)

A conversion goes the same way, but needs no slot, and is PLACED as soon as its files lie where the
user said.
"""  # noqa: E501

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePath
from typing import Any

from ..message import Message, message_of
from ..mint.account import Owner
from ..mint.generation_request import GenerationRequest
from ..mint.schema import ENDED, Asset, Format, Kind, Operation, OptimizationLevel, Status


class Phase(StrEnum):
    """How far a job is."""

    WAITING = "waiting"  # here, for a free slot: nothing has been sent
    SENDING = "sending"  # the start is on its way, or its answer was lost
    WORKING = "working"  # queued or running at Mint
    REVIEW = "review"  # the preview waits for a person
    BILLING = "billing"  # Credits are needed
    FETCHING = "fetching"  # Mint is done; the files are being downloaded
    READY = "ready"  # the files are here
    PLACED = "placed"  # the result is in a scene or a file
    PAUSED = "paused"  # we stopped watching; it can be picked up where it was
    FAILED = "failed"
    CANCELED = "canceled"


_AT_MINT = {
    Phase.WORKING,
    Phase.REVIEW,
    Phase.BILLING,
    Phase.FETCHING,
    Phase.FAILED,
    Phase.CANCELED,
    Phase.PAUSED,
}

MOVES: dict[Phase, frozenset[Phase]] = {
    Phase.WAITING: frozenset(
        {Phase.SENDING, Phase.FETCHING, Phase.CANCELED, Phase.PAUSED, Phase.FAILED}
    ),
    Phase.SENDING: frozenset(_AT_MINT | {Phase.WAITING}),
    Phase.WORKING: frozenset(_AT_MINT),
    Phase.REVIEW: frozenset(_AT_MINT),
    Phase.BILLING: frozenset(_AT_MINT | {Phase.SENDING}),
    Phase.FETCHING: frozenset({Phase.READY, Phase.PLACED, Phase.PAUSED, Phase.FAILED}),
    Phase.READY: frozenset({Phase.PLACED, Phase.FETCHING}),
    Phase.PLACED: frozenset({Phase.FETCHING}),
    # PLACED: what was refused, imported all the same
    Phase.PAUSED: frozenset(_AT_MINT | {Phase.WAITING, Phase.SENDING, Phase.PLACED}),
    Phase.FAILED: frozenset(_AT_MINT | {Phase.WAITING}),
    Phase.CANCELED: frozenset(),
}


class Verb(StrEnum):
    """What a person may decide about a job."""

    APPROVE = "approve"
    REVISE = "revise"
    RESUME = "resume"
    RETRY = "retry"
    CANCEL = "cancel"


BUSY = frozenset({Phase.WAITING, Phase.SENDING, Phase.WORKING, Phase.FETCHING})
HOLDS_SLOT = frozenset({Phase.SENDING, Phase.WORKING})


VERBS: dict[Phase, tuple[Verb, ...]] = {
    Phase.WAITING: (Verb.CANCEL,),
    Phase.SENDING: (Verb.CANCEL,),
    Phase.WORKING: (Verb.CANCEL,),
    Phase.REVIEW: (Verb.APPROVE, Verb.REVISE, Verb.CANCEL),
    Phase.BILLING: (Verb.RESUME, Verb.CANCEL),
    Phase.PAUSED: (Verb.RESUME, Verb.RETRY, Verb.CANCEL),  # a retry only where `sent.is_unanswered`
    Phase.FAILED: (Verb.RETRY,),
}


ABOVE_OWN_LIMIT = "max_credits"
"""`Problem.code` of a job that rests because it would cost more than `Job.max_credits`."""


class IllegalMove(Exception):
    """A job was asked to go where the table does not lead: a mistake in our code, never the user's."""  # noqa: E501


@dataclass(frozen=True)
class Decision:
    """A click on a job: kept, with its idempotency key, before anything is sent.

    The estimates are the new ones of a retry, as in `Job`.
    """

    verb: Verb
    key: str
    feedback: str | None = None
    at: float | None = None  # seconds since the epoch
    estimate: float | None = None
    optimize_estimate: float | None = None


def may_decide(verb: Verb, phase: Phase, pending: Verb | None) -> bool:
    """Does this click make sense, when `pending` has been clicked and not yet answered?

    A cancel may take the place of another click, but not of a retry: that may have begun an
    operation which only its answer names.
    """
    if pending is not None and (verb is not Verb.CANCEL or pending in {Verb.CANCEL, Verb.RETRY}):
        return False
    return verb in VERBS.get(phase, ())


@dataclass(frozen=True)
class DecidedPreview:
    """The Preview that was approved or revised last.

    Mint may show it once more: `pictures` are all that it has shown until then.
    """

    operation_id: str
    verb: Verb
    pictures: tuple[str, ...] = ()
    updated_at: str | None = None


class Cause(StrEnum):
    """What kind of trouble it is: decides the exit status and which help is offered."""

    KEY = "key"  # missing or refused
    CREDITS = "credits"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # Mint did not accept the request: nothing was started
    WORK = "work"  # the generation itself failed
    FILE = "file"  # a result could not be fetched or is damaged
    # a result is here, and was refused by our own check or could not be imported: its files are
    # kept
    IMPORT = "import"
    PATIENCE = "patience"  # takes longer than usual at Mint; it is watched all the same
    INTERNAL = "internal"  # a mistake of ours


class Hold(StrEnum):
    """Why a job is left alone, whatever its phase."""

    FOREIGN = "foreign"  # it belongs to another account, or to another API
    UNKNOWN = "unknown"  # whose key is in use is not known yet


@dataclass(frozen=True)
class Problem:
    """Why a job does not go on: `sentence` is for a person, `code` is Mint's or the HTTP layer's
    word.
    """

    cause: Cause
    sentence: str
    code: str | None = None
    request_id: str | None = None


class Role(StrEnum):
    """What a downloaded file is for."""

    PREVIEW = "preview"
    PICTURE = "picture"
    MODEL = "model"
    COLLIDER = "collider"
    PANORAMA = "panorama"
    SPLATS = "splats"
    FBX = "fbx"  # these four are what a model was converted to
    OBJ = "obj"
    STL = "stl"
    USDZ = "usdz"


CONVERTED = frozenset({Role.FBX, Role.OBJ, Role.STL, Role.USDZ})


@dataclass(frozen=True)
class LocalFile:
    """A complete file on disk.

    `note` says why this one was taken; `needs` are the glTF extensions it requires.
    """

    role: Role
    path: str
    url: str
    note: str | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """Where the result shall go once it is here.

    Plain values: the click's cursor, a scene, or files of a batch run.
    """

    output: str | None = None
    render: str | None = None
    at: tuple[float, float, float] | None = None
    height: float | None = None
    document: str | None = None
    scene: str | None = None
    replaces: bool = False  # take the place of the same asset's earlier version in the scene
    splats: str | None = None  # the splat tier to fetch as well; None: no splats
    # of a World, as `blender.world.WorldOptions` has it; NONE: it is not even fetched
    collider: str = "AUTO"
    rigid_body: bool = False
    panorama: bool = True  # show it as the scene's World
    camera: bool = True
    folder: str | None = None  # where converted files are saved
    line: str | None = None  # which line of which batch this is: a rerun finds it by that
    group: str | None = None  # what it was asked for together with: such results stand side by side


@dataclass(frozen=True)
class Job:
    """One wish and how far it is.

    Times are seconds since the epoch; `key` is the start's idempotency key.
    """

    id: str
    request: GenerationRequest
    key: str
    created_at: float
    target: Delivery = Delivery()
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
        is_glb = PurePath(self.target.output or "").suffix.lower() == ".glb"
        return is_glb and self.target.render is None and self.kind is Kind.MODEL

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

    def expecting(self, decision: Decision) -> Job:
        """The job with what Mint said at this click that it would cost; where it said nothing, what
        was known before stays.
        """
        return self.priced(decision.estimate, decision.optimize_estimate)

    def priced(self, estimate: float | None, optimize_estimate: float | None) -> Job:
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

    def noted(self, sentence: str) -> Job:
        """Return the job with one more note; the same note is kept once."""
        note = message_of(sentence)
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


def new_key(action: str) -> str:
    """An idempotency key: one for each click, for all tries of that click."""
    return f"mint-blender-{action}-{uuid.uuid4()}"


def new_job(
    request: GenerationRequest,
    target: Delivery,
    *,
    now: float,
    optimize: OptimizationLevel | None = None,
    estimate: float | None = None,
    optimize_estimate: float | None = None,
) -> Job:
    """The job of a fresh click."""
    return Job(
        _new_id(),
        request,
        new_key("generate"),
        now,
        target,
        estimate=estimate,
        optimize=optimize,
        optimize_estimate=optimize_estimate,
    )


def new_fetch(
    asset: Asset,
    target: Delivery,
    *,
    now: float,
    optimize: OptimizationLevel | None = None,
    estimate: float | None = None,
) -> Job:
    """A job that only brings what Mint has made already, optimized first if wanted."""
    return Job(
        _new_id(),
        request_for(asset),
        new_key("fetch"),
        now,
        target,
        estimate=estimate,
        source_asset_id=asset.id,
        asset=asset,
        optimize=optimize,
    )


def new_conversion(
    asset: Asset, formats: tuple[Format, ...], target: Delivery, *, now: float
) -> Job:
    """A job that brings a model in other formats to the folder of its target."""
    return Job(
        _new_id(),
        request_for(asset),
        new_key("convert"),
        now,
        target,
        source_asset_id=asset.id,
        asset=asset,
        convert=formats,
    )


def new_attempt(asset: Asset, target: Delivery, *, now: float) -> Job:
    """The job of what failed at Mint without one of ours: it has failed here too, and can be
    retried.
    """
    failed = Problem(
        Cause.WORK,
        Message("Mint has not made this {kind}: {status}.", kind=asset.kind, status=asset.status),
    )
    return replace(new_fetch(asset, target, now=now), phase=Phase.FAILED, problem=failed)


def request_for(asset: Asset) -> GenerationRequest:
    """As far as Mint tells: what was asked for when this was made."""
    return GenerationRequest(asset.kind, asset.prompt or "", name=asset.name)


def _new_id() -> str:
    return uuid.uuid4().hex[:12]
