# SPDX-License-Identifier: GPL-3.0-or-later
"""What Mint answers: operations, models, worlds, account.

Frozen values with the contract's own names in snake_case.

Reading never raises: null and absent members become None, unknown members are ignored (and kept in
`raw`), an unknown status is "still busy", a null one with files is "succeeded". Whether an answer
is usable at all (does it have an id?) is the client's question, not ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .parsing import Json, is_number, read_number, read_object, read_text, read_time

_ID = re.compile(r"[A-Za-z0-9_-]+")


def is_valid_id(text: str) -> bool:
    """Ids are opaque; only these characters may go into a path."""
    return _ID.fullmatch(text) is not None


class Kind(StrEnum):
    """What can be generated."""

    MODEL = "model"
    WORLD = "world"


class Preset(StrEnum):
    """Cost and speed against quality."""

    FAST = "fast"
    STANDARD = "standard"
    PRODUCTION = "production"


class Mode(StrEnum):
    """AUTO runs through to the end; REVIEW stops at the preview until a person approves or revises."""  # noqa: E501

    AUTO = "auto"
    REVIEW = "review"


class Pose(StrEnum):
    """A neutral pose for a humanoid; it is not rigged."""

    T_POSE = "t_pose"
    A_POSE = "a_pose"


class OptimizationLevel(StrEnum):
    """LIGHT keeps the most detail, AGGRESSIVE gives the smallest file."""

    LIGHT = "light"
    MODERATE = "moderate"
    AGGRESSIVE = "aggressive"


class Format(StrEnum):
    """What Mint can convert a model to."""

    FBX = "fbx"
    OBJ = "obj"
    STL = "stl"
    USDZ = "usdz"


class Status(StrEnum):
    """Where an operation is.

    A word that we do not know becomes UNKNOWN: still busy, never an error.
    """

    QUEUED = "queued"
    RUNNING = "running"
    PREVIEW_READY = "preview_ready"
    BILLING_REQUIRED = "billing_required"
    SUCCEEDED = "succeeded"
    PARTIALLY_SUCCEEDED = "partially_succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> Status:
        return cls.UNKNOWN


ENDED = frozenset({Status.SUCCEEDED, Status.PARTIALLY_SUCCEEDED, Status.FAILED, Status.CANCELED})


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
class Bounds:
    """Axis-aligned box in glTF axes (Y up) and the file's own units.

    A hint: often null, so measure after import.
    """

    min: tuple[float, float, float]
    max: tuple[float, float, float]


@dataclass(frozen=True)
class Assets:
    """The files of a model or a world: every member may be None.

    One class for both: the members do not clash, and an operation does not say which of the two its
    `assets` are.
    """

    preview_image_url: str | None = None
    thumbnail_url: str | None = None
    glb_url: str | None = None
    glb_size_bytes: int | None = None
    optimized_glb_url: str | None = None
    optimized_glb_size_bytes: int | None = None
    fbx_url: str | None = None
    obj_url: str | None = None
    stl_url: str | None = None
    usdz_url: str | None = None
    bounds: Bounds | None = None
    caption: str | None = None
    collider_mesh_url: str | None = None
    pano_url: str | None = None
    rad_url: str | None = None
    spz_urls: Mapping[str, str] = field(default_factory=dict)

    @property
    def picture_url(self) -> str | None:
        """The small picture to show in lists."""
        return self.thumbnail_url or self.preview_image_url

    def converted_url(self, format: Format) -> str | None:
        """The model in another format; None until it was converted to it."""
        return {
            Format.FBX: self.fbx_url,
            Format.OBJ: self.obj_url,
            Format.STL: self.stl_url,
            Format.USDZ: self.usdz_url,
        }[format]

    @property
    def has_result(self) -> bool:
        """Is there anything that could be placed in a scene?"""
        return any(
            (
                self.glb_url,
                self.optimized_glb_url,
                self.collider_mesh_url,
                self.pano_url,
                self.spz_urls,
            )
        )


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
        type_, assets = read_text(data, "type") or "", _assets(read_object(data, "assets"))
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


@dataclass(frozen=True)
class Asset:
    """A model or a world of this API project.

    `status` is free text; "succeeded" is the finished value.
    """

    kind: Kind
    id: str
    name: str | None
    status: str | None
    asset_stage: str | None
    mint_url: str | None
    prompt: str | None
    assets: Assets | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Json = field(repr=False, compare=False, default_factory=dict)

    @property
    def is_usable(self) -> bool:
        """Finished, and there is a file to import."""
        return (
            self.status == Status.SUCCEEDED.value
            and self.assets is not None
            and self.assets.has_result
        )

    @classmethod
    def from_json(cls, kind: Kind, data: Json) -> Asset:
        """A model or world from Mint's JSON."""
        assets = _assets(read_object(data, "assets"))
        done = Status.SUCCEEDED.value if assets is not None and assets.has_result else None
        return cls(
            kind=kind,
            id=read_text(data, "id") or "",
            name=read_text(data, "name"),
            status=read_text(data, "status") or done,
            asset_stage=read_text(data, "assetStage"),
            mint_url=read_text(data, "mintUrl"),
            prompt=read_text(data, "prompt"),
            assets=assets,
            created_at=read_time(data, "createdAt"),
            updated_at=read_time(data, "updatedAt"),
            raw=data,
        )


