# SPDX-License-Identifier: GPL-3.0-or-later
"""What a story may want next.

Values only: who fulfills them, when, and on which thread is the worker's business.

`after` is how many seconds to wait first; `until` is the date (seconds since the epoch) up to which
a call that is paid for is repeated by itself. Each want names the type of its answer.
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
from ..job_values import Decision, LocalFile, Role
from ..queries import OptimizationPrice, Price

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Effect(Generic[T_co]):
    """Base of all: T_co is the type of the answer."""


@dataclass(frozen=True)
class TakeSlot(Effect[None]):
    """Answered when fewer generations of this kind are active than Mint allows, and no click has
    come first.

    None: at once, for what takes no place among them.
    """

    kind: Kind | None
    after: float = 0.0


@dataclass(frozen=True)
class Upload(Effect[str]):
    """Bring one local reference picture to Mint; answered with its durable URL.

    `anew`: an address from earlier is not good enough.
    """

    path: str
    key: str
    force: bool = False
    after: float = 0.0


@dataclass(frozen=True)
class Quote(Effect[Estimate]):
    """Ask what something would cost now; an empty estimate where Mint does not tell."""

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
    """Carry out a decision on an operation; a retry goes to the resource (`kind`, `target_id`)
    instead.
    """

    decision: Decision
    kind: Kind
    target_id: str
    until: float | None = field(default=None, compare=False)
    after: float = 0.0


@dataclass(frozen=True)
class Poll(Effect[PollResult]):
    """Look at an operation again."""

    operation_id: str
    after: float = 0.0


@dataclass(frozen=True)
class ReadAsset(Effect[Asset]):
    """Read the finished model or world."""

    kind: Kind
    asset_id: str
    after: float = 0.0


@dataclass(frozen=True)
class ReadPage(Effect[Page]):
    """One page of what this API project has made of a kind, newest first."""

    kind: Kind
    cursor: str | None = None
    after: float = 0.0


@dataclass(frozen=True)
class ReadClaimedAssets(Effect[frozenset[str]]):
    """The ids of the models and worlds that other jobs are about.

    The journal is asked, not Mint.
    """

    after: float = 0.0


@dataclass(frozen=True)
class Optimize(Effect[Operation]):
    """Have a model optimized. A paid operation of its own."""

    model_id: str
    level: OptimizationLevel
    key: str
    until: float | None = field(default=None, compare=False)
    after: float = 0.0


@dataclass(frozen=True)
class Convert(Effect[Operation]):
    """Have a model converted. A paid operation of its own."""

    model_id: str
    formats: tuple[Format, ...]
    key: str
    until: float | None = field(default=None, compare=False)
    after: float = 0.0


@dataclass(frozen=True)
class Fetch(Effect[LocalFile]):
    """Download one file, check it, and answer with what is now on disk.

    With `save_as`, a path without ending, it is the user's file from then on; what lies there
    already is left alone. What is `only_copied` need not be one that is imported here.
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
    """A file that is nice to have: answered at once, with None while it is on its way.

    Asked again, it is there or not.
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
    | Optimize
    | Convert
    | Fetch
    | OptionalFetch
)

READS = Quote | Poll | ReadAsset | ReadPage
"""Calls that start, end and name nothing: nothing is lost with their answer."""


@dataclass(frozen=True)
class Step:
    """What a story yields: the job as it is now, to be committed first, and then what it wants."""

    job: Job
    effect: AnyEffect
