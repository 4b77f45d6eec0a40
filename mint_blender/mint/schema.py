# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's responses as frozen values, with the API's own names in snake_case.

Parsing never raises: null and absent members become None, unknown members are ignored (and kept in
`raw`), an unknown status counts as busy, and a null status with files as succeeded. An id that is
not valid counts as absent, so that no path can be made of it. Knows no HTTP; whether a response is
usable at all (does it have an id?) is for the client to decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Self, TypeVar

from ..message import Message

Json = Mapping[str, Any]
T = TypeVar("T")

_MAX_NUMBER = 1e300
_LONGEST = 255
_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{_LONGEST}}}")
_TIER = re.compile(r"[ -~]{1,40}")


def is_valid_id(text: str) -> bool:
    """Return whether the text may be an id: opaque, but safe in a URL path, and not endless."""
    return _ID.fullmatch(text) is not None


def is_valid_file_id(text: str) -> bool:
    """Return whether the text may be the id of a file of an animation: parts between colons."""
    return len(text) <= _LONGEST and all(map(is_valid_id, text.split(":")))


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


_MODES = {mode.value: mode for mode in Mode}
ENDED = frozenset({Status.SUCCEEDED, Status.PARTIALLY_SUCCEEDED, Status.FAILED, Status.CANCELED})


# -- models and Worlds, their files, lists of them, and uploaded reference images


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
        url: str | None = getattr(self, f"{format}_url")
        return url

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
    mint_url: str | None
    prompt: str | None
    assets: Assets | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Json = field(repr=False, compare=False, default_factory=dict)

    @property
    def own_name(self) -> str | None:
        """The name; None if it only repeats the caption of a World whose prompt is known."""
        caption = self.assets.caption if self.assets is not None else None
        start = (self.name or "").rstrip(".… ")
        is_caption = bool(self.prompt and start and caption and caption.startswith(start))
        return None if is_caption else self.name

    @property
    def title(self) -> str:
        """The name, else the prompt, on one line; empty without both."""
        return " ".join((self.own_name or self.prompt or "").split())

    @property
    def is_usable(self) -> bool:
        """Whether the asset is finished and has a file to import."""
        return (
            self.status == Status.SUCCEEDED.value
            and self.assets is not None
            and self.assets.has_result
        )

    @property
    def has_failed(self) -> bool:
        """Whether Mint could not make the asset, so that a new attempt is possible."""
        return self.status in {Status.FAILED.value, Status.CANCELED.value}

    @classmethod
    def from_json(cls, kind: Kind, data: Json) -> Asset:
        """Parse Mint's JSON."""
        assets = _assets(data.get("assets"))
        done = Status.SUCCEEDED.value if assets is not None and assets.has_result else None
        status = _text(data.get("status")) or done
        id = _id(data.get("id")) or ""
        return _parse(cls, data, kind=kind, id=id, status=status, assets=assets, raw=data)


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
        pagination = _object(data.get("pagination")) or {}
        cursor = _text(pagination.get("nextCursor"))
        if pagination.get("hasMore") is False:
            cursor = None
        entries = data.get("data")
        items = entries if isinstance(entries, list) else ()
        assets = [Asset.from_json(kind, entry) for entry in items if _object(entry) is not None]
        usable = tuple(asset for asset in assets if asset.id)
        return cls(usable, cursor, len(items) - len(usable))


class AnimationType(StrEnum):
    """What an animation may be at Mint: with its result alone, one cannot tell."""

    BATCH = "model_animation_batch"
    CLIP = "model_animation_clip"


@dataclass(frozen=True)
class AnimationFile:
    """A file that an animation has made. `id` may have colons, unlike all others."""

    id: str
    kind: str | None
    format: str | None
    filename: str | None

    @property
    def is_glb(self) -> bool:
        """Whether it is a GLB, as far as is said."""
        names = (self.format, self.filename, self.id)
        return any((name or "").lower().endswith("glb") for name in names)

    @property
    def is_character(self) -> bool:
        """Whether it is the rigged character itself, and not a clip."""
        return "rigged_character" in (self.kind or self.id).lower()

    @classmethod
    def from_json(cls, entries: list[Any]) -> tuple[Self, ...]:
        """Parse Mint's list; entries without a usable id are left out."""
        items = (entry for entry in entries if _object(entry))
        files = (_parse(cls, item, id=_text(item.get("id")) or "") for item in items)
        return tuple(file for file in files if is_valid_file_id(file.id))


@dataclass(frozen=True)
class ReferenceImage:
    """A picture stored by Mint; `url` may be used in a generation request."""

    id: str
    url: str | None

    @classmethod
    def from_json(cls, data: Json) -> ReferenceImage:
        """Parse Mint's JSON; the URL is the first of url, sourceUrl, imageUrl, or in `assets`."""
        inside = _object(data.get("assets")) or {}
        candidates = [data.get(name) for name in ("url", "sourceUrl", "imageUrl")]
        candidates += [inside.get(name) for name in ("imageUrl", "sourceUrl")]
        return cls(_id(data.get("id")) or "", next(filter(None, map(_text, candidates)), None))


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

    @property
    def spent(self) -> float:
        """Credits paid plus Credits reserved: a Preview is paid while the rest is reserved.

        The sum is limited to the estimate, since after success the same Credits may briefly be in
        both.
        """
        paid = self.finalized or 0.0
        held = self.reserved or 0.0
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
        type_ = _text(data.get("type")) or ""
        assets = _assets(data.get("assets"))
        is_done = data.get("status") is None and _has_files(type_, assets)
        done = Status.SUCCEEDED if is_done else Status.UNKNOWN
        word = _text(data.get("status")) or done.value
        return _parse(
            cls,
            data,
            id=_id(data.get("id")) or "",
            mode=_mode(data) or Mode.AUTO,
            status=Status(word),
            status_word=word,
            preset=_text(data.get("generationPreset")),
            assets=assets,
            raw=data,
        )