@dataclass(frozen=True)
class Page:
    """One page of a list. `next_cursor` is None at the end."""

    data: tuple[Asset, ...]
    next_cursor: str | None

    @classmethod
    def from_json(cls, kind: Kind, data: Json) -> Page:
        """A page from Mint's JSON; the end is a null cursor or `hasMore` false."""
        pagination = read_object(data, "pagination") or {}
        cursor = (
            read_text(pagination, "nextCursor") if pagination.get("hasMore") is not False else None
        )
        entries = data.get("data")
        found = (
            [entry for entry in entries if isinstance(entry, Mapping)]
            if isinstance(entries, list)
            else []
        )
        return cls(tuple(Asset.from_json(kind, entry) for entry in found), cursor)


@dataclass(frozen=True)
class ReferenceImage:
    """A picture that Mint keeps: `url` may be used in a start request."""

    id: str
    url: str | None

    @classmethod
    def from_json(cls, data: Json) -> ReferenceImage:
        """The durable URL is the first that is there: url, sourceUrl, imageUrl, then the same
        inside `assets`.
        """
        inside = read_object(data, "assets") or {}
        candidates = [read_text(data, name) for name in ("url", "sourceUrl", "imageUrl")]
        candidates += [read_text(inside, name) for name in ("imageUrl", "sourceUrl")]
        return cls(id=read_text(data, "id") or "", url=next(filter(None, candidates), None))


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


def _assets(data: Json | None) -> Assets | None:
    if data is None:
        return None
    tiers = read_object(data, "spzUrls") or {}
    sizes = {name: read_number(data, name) for name in ("glbSizeBytes", "optimizedGlbSizeBytes")}
    return Assets(
        preview_image_url=read_text(data, "previewImageUrl"),
        thumbnail_url=read_text(data, "thumbnailUrl"),
        glb_url=read_text(data, "glbUrl"),
        glb_size_bytes=None if sizes["glbSizeBytes"] is None else int(sizes["glbSizeBytes"]),
        optimized_glb_url=read_text(data, "optimizedGlbUrl"),
        optimized_glb_size_bytes=(
            None if sizes["optimizedGlbSizeBytes"] is None else int(sizes["optimizedGlbSizeBytes"])
        ),
        fbx_url=read_text(data, "fbxUrl"),
        obj_url=read_text(data, "objUrl"),
        stl_url=read_text(data, "stlUrl"),
        usdz_url=read_text(data, "usdzUrl"),
        bounds=_bounds(read_object(data, "bounds")),
        caption=read_text(data, "caption"),
        collider_mesh_url=read_text(data, "colliderMeshUrl"),
        pano_url=read_text(data, "panoUrl"),
        rad_url=read_text(data, "radUrl"),
        spz_urls={tier: url for tier in tiers if (url := read_text(tiers, tier))},
    )


def _bounds(data: Json | None) -> Bounds | None:
    corners = []
    for name in ("min", "max"):
        corner = data.get(name) if data is not None else None
        if not (
            isinstance(corner, list) and len(corner) == 3 and all(is_number(x) for x in corner)
        ):
            return None
        corners.append((float(corner[0]), float(corner[1]), float(corner[2])))
    return Bounds(*corners)
