# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's long-running operations: status, price, error and result."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .assets import Assets, parse_assets
from .enums import ENDED, Format, Mode, Status
from .parsing import Json, read_id, read_number, read_object, read_text, read_time


@dataclass(frozen=True)
class ResourceRef:
    """The asset that an operation makes; `type` is an open list (model, world)."""

    type: str
    id: str


@dataclass(frozen=True)
class OperationError:
    """Why the work failed; all but `code` are Mint's texts for the user.

    `code` is an open list.
    """

    code: str
    message: str
    reason: str | None = None
    guidance: str | None = None
    """What to do before another attempt."""
    categories: tuple[str, ...] = ()
    """Moderation categories."""


@dataclass(frozen=True)
class Billing:
    """Why an operation is paused for Credits, and where to buy them."""

    reason: str | None
    required_credits: float | None
    available_credits: float | None
    action_url: str | None
    stage: str | None

    @property
    def missing_credits(self) -> float | None:
        """How many Credits are short; None if Mint does not say."""
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
        """Credits paid plus Credits reserved: a Preview is paid while the rest is reserved.

        The sum is limited to the estimate, since after success the same Credits may briefly be in
        both.
        """
        paid, held = self.finalized or 0.0, self.reserved or 0.0
        return max(paid, held, min(paid + held, self.estimated or 0.0))

    @property
    def is_final(self) -> bool:
        """Whether no more Credits are reserved than paid."""
        return self.spent == (self.finalized or 0.0)


@dataclass(frozen=True)
class Operation:
    """A long-running operation at Mint, as of the last response."""

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
        """Whether Mint waits for the user to approve or revise a Preview."""
        return self.mode is Mode.REVIEW and self.status is Status.PREVIEW_READY

    @property
    def awaits_payment(self) -> bool:
        """Whether Mint waits for Credits and a resume."""
        return self.status is Status.BILLING_REQUIRED

    @property
    def is_busy(self) -> bool:
        """Whether to poll again; in AUTO mode a Preview passes by itself."""
        return not (self.status in ENDED or self.awaits_review or self.awaits_payment)

    @property
    def succeeded(self) -> bool:
        """Whether there is a result, perhaps with parts missing."""
        return self.status in {Status.SUCCEEDED, Status.PARTIALLY_SUCCEEDED}

    def with_mode(self, mode: Mode) -> Operation:
        """Return the operation with this mode if Mint does not name one."""
        return (
            self
            if _mode(self.raw) is not None
            else Operation.from_json({**self.raw, "generationMode": mode.value})
        )

    @classmethod
    def from_json(cls, data: Json) -> Operation:
        """Parse Mint's JSON."""
        type_, assets = read_text(data, "type") or "", parse_assets(read_object(data, "assets"))
        is_done = data.get("status") is None and _has_files(type_, assets)
        word = read_text(data, "status") or (Status.SUCCEEDED if is_done else Status.UNKNOWN).value
        return cls(
            id=read_id(data) or "",
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
    """An operation as polled, and the seconds that Mint asks to wait, if any."""

    operation: Operation
    retry_after: float | None = None


def _mode(data: Json) -> Mode | None:
    """Return the mode that an operation names; None if absent or unknown."""
    word = (read_text(data, "generationMode") or "").lower()
    return next((mode for mode in Mode if mode.value == word), None)


def _has_files(type_: str, assets: Assets | None) -> bool:
    """Return whether there are files that an operation of this type makes.

    Follow-up operations also list the files of their source model.
    """
    if assets is None:
        return False
    if type_ == "model_optimization":
        return assets.optimized_glb_url is not None
    if type_ == "model_conversion":
        return any(assets.converted_url(format) for format in Format)
    return assets.has_result


def _resource(data: Json | None) -> ResourceRef | None:
    if data is None or not (found := read_id(data)):
        return None
    return ResourceRef(read_text(data, "type") or "", found)


def _operation_error(data: Json | None) -> OperationError | None:
    """Parse Mint's texts for the user; `workflowStageLastError` is for Mint's engineers."""
    if data is None:
        return None
    categories = data.get("moderationCategories")
    words = (
        [word.replace("_", " ").strip() for word in categories if isinstance(word, str)]
        if isinstance(categories, list)
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
