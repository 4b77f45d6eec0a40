# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's operations: how they move on, what they cost, and the ledger of every payment.

Written from the contract (`mint-api.md`, sections 4 to 8), not from the client.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
import string
from dataclasses import dataclass, field

LIMIT = 10
"""Generations of a kind that a project may have active."""
PREVIEW = 150.0
TOTAL = {
    ("model", "fast"): 248.0,
    ("model", "standard"): 798.0,
    ("model", "production"): 1198.0,
    ("world", "fast"): 1650.0,
    ("world", "standard"): 1650.0,
    ("world", "production"): 1650.0,
}
OPTIMIZATION = 20.0
CONVERSION = 10.0
TIERS = ("100k", "500k", "full_res")
BUSY = frozenset({"queued", "running", "enchanting"})
DONE = frozenset({"succeeded", "partially_succeeded"})
ENDED = DONE | {"failed", "canceled"}


@dataclass
class Project:
    """An API project of one account: its keys and its Credits."""

    user: str
    host: str
    keys: set[str] = field(default_factory=set)
    balance: float = 0.0


@dataclass
class Resource:
    """A Model or World.

    `previews` are the hashes of its Preview pictures, oldest first; `tiers` name its splats.
    """

    id: str
    kind: str
    project: Project
    prompt: str
    name: str | None
    created: float
    status: str = "running"
    updated: float = 0.0
    settled: float = 0.0
    hash: str = ""
    previews: list[str] = field(default_factory=list)
    is_partial: bool = False
    optimized: bool = False
    formats: set[str] = field(default_factory=set)
    tiers: tuple[str, ...] = ()