@dataclass(frozen=True)
class PollResult:
    """An operation as polled, and the seconds that Mint asks to wait, if any."""

    operation: Operation
    retry_after: float | None = None


def _mode(data: Json) -> Mode | None:
    """Return the mode that an operation names; None if absent or unknown."""
    return _MODES.get((_text(data.get("generationMode")) or "").lower())


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


# -- prices, the Credit balance, and the owner of the API key


@dataclass(frozen=True)
class Estimate:
    """The price of a planned operation, in Credits.

    `at` is Mint's time when it returned the price, in seconds since the epoch; None: unknown.
    """

    operation: str | None
    required_to_start: float | None
    estimated_total: float | None
    at: float | None = field(default=None, compare=False)

    @classmethod
    def from_json(cls, data: Json, at: float | None = None) -> Estimate:
        """Parse Mint's JSON. What is below nothing is no price."""
        credits = _object(data.get("credits")) or {}
        prices = {name: price for name, price in credits.items() if (_number(price) or 0.0) >= 0.0}
        return _parse(cls, prices, operation=_text(data.get("operation")), at=at)


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
        credits = _parse(Credits, _object(data.get("credits")) or {})
        return _parse(cls, data, credits=credits, raw=data)


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
        authentication = _object(data.get("authentication")) or {}
        owner = _object(data.get("owner")) or {}
        scopes = _texts(authentication.get("scopes"))
        return _parse(cls, owner, authentication=_text(authentication.get("type")), scopes=scopes)


# -- reading untrusted JSON: what is null, absent or of another type is None


def _parse(kind: Callable[..., T], data: Json, /, **given: Any) -> T:
    """Return a dataclass: each field that is not given is the member of its name in camelCase."""
    read = {
        name: read(data.get(member)) for name, member, read in _members(kind) if name not in given
    }
    return kind(**given, **read)


@cache
def _members(kind: Any) -> tuple[tuple[str, str, Callable[[Any], Any]], ...]:
    """Return the name of each field, of the member that it is read from, and what reads it."""
    return tuple(
        (
            field.name,
            re.sub("_([a-z])", lambda match: match[1].upper(), field.name),
            _READERS[field.type],
        )
        for field in fields(kind)
        if field.type in _READERS
    )


def _object(value: Any) -> Json | None:
    return value if isinstance(value, Mapping) else None


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    # Half a surrogate pair is legal in JSON, but neither a terminal nor SQLite takes it.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()


def _id(value: Any) -> str | None:
    """Return a valid id: no other one is ever used."""
    text = _text(value)
    return text if text is not None and is_valid_id(text) else None


def _number(value: Any) -> float | None:
    """Return a number that arithmetic can use.

    JSON's 1e999 is infinite in Python, and its integers have no limit.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and abs(value) < _MAX_NUMBER else None


def _integer(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _time(value: Any) -> datetime | None:
    """Return an ISO 8601 time; without a zone it is UTC.

    Years that not every computer can convert to its own time zone count as none.
    """
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    if not 1970 <= moment.year < 9999:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _assets(value: Any) -> Assets | None:
    if _object(value) is None:
        return None
    tiers = _object(value.get("spzUrls")) or {}
    urls = {tier: url for tier in tiers if _TIER.fullmatch(tier) and (url := _text(tiers[tier]))}
    return _parse(Assets, value, spz_urls=urls)


def _resource(value: Any) -> ResourceRef | None:
    id = _id((_object(value) or {}).get("id"))
    return _parse(ResourceRef, value, id=id) if id else None


def _operation_error(value: Any) -> OperationError | None:
    """Return Mint's texts for the user; `workflowStageLastError` is for Mint's engineers."""
    if _object(value) is None:
        return None
    words = (word.replace("_", " ").strip() for word in _texts(value.get("moderationCategories")))
    return OperationError(
        code=_text(value.get("code")) or "generation_failed",
        message=_text(value.get("message")) or "",
        reason=_text(value.get("failureReason")),
        guidance=_text(value.get("retryGuidance")),
        categories=tuple(filter(None, words)),
    )


_READERS: dict[Any, Callable[[Any], Any]] = {
    "str": lambda value: _text(value) or "",
    "str | None": _text,
    "float | None": _number,
    "int | None": _integer,
    "datetime | None": _time,
    "Json | None": _object,
    "ResourceRef | None": _resource,
    "OperationError | None": _operation_error,
    "Billing | None": lambda value: None if _object(value) is None else _parse(Billing, value),
    "OperationCredits | None": lambda value: (
        None if _object(value) is None else _parse(OperationCredits, value)
    ),
}
"""What reads a member, by the annotation of its field; all other fields are given."""
