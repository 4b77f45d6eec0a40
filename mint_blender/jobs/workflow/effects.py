# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects: what a workflow wants done next, as plain values.

The engine decides when and on which thread they are performed. `after` are the seconds to wait
first. Each effect names the type of its result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ...mint.schema import Asset, Estimate, Kind, Operation, Page, PollResult
from ..job import Job
from ..job_values import ClaimedAssets, LocalFile, Role
from ..paid_requests.record import PaidRequest, PaidVerb
from ..paid_requests.send import PaidCall, Sent
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
class Pay(Effect[Sent]):
    """Send a paid request, unless that could cost anything a second time."""

    call: PaidCall
    after: float = 0.0


@dataclass(frozen=True)
class Order(Effect[PaidRequest]):
    """Insert the record of another paid request of the job, with the exact body, if known."""

    subject: str
    verb: PaidVerb
    body: str | None = None
    after: float = 0.0


@dataclass(frozen=True)
class Adopt(Effect[PaidRequest | None]):
    """Store that a request in doubt has made this asset; None if another record names it."""

    key: str
    asset_id: str
    after: float = 0.0


@dataclass(frozen=True)
class Close(Effect[PaidRequest | None]):
    """Store that a paid request is over: Mint was asked, and does not show what it has made."""

    key: str
    after: float = 0.0


@dataclass(frozen=True)
class ReadClock(Effect[float]):
    """Read Mint's time, in seconds since the epoch."""

    after: float = 0.0


@dataclass(frozen=True)
class Cancel(Effect[Operation]):
    """Cancel an operation, which is free. Its key is the same for each try."""

    operation_id: str
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
    | Pay
    | Order
    | Adopt
    | Close
    | Cancel
    | ReadClock
    | Poll
    | ReadAsset
    | ReadPage
    | ReadClaimedAssets
    | Fetch
    | OptionalFetch
)

LOCAL = TakeSlot | Fetch | OptionalFetch | ReadClaimedAssets | Order | Adopt | Close
"""Effects that need no call to Mint."""

READS = Quote | Poll | ReadAsset | ReadPage | ReadClock
"""Effects that only read, so that losing their result does no harm."""


@dataclass(frozen=True)
class Step:
    """What a workflow yields: the job as it is now, to be committed first, and an effect."""

    job: Job
    effect: AnyEffect