@dataclass
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
    """One long-running operation. `due` is when it moves on by itself."""

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
    formats: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    is_retry: bool = False
    outcome: str = "succeeded"
    fails_early: bool = False
    charges: list[Charge] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What it makes or changes: a model or a world."""
        return self.type.partition("_")[0]

    @property
    def is_generation(self) -> bool:
        """Whether it makes a new Model or World."""
        return self.type.endswith("_generation")

    @property
    def reserved(self) -> float:
        """Credits that are held for the running stage."""
        return sum(c.credits for c in self.charges if not (c.is_final or c.released))

    @property
    def paid(self) -> float:
        """Credits that are paid for good."""
        return sum(c.credits for c in self.charges if c.is_final)


class Operations:
    """All operations and resources of Mint, and the ledger."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.all: dict[str, Operation] = {}
        self.resources: dict[str, Resource] = {}
        self.ledger: list[Charge] = []
        self.most_active = 0
        self.enforces_limit = True
        self._queue: list[tuple[float, int, Operation]] = []
        self._numbers = itertools.count()

    def new_id(self) -> str:
        """Return an opaque id, without a prefix, as the live service has them."""
        return "".join(self._rng.choices(string.ascii_lowercase + string.digits, k=32))

    # -- moving on

    def advance(self, now: float) -> None:
        """Let everything happen that was due until now."""
        while self._queue and self._queue[0][0] <= now:
            due, _, operation = heapq.heappop(self._queue)
            if operation.due == due:  # not rescheduled since
                self._move(operation, due)

    def _schedule(self, operation: Operation, due: float) -> None:
        operation.due = due
        heapq.heappush(self._queue, (due, next(self._numbers), operation))

    def _move(self, operation: Operation, now: float) -> None:
        operation.updated = now
        operation.due = math.inf
        if operation.status == "queued":
            self._begin_stage(operation, now)
        elif operation.status == "preview_ready":
            self.begin_final(operation, now, operation.key)
        elif operation.stage == "preview" and operation.is_generation:
            self._show_preview(operation, now)
        else:
            self._end(operation, now)

    def _begin_stage(self, operation: Operation, now: float) -> None:
        if operation.resource is None:
            operation.resource = self._new_resource(operation, now)
        operation.status = "enchanting" if self._rng.random() < 0.05 else "running"
        self._schedule(operation, now + self._duration(5.0, 40.0))

    def _new_resource(self, operation: Operation, now: float) -> Resource:
        resource = Resource(
            self.new_id(), operation.kind, operation.project, operation.prompt, operation.name, now
        )
        resource.updated = now
        self.resources[resource.id] = resource
        return resource

    def _show_preview(self, operation: Operation, now: float) -> None:
        if operation.fails_early:
            self._fail(operation, now)
            return
        self._finalize(operation)
        resource = operation.resource
        assert resource is not None
        resource.previews.append(f"{self._rng.getrandbits(64):016x}")
        operation.status, resource.status = "preview_ready", "preview_ready"
        if operation.mode == "auto":
            self._schedule(operation, now + self._rng.uniform(2.0, 30.0))

    def begin_final(self, operation: Operation, now: float, key: str) -> None:
        """Begin the final stage, or stop for Credits."""
        operation.stage, operation.updated = "final", now
        price = TOTAL[operation.kind, operation.preset] - PREVIEW
        if not self.charge(operation, "final", price, key, now):
            operation.status, operation.due = "billing_required", math.inf
            return
        operation.status = "running"
        self._schedule(operation, now + self._duration(10.0, 80.0))

    def begin_preview(self, operation: Operation, now: float, key: str) -> None:
        """Begin a Preview, or stop for Credits: the first one, or another after a revision."""
        operation.stage, operation.updated = "preview", now
        if not self.charge(operation, "preview", PREVIEW, key, now):
            operation.status, operation.due = "billing_required", math.inf
            return
        operation.status = "queued" if operation.resource is None else "running"
        self._schedule(operation, now + self._duration(1.0, 10.0))

    def _end(self, operation: Operation, now: float) -> None:
        resource = operation.resource
        assert resource is not None
        if operation.outcome == "failed":
            self._fail(operation, now)
            return
        self._finalize(operation)
        operation.status, operation.ended = operation.outcome, now
        if operation.is_generation:
            resource.status, resource.settled = "succeeded", now + self._rng.choice([0.0, 0.0, 5.0])
            resource.hash = f"{self._rng.getrandbits(64):016x}"
            resource.is_partial = operation.outcome == "partially_succeeded"
            most = 0 if resource.is_partial else self._rng.choice([0, 2, 3])
            resource.tiers = TIERS[:most] if resource.kind == "world" else ()
        resource.optimized |= operation.type == "model_optimization"
        resource.formats |= set(operation.formats)
        resource.updated = now

    def _fail(self, operation: Operation, now: float) -> None:
        operation.status, operation.ended = "failed", now
        if operation.is_generation and operation.resource is not None:
            operation.resource.status, operation.resource.updated = "failed", now
        self._release(operation)

    def cancel(self, operation: Operation, now: float) -> None:
        """Cancel an operation; what is reserved is released."""
        operation.status, operation.ended, operation.due = "canceled", now, math.inf
        operation.updated = now
        if operation.is_generation and operation.resource is not None:
            operation.resource.status = "canceled"
        self._release(operation)

    def _duration(self, least: float, most: float) -> float:
        chance = self._rng.random()
        if chance < 0.0003:
            return self._rng.uniform(13.0, 30.0) * 3600.0
        if chance < 0.006:
            return self._rng.uniform(31.0, 60.0) * 60.0
        return self._rng.uniform(least, most)

    # -- Credits

    def charge(
        self, operation: Operation, stage: str, credits: float, key: str, now: float
    ) -> bool:
        """Reserve Credits for a stage; return False if the project has too few."""
        if operation.project.balance < credits:
            return False
        operation.project.balance -= credits
        charge = Charge(operation, stage, credits, key, now)
        operation.charges.append(charge)
        self.ledger.append(charge)
        return True

    def _finalize(self, operation: Operation) -> None:
        for charge in operation.charges:
            charge.is_final |= not charge.released

    def _release(self, operation: Operation) -> None:
        for charge in operation.charges:
            if not charge.is_final and not charge.released:
                charge.released = True
                operation.project.balance += charge.credits

    # -- starting

    def active(self, project: Project, kind: str) -> int:
        """Return how many generations of this kind are active."""
        return sum(
            each.project is project
            and each.kind == kind
            and each.is_generation
            and (each.status in BUSY or (each.status == "preview_ready" and each.mode == "auto"))
            for each in self.all.values()
        )

    def is_full(self, project: Project, kind: str) -> bool:
        """Return whether no other generation of this kind may become active."""
        return self.enforces_limit and self.active(project, kind) >= LIMIT

    def add(self, operation: Operation, now: float) -> None:
        """Begin a new operation."""
        self.all[operation.id] = operation
        operation.outcome = self._outcome(operation)
        operation.fails_early = operation.outcome == "failed" and self._rng.random() < 0.5
        if operation.is_generation:
            self.begin_preview(operation, now, operation.key)
            active = self.active(operation.project, operation.kind)
            self.most_active = max(self.most_active, active)
        else:
            price = OPTIMIZATION if operation.type == "model_optimization" else CONVERSION
            self.charge(operation, operation.type, price, operation.key, now)
            operation.stage = "final"
            self._schedule(operation, now + self._rng.uniform(1.0, 10.0))

    def _outcome(self, operation: Operation) -> str:
        chance = self._rng.random()
        if chance < 0.1:
            return "failed"
        is_partial = chance < 0.15 and operation.type == "world_generation"
        return "partially_succeeded" if is_partial else "succeeded"
