# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's long-running operations: status, price, error and result."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .assets import Assets, parse_assets
from .enums import ENDED, Format, Mode, Status
from .parsing import Json, read_number, read_object, read_text, read_time


@dataclass(frozen=True)
class ResourceRef:
    """What an operation makes: `type` is model or world today, other words in later versions."""

    type: str
    id: str


@dataclass(frozen=True)
class OperationError:
    """Why the work failed: `code` is a short word (open list), the others are Mint's texts for a
    person, where it sends any.
    """

    code: str
    message: str
    reason: str | None = None
    guidance: str | None = None  # what to do before another try
    categories: tuple[str, ...] = ()  # of moderation


@dataclass(frozen=True)
class Billing:
    """Why an operation pauses for Credits, and where a person can buy them."""

    reason: str | None
    required_credits: float | None
    available_credits: float | None
    action_url: str | None
    stage: str | None

    @property
    def missing_credits(self) -> float | None:
        """How many Credits have to be bought, as far as Mint says."""
        if self.required_credits is None:
            return None
        return max(0.0, self.required_credits - (self.available_credits or 0.0))


@dataclass(frozen=True)
class OperationCredits:
    """What an operation costs. `reserved` may stay above zero for a moment after success."""

    estimated: float | None
    reserved: float | None
    finalized: float | None
    available_after_reservation: float | None

    @property
    def spent(self) -> float:
        """What was paid and what is held back: a Preview is paid while the rest of the price waits.

        Never more than the estimate by adding up, as for a moment after success both may stand
        there for the same Credits.
        """
        paid, held = self.finalized or 0.0, self.reserved or 0.0
        return max(paid, held, min(paid + held, self.estimated or 0.0))

    @property
    def is_final(self) -> bool:
        """Nothing is held back any more that was not paid as well."""
        return self.spent == (self.finalized or 0.0)


@dataclass(frozen=True)
class Operation:
    """A long-running piece of work at Mint, as last seen."""

    id: str
    type: str
    mode: Mode
    status: Status
    status_word: str
    prompt: str | None
    preset: str | None
    generation_model: str | None
    resource: ResourceRef | None
    mint_url: str | None
    assets: Assets | None
    billing: Billing | None
    credits: OperationCredits | None
    error: OperationError | None
    created_at: datetime | None
    updated_at: datetime | None
    completed_at: datetime | None
    canceled_at: datetime | None
    raw: Json = field(repr=False, compare=False, default_factory=dict)

    @property
    def awaits_review(self) -> bool:
        """Mint has shown a preview and waits for a person."""
        return self.mode is Mode.REVIEW and self.status is Status.PREVIEW_READY

    @property
    def awaits_payment(self) -> bool:
        """Mint pauses until Credits are bought and the operation is resumed."""
        return self.status is Status.BILLING_REQUIRED

    @property
    def is_busy(self) -> bool:
        """Worth polling again: in auto mode a preview passes by itself, and an unknown word is not
        an end.
        """
        return not (self.status in ENDED or self.awaits_review or self.awaits_payment)

    @property
    def succeeded(self) -> bool:
        """There is a result, perhaps with parts missing."""
        return self.status in {Status.SUCCEEDED, Status.PARTIALLY_SUCCEEDED}

    def in_mode(self, asked: Mode) -> Operation:
        """The operation in the mode that was asked for, where Mint does not say which one it is in."""  # noqa: E501
        return (
            self
            if _mode(self.raw) is not None
            else Operation.from_json({**self.raw, "generationMode": asked.value})
        )

    @classmethod
    def from_json(cls, data: Json) -> Operation:
        """An operation from Mint's JSON."""
        type_, assets = read_text(data, "type") or "", parse_assets(read_object(data, "assets"))
        is_done = data.get("status") is None and _has_files(type_, assets)
        word = read_text(data, "status") or (Status.SUCCEEDED if is_done else Status.UNKNOWN).value
        return cls(
            id=read_text(data, "id") or "",
            type=type_,
            mode=_mode(data) or Mode.AUTO,
            status=Status(word),
            status_word=word,
            prompt=read_text(data, "prompt"),
            preset=read_text(data, "generationPreset"),
            generation_model=read_text(data, "generationModel"),
            resource=_resource(read_object(data, "resource")),
            mint_url=read_text(data, "mintUrl"),
            assets=assets,
            billing=_billing(read_object(data, "billing")),
            credits=_operation_credits(read_object(data, "credits")),
            error=_operation_error(read_object(data, "error")),
            created_at=read_time(data, "createdAt"),
            updated_at=read_time(data, "updatedAt"),
            completed_at=read_time(data, "completedAt"),
            canceled_at=read_time(data, "canceledAt"),
            raw=data,
        )


@dataclass(frozen=True)
class PollResult:
    """An operation as polled, with the wait in seconds that Mint asked for."""

    operation: Operation
    retry_after: float | None = None


def _mode(data: Json) -> Mode | None:
    """The mode that an operation says it is in; None where it says nothing, or a word that we do
    not know.
    """
    word = (read_text(data, "generationMode") or "").lower()
    return next((mode for mode in Mode if mode.value == word), None)


def _has_files(type_: str, assets: Assets | None) -> bool:
    """Are the files there that an operation of this type makes?

    The model that it makes them of has files of its own.
    """
    if assets is None:
        return False
    if type_ == "model_optimization":
        return assets.optimized_glb_url is not None
    if type_ == "model_conversion":
        return any(assets.converted_url(format) for format in Format)
    return assets.has_result


def _resource(data: Json | None) -> ResourceRef | None:
    if data is None or not (found := read_text(data, "id")):
        return None
    return ResourceRef(read_text(data, "type") or "", found)


def _operation_error(data: Json | None) -> OperationError | None:
    """What Mint says for a person.

    `workflowStageLastError` is for Mint's own engineers: it is not read.
    """
    if data is None:
        return None
    said = data.get("moderationCategories")
    words = (
        [word.replace("_", " ").strip() for word in said if isinstance(word, str)]
        if isinstance(said, list)
        else []
    )
    return OperationError(
        code=read_text(data, "code") or "generation_failed",
        message=read_text(data, "message") or "",
        reason=read_text(data, "failureReason"),
        guidance=read_text(data, "retryGuidance"),
        categories=tuple(filter(None, words)),
    )


def _billing(data: Json | None) -> Billing | None:
    if data is None:
        return None
    required, available = (
        read_number(data, "requiredCredits"),
        read_number(data, "availableCredits"),
    )
    return Billing(
        read_text(data, "reason"),
        required,
        available,
        read_text(data, "actionUrl"),
        read_text(data, "stage"),
    )


def _operation_credits(data: Json | None) -> OperationCredits | None:
    if data is None:
        return None
    return OperationCredits(
        *(
            read_number(data, name)
            for name in ("estimated", "reserved", "finalized", "availableAfterReservation")
        )
    )
