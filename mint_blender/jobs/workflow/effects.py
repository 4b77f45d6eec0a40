# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects: what a workflow wants done next, as plain values.

The engine decides when and on which thread they are performed. `after` are the seconds to wait
first. `until` is the time, in seconds since the epoch, until which a paid call is repeated
automatically. Each effect names the type of its result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ...mint.schema import (
    Asset,
    Estimate,
    Format,
    Kind,
    Operation,
    OptimizationLevel,
    Page,
    PollResult,
)
from ..job import Job
from ..job_values import ClaimedAssets, Decision, LocalFile, Problem, Role
from ..queries import OptimizationPrice, Price

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Effect(Generic[T_co]):
    """Base of all effects; T_co is the type of the result."""


@dataclass(frozen=True)
class TakeSlot(Effect[None]):
    """Wait until fewer generations of this kind are active than Mint allows.

    Decisions of the user come first. A `kind` of None takes no slot and does not wait.
    """

    kind: Kind | None
    after: float = 0.0


@dataclass(frozen=True)
class Upload(Effect[str]):
    """Upload one local reference image to Mint; the result is its permanent URL.

    `force` uploads it even if it was uploaded before.
    """

    path: str
    key: str
    force: bool = False
    after: float = 0.0


@dataclass(frozen=True)
class Quote(Effect[Estimate]):
    """Request the current price; the estimate is empty if Mint returns none."""

    query: Price | OptimizationPrice
    after: float = 0.0


@dataclass(frozen=True)
class Start(Effect[Operation]):
    """Start a generation."""

    kind: Kind
    body: Mapping[str, Any]
    key: str
    until: float | None = field(default=None, compare=False)
    after: float = 0.0


@dataclass(frozen=True)
class SendDecision(Effect[Operation]):
    """Send a decision about an operation.

    `target_id` is the operation; of a retry, the Model or World.
    """

    decision: Decision
    kind: Kind
    target_id: str
    until: float | None = field(default=None, compare=False)
    after: float = 0.0


@dataclass(frozen=True)
class Poll(Effect[PollResult]):
    """Read the current state of an operation."""

    operation_id: str
    after: float = 0.0


@dataclass(frozen=True)
class ReadAsset(Effect[Asset]):
    """Read a Model or World."""

    kind: Kind
    asset_id: str
    after: float = 0.0


@dataclass(frozen=True)
class ReadPage(Effect[Page]):
    """Read a page of the API project's assets of one kind, newest first."""

    kind: Kind
    cursor: str | None = None
    after: float = 0.0


@dataclass(frozen=True)
class ReadClaimedAssets(Effect[ClaimedAssets]):
    """Read from the journal which assets other jobs are about."""

    after: float = 0.0


@dataclass(frozen=True)
class CheckLine(Effect[Problem | None]):
    """Ask the ledger of a batch whether the job's line may be started here; None if it may."""

    after: float = 0.0


@dataclass(frozen=True)
class NoteLine(Effect[Problem | None]):
    """Make sure that the ledger of a batch says that the job's line is sent; None if it does."""

    after: float = 0.0


@dataclass(frozen=True)
class Optimize(Effect[Operation]):
    """Start the optimization of a model, a paid operation of its own."""

    model_id: str
    level: OptimizationLevel
    key: str
    until: float | None = field(default=None, compare=False)
    after: float = 0.0


@dataclass(frozen=True)
class Convert(Effect[Operation]):
    """Start the conversion of a model, a paid operation of its own."""

    model_id: str
    formats: tuple[Format, ...]
    key: str
    until: float | None = field(default=None, compare=False)
    after: float = 0.0


@dataclass(frozen=True)
class Fetch(Effect[LocalFile]):
    """Download and check one file; the result is the file on disk.

    With `save_as`, a path without ending, it becomes the user's own file; existing files are not
    overwritten. A file that is `only_copied` need not be one that Blender can import.
    """

    role: Role
    url: str
    name: str
    note: str | None = None
    save_as: str | None = None
    only_copied: bool = False
    after: float = 0.0


@dataclass(frozen=True)
class OptionalFetch(Effect[LocalFile | None]):
    """Download a file without waiting: the result is None until it is there.

    Perform the same effect again to get the file or the error.
    """

    fetch: Fetch
    after: float = 0.0


AnyEffect = (
    TakeSlot
    | Upload
    | Quote
    | Start
    | SendDecision
    | Poll
    | ReadAsset
    | ReadPage
    | ReadClaimedAssets
    | CheckLine
    | NoteLine
    | Optimize
    | Convert
    | Fetch
    | OptionalFetch
)

LOCAL = TakeSlot | Fetch | OptionalFetch | ReadClaimedAssets | CheckLine | NoteLine
"""Effects that need no call to Mint."""

READS = Quote | Poll | ReadAsset | ReadPage
"""Effects that only read, so that losing their result does no harm."""


@dataclass(frozen=True)
class Step:
    """What a workflow yields: the job as it is now, to be committed first, and an effect."""

    job: Job
    effect: AnyEffect
