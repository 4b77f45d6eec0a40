# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that a job is made of: decisions, problems, files and the delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .phases import Verb

ABOVE_OWN_LIMIT = "max_credits"
"""`Problem.code` of a job that rests because it would cost more than `Job.max_credits`."""

UNANSWERED = "unanswered"
"""`Problem.code` of a job whose start Mint never answered, and of which nothing is found there."""


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
    message: str
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
