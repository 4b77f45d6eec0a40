# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's responses as frozen values, with the API's own names in snake_case.

Parsing never raises: null and absent members become None, unknown members are ignored (and kept in
`raw`), an unknown status counts as busy, and a null status with files as succeeded. An id that is
not valid counts as absent, so that no path can be made of it. Knows no HTTP; whether a response is
usable at all (does it have an id?) is for the client to decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeGuard

from ..message import Message

Json = Mapping[str, Any]

_MAX_NUMBER = 1e300
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


# -- reading members of untrusted JSON: null, absent or of another type is None


def is_valid_id(text: str) -> bool:
    """Return whether the text may be an id: opaque, but safe in a URL path, and not endless."""
    return _ID.fullmatch(text) is not None


def read_object(data: Json, name: str) -> Json | None:
    """Return a member that is an object, else None."""
    value = data.get(name)
    return value if isinstance(value, Mapping) else None


def read_text(data: Json, name: str) -> str | None:
    """Return a member that is a non-empty string, else None."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        return None
    # Half a surrogate pair is legal in JSON, but neither a terminal nor SQLite takes it.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def read_id(data: Json) -> str | None:
    """Return the member `id` if it is a valid id, else None: no other id is ever used."""
    found = read_text(data, "id")
    return found if found is not None and is_valid_id(found) else None


def read_number(data: Json, name: str) -> float | None:
    """Return a member that is a finite number of sane size, else None."""
    value = data.get(name)
    return value if is_number(value) else None


def is_number(value: object) -> TypeGuard[float]:
    """Return whether arithmetic can use the number.

    JSON's 1e999 is infinite in Python, and its integers have no limit.
    """
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER
    )


def read_time(data: Json, name: str) -> datetime | None:
    """Return a member that is an ISO 8601 time, else None; without a zone it is UTC.

    Years that not every computer can convert to its own time zone count as none.
    """
    try:
        moment = datetime.fromisoformat(data[name])
    except (KeyError, TypeError, ValueError):
        return None
    if not 1970 <= moment.year < 9999:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# -- words of Mint's API


class Kind(StrEnum):
    """What can be generated."""

    MODEL = "model"
    WORLD = "world"


class Preset(StrEnum):
    """Trade-off between cost, speed and quality."""

    FAST = "fast"
    STANDARD = "standard"
    PRODUCTION = "production"


class Mode(StrEnum):
    """AUTO runs to the end; REVIEW stops at the Preview until the user approves or revises it."""

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
    """File formats that Mint converts a model to."""

    FBX = "fbx"
    OBJ = "obj"
    STL = "stl"
    USDZ = "usdz"


class Status(StrEnum):
    """State of an operation; an unknown word is UNKNOWN, which counts as busy."""

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


_TIER = re.compile(r"[ -~]{1,40}")


# -- models and Worlds, their files, lists of them, and uploaded reference images


@dataclass(frozen=True)
class Bounds:
    """Axis-aligned box in glTF axes (Y up) and the file's units.

    Only a hint and often null: measure after the import.
    """

    min: tuple[float, float, float]
    max: tuple[float, float, float]


@dataclass(frozen=True)
class Assets:
    """The files of a model or a World; every member may be None.

    One class for both, since an operation does not say which of the two its `assets` belong to.
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
        """The small picture for lists."""
        return self.thumbnail_url or self.preview_image_url

    def converted_url(self, format: Format) -> str | None:
        """Return the URL of the model in another format; None until it was converted."""
        return {
            Format.FBX: self.fbx_url,
            Format.OBJ: self.obj_url,
            Format.STL: self.stl_url,
            Format.USDZ: self.usdz_url,
        }[format]

    @property
    def has_result(self) -> bool:
        """Whether there is anything to place in a scene."""
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
class Asset:
    """A model or a World of the API project.

    `status` is free text; a finished asset has "succeeded".
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
        """Whether the asset is finished and has a file to import."""
        return (
            self.status == Status.SUCCEEDED.value
            and self.assets is not None
            and self.assets.has_result
        )

    @classmethod
    def from_json(cls, kind: Kind, data: Json) -> Asset:
        """Parse Mint's JSON."""
        assets = parse_assets(read_object(data, "assets"))
        done = Status.SUCCEEDED.value if assets is not None and assets.has_result else None
        return cls(
            kind=kind,
            id=read_id(data) or "",
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
    """One page of a list; `next_cursor` is None on the last.

    `left_out` is the number of entries that cannot be read, or have no valid id.
    """

    data: tuple[Asset, ...]
    next_cursor: str | None
    left_out: int = 0

    @classmethod
    def from_json(cls, kind: Kind, data: Json) -> Page:
        """Parse Mint's JSON; the last page has a null cursor or `hasMore` false."""
        pagination = read_object(data, "pagination") or {}
        cursor = (
            read_text(pagination, "nextCursor") if pagination.get("hasMore") is not False else None
        )
        found = data.get("data")
        entries = found if isinstance(found, list) else []
        assets = (Asset.from_json(kind, each) for each in entries if isinstance(each, Mapping))
        usable = tuple(asset for asset in assets if asset.id)
        return cls(usable, cursor, len(entries) - len(usable))


@dataclass(frozen=True)
class ReferenceImage:
    """A picture stored by Mint; `url` may be used in a generation request."""

    id: str
    url: str | None

    @classmethod
    def from_json(cls, data: Json) -> ReferenceImage:
        """Parse Mint's JSON; the URL is the first of url, sourceUrl, imageUrl, or in `assets`."""
        inside = read_object(data, "assets") or {}
        candidates = [read_text(data, name) for name in ("url", "sourceUrl", "imageUrl")]
        candidates += [read_text(inside, name) for name in ("imageUrl", "sourceUrl")]
        return cls(id=read_id(data) or "", url=next(filter(None, candidates), None))


def parse_assets(data: Json | None) -> Assets | None:
    """Parse the `assets` member of an operation, a model or a World; None if it has none."""
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
        spz_urls={
            tier: url for tier in tiers if _TIER.fullmatch(tier) and (url := read_text(tiers, tier))
        },
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


# -- long-running operations: status, price, error and result


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


# -- prices, the Credit balance, and the owner of the API key


@dataclass(frozen=True)
class Estimate:
    """The price of a planned operation, in Credits."""

    operation: str | None
    required_to_start: float | None
    estimated_total: float | None

    @classmethod
    def from_json(cls, data: Json) -> Estimate:
        """Parse Mint's JSON."""
        credits = read_object(data, "credits") or {}
        return cls(
            read_text(data, "operation"),
            read_number(credits, "requiredToStart"),
            read_number(credits, "estimatedTotal"),
        )


@dataclass(frozen=True)
class Credits:
    """The balance in Credits; Mint may leave out all but `total_available`."""

    total_available: float | None
    included: float | None
    top_up: float | None
    bonus: float | None


@dataclass(frozen=True)
class Usage:
    """Credits, and as plain JSON the subscription and API totals."""

    credits: Credits
    subscription: Json | None
    api_usage: Json | None
    raw: Json = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def from_json(cls, data: Json) -> Usage:
        """Parse Mint's JSON."""
        credits = read_object(data, "credits") or {}
        kinds = (
            read_number(credits, name) for name in ("totalAvailable", "included", "topUp", "bonus")
        )
        return cls(
            Credits(*kinds), read_object(data, "subscription"), read_object(data, "apiUsage"), data
        )


@dataclass(frozen=True)
class Me:
    """The owner of the API key."""

    user_id: str | None
    email: str | None
    authentication: str | None
    scopes: tuple[str, ...]

    @property
    def display_name(self) -> str:
        """The email address, else the account id shortened in the middle."""
        if self.email:
            return self.email
        user = self.user_id or Message("this account")
        return user if len(user) <= 16 else f"{user[:8]}…{user[-4:]}"

    @classmethod
    def from_json(cls, data: Json) -> Me:
        """Parse Mint's JSON."""
        authentication, owner = (
            read_object(data, "authentication") or {},
            read_object(data, "owner") or {},
        )
        scopes = authentication.get("scopes")
        known = (
            tuple(scope for scope in scopes if isinstance(scope, str))
            if isinstance(scopes, list)
            else ()
        )
        return cls(
            read_text(owner, "userId"),
            read_text(owner, "email"),
            read_text(authentication, "type"),
            known,
        )
