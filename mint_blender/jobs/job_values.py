# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that a job is made of: decisions, problems, files and the delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..files.export_options import TARGETS
from ..message import Message
from .paid_requests.record import PaidVerb
from .phases import Verb

ABOVE_OWN_LIMIT = "max_credits"
"""`Problem.code` of a job paused because it would cost more than `Job.max_credits`."""

UNANSWERED = "unanswered"
LOOKING = "looking"
"""`Problem.code` of a job whose start Mint never answered, and of which nothing is found there."""


@dataclass(frozen=True)
class Candidate:
    """An asset in Mint's list that a paid request without an answer may have made."""

    id: str
    name: str | None = None
    created_at: float = 0.0  # seconds since the epoch
    picture: str | None = None  # path of a small picture of it
    looks_alike: bool = True  # it has the prompt of the job, or the name of a World


@dataclass(frozen=True)
class ClientRequest:
    """What a program has ordered, under an id of its own.

    Attributes:
        id: What the program calls it.
        content: A digest of what was requested.
        quote: The id of the quote that it was started with.
    """

    id: str
    content: str
    quote: str


PAID_VERBS = {
    Verb.APPROVE: PaidVerb.APPROVE,
    Verb.REVISE: PaidVerb.REVISE,
    Verb.RESUME: PaidVerb.RESUME,
}
"""The decisions that have a paid request of their own. A retry is a start; canceling is free."""


@dataclass(frozen=True)
class Decision:
    """A decision of the user about a job that Mint has not confirmed yet.

    `key` is that of its paid request; canceling is free and has none.
    """

    verb: Verb
    key: str = ""
    feedback: str | None = None


ClickPrices = tuple[float | None, float | None]
"""What a click costs in Credits, and the optimization that follows it; None where unknown."""


@dataclass(frozen=True)
class DecidedPreview:
    """The Preview that was approved or revised last.

    Mint may return it once more. `pictures` are the keys of all its pictures until then.
    """

    operation_id: str
    verb: Verb
    pictures: tuple[str, ...] = ()
    updated_at: str | None = None


class Cause(StrEnum):
    """The kind of a problem, which decides the exit status and the help that is offered."""

    KEY = "key"  # missing or refused
    CREDITS = "credits"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # Mint did not accept the request: nothing was started
    WORK = "work"  # the generation itself failed
    FILE = "file"  # a result could not be fetched or is damaged
    # a downloaded result was refused by our own check or could not be imported; its files are kept
    IMPORT = "import"
    PATIENCE = "patience"  # takes longer than usual at Mint; polling continues
    INTERNAL = "internal"  # a bug of ours


class Hold(StrEnum):
    """Why a job is not continued, whatever its phase."""

    FOREIGN = "foreign"  # it belongs to another account, or to another API
    UNKNOWN = "unknown"  # it is not known yet whose API key is in use


@dataclass(frozen=True)
class Problem:
    """Why a job does not continue: a message for the user, and a code of Mint or of ours."""

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
    FBX = "fbx"  # this and the next: formats that a model was converted to
    OBJ = "obj"
    STL = "stl"
    USDZ = "usdz"
    CHARACTER = "character"  # a rigged model
    CLIP = "clip"  # a motion of it, with the model


CONVERTED = frozenset({Role.FBX, Role.OBJ, Role.STL, Role.USDZ})


@dataclass(frozen=True)
class LocalFile:
    """A complete file on disk.

    `note` says why this file was chosen; `needs` are the glTF extensions that it requires.
    `sha256` is empty for a file that an earlier version downloaded.
    """

    role: Role
    path: str
    url: str
    note: str | None = None
    needs: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True)
class Delivery:
    """Where the result goes when it is downloaded: to a place in a scene, or to files."""

    output: str | None = None  # path of the .blend or .glb to write
    render: str | None = None  # path of the picture to render
    render_size: tuple[int, int] | None = None  # of that picture in pixels; None: the default
    render_samples: int | None = None
    render_engine: str | None = None  # cycles or eevee
    at: tuple[float, float, float] | None = None  # location in the scene, in meters
    # Euler angles in radians, of a result that the user has placed with the mouse: it is put
    # exactly at its location
    rotation: tuple[float, float, float] | None = None
    height: float | None = None  # of a model, in meters
    document: str | None = None  # id of the .blend that was open at the click
    scene: str | None = None
    collection: str | None = None  # the name of the one that the result's own one goes into
    replaces: bool = False  # replace an earlier version of the same asset in the scene
    splats: str | None = None  # the tier of splats to fetch; None: no splats
    # how a World's collider is used, as in `scene.world`; NONE: it is not fetched
    collider: str = "AUTO"
    rigid_body: bool = False
    panorama: bool = True  # use it as the scene's World
    camera: bool = True
    folder: str | None = None  # where converted files are saved
    line: str | None = None  # batch and line: a rerun finds the job by it
    motions: tuple[str, ...] = ()  # the words of those whose clips are written with the model
    # what a line of a batch says about itself: names and texts, kept as custom properties
    meta: tuple[tuple[str, str], ...] = ()
    group: str | None = None  # jobs started together: their results are placed side by side
    # the object in whose box a model is fitted, and how; the size of that box at the click, in
    # scene units, for an object that is gone: then `at` and `rotation` are those of the box, too
    block_out: str | None = None
    fit: str = "INSIDE"
    size: tuple[float, float, float] | None = None
    original: str | None = None  # id of the job or asset beside whose result a variation goes
    export: str | None = None  # for which engine a model is exported beside the .blend

    @property
    def export_file(self) -> str | None:
        """The path of the file for an engine; None without one."""
        if self.export is None or self.output is None:
            return None
        return str(Path(self.output).with_suffix(TARGETS[self.export].suffix))

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of the files to write; none for a place in a scene."""
        return tuple(path for path in (self.output, self.render, self.export_file) if path)

    @property
    def has_files(self) -> bool:
        """Whether it names files, and all of them are there."""
        return bool(self.files) and all(Path(path).is_file() for path in self.files)


@dataclass(frozen=True)
class Placement:
    """Where a result was placed last: the names of its objects, and its bounding box in meters."""

    scene: str
    objects: tuple[str, ...] = ()  # the root first
    file: str | None = None  # path of the file that it is in; None for one that was never saved
    # the lowest and the highest corner; None without anything to measure
    low: tuple[float, float, float] | None = None
    high: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class DeliveryResult:
    """What became of a result that was to be placed in a scene or written to files.

    Attributes:
        notes: Notes for the user.
        problem: Why it was not placed or written, as a sentence; None if it was.
        placement: What it became in Blender; None if Mint's own file was copied.
        resolved_codes: The codes of earlier notes that no longer apply.
    """

    notes: tuple[Message, ...] = ()
    problem: Message | None = None
    placement: Placement | None = None
    resolved_codes: tuple[str, ...] = ()
