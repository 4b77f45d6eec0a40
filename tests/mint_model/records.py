# SPDX-License-Identifier: GPL-3.0-or-later
"""What Mint knows: projects, Models and Worlds, operations, and every payment."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

PREVIEW = 150.0
"""Part of each generation's price that its Preview costs, and each revision once more."""
PRICES = {
    ("model_generation", "fast"): 248.0,
    ("model_generation", "standard"): 798.0,
    ("model_generation", "production"): 1998.0,
    ("world_generation", "fast"): 1650.0,
    ("world_generation", "standard"): 1650.0,
    ("world_generation", "production"): 1650.0,
}
"""As in autumn 2026; that of production models is invented, and so is that of conversions."""
FLAT_PRICES = {"model_optimization": 20.0, "model_conversion": 10.0, "model_animation": 250.0}
BUSY = frozenset({"queued", "running", "enchanting"})
ACTIVE = BUSY | {"preview_ready"}
DONE = frozenset({"succeeded", "partially_succeeded"})
ENDED = DONE | {"failed", "canceled"}


def price(type: str, preset: str | None = None) -> float:
    """Return what an operation costs without revisions."""
    flat = FLAT_PRICES.get(type)
    return PRICES[type, preset or "standard"] if flat is None else flat


@dataclass(eq=False)
class Project:
    """An API project of one account: its keys and its Credits. `bought` are those ever added."""

    user: str
    host: str
    keys: set[str] = field(default_factory=set)
    balance: float = 0.0
    bought: float = 0.0


@dataclass(eq=False)
class Resource:
    """A Model or World. `assets` has the members of its document, with paths instead of addresses."""

    id: str
    kind: str
    project: Project
    prompt: str
    name: str | None
    created: float
    status: str = "running"
    updated: float = 0.0
    assets: dict[str, Any] | None = None
    operation: Operation | None = None
    previews: list[str] = field(default_factory=list)
    """The paths of its Preview pictures, oldest first."""


@dataclass(eq=False)
class Animation:
    """What a motion has made: the paths of its files, by their ids at Mint."""

    id: str
    type: str
    operation: Operation
    files: dict[str, str]


@dataclass(eq=False)
class Charge:
    """Credits that were taken for a stage; `released` if the stage failed."""

    operation: Operation
    stage: str
    credits: float
    key: str
    at: float
    is_final: bool = False
    released: bool = False


@dataclass(eq=False)
class Operation:
    """One long-running operation. `due` is when it moves on by itself.

    `seen` is when somebody first read of the present Preview. `switches` are what a front end has
    chosen for it, and `fired` those that have acted and act once.
    """

    id: str
    type: str
    project: Project
    mode: str
    prompt: str
    preset: str
    key: str
    created: float
    status: str = "queued"
    stage: str = "preview"
    due: float = math.inf
    updated: float = 0.0
    ended: float | None = None
    resource: Resource | None = None
    name: str | None = None
    price_factor: float = 1.0
    level: str | None = None
    formats: tuple[str, ...] = ()
    motion: str | None = None
    height: float = 1.7
    animation: Animation | None = None
    pictures: tuple[str, ...] = ()
    feedback: list[str] = field(default_factory=list)
    attempt: int = 1
    seen: float | None = None
    assets: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    charges: list[Charge] = field(default_factory=list)
    switches: tuple[str, ...] = ()
    fired: set[str] = field(default_factory=set)

    @property
    def kind(self) -> str:
        """What it makes or changes: a model or a world."""
        return self.type.partition("_")[0]

    @property
    def follow_up(self) -> str:
        """The stage of what follows a generation: optimize, convert or animate."""
        return "animate" if self.motion is not None else "convert" if self.formats else "optimize"

    @property
    def is_generation(self) -> bool:
        """Whether it makes a new Model or World."""
        return self.type.endswith("_generation")

    @property
    def price(self) -> float:
        """What it costs in all, with its revisions."""
        revisions = len(self.feedback) if self.is_generation else 0
        return self.price_factor * price(self.type, self.preset) + PREVIEW * revisions

    @property
    def reserved(self) -> float:
        """Credits that are held for it."""
        return sum(c.credits for c in self.charges if not (c.is_final or c.released))

    @property
    def paid(self) -> float:
        """Credits that are paid for good."""
        return sum(c.credits for c in self.charges if c.is_final)
