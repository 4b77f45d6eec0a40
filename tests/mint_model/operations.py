# SPDX-License-Identifier: GPL-3.0-or-later
"""The status machine (section 5 of the contract), and Credits.

Nothing ticks: `advance` lets everything happen that was due. A generation is queued, makes its
Preview, shows it and makes the rest; an optimization, a conversion or a motion has the final stage
alone.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from typing import Any

from .problems import Problem
from .records import BUSY, PREVIEW, Animation, Charge, Operation, Project, Resource, price

LIMIT = 10
"""Generations of a kind that a project may have active."""


class Operations:
    """All operations and resources of Mint, and the ledger.

    Subclasses decide what the contract leaves open: how long a stage lasts, whether it fails, which
    files it makes, and the attributes below.

    Attributes:
        counts_waiting: Whether a Preview that waits for a person counts as active.
        reserves_everything: Whether a start reserves the whole price, and not that of its Preview.
        passes_unread: Whether a Preview passes in auto mode before anybody has read of it.
    """

    counts_waiting = True
    reserves_everything = True
    passes_unread = False

    def __init__(self, new_id: Callable[[], str]) -> None:
        self.new_id = new_id
        self.all: dict[str, Operation] = {}
        self.resources: dict[str, Resource] = {}
        self.animations: dict[str, Animation] = {}
        self.ledger: list[Charge] = []
        self.most_active = 0
        self.limits = {"model": LIMIT, "world": LIMIT}
        self._queue: list[tuple[float, int, Operation]] = []
        self._numbers = itertools.count()

    # -- what a subclass decides

    def lasts(self, operation: Operation, stage: str) -> float:
        """Return the seconds of a stage: queued, preview, revised, shown, final, and those below."""
        raise NotImplementedError

    def fill(self, operation: Operation, stage: str, now: float) -> dict[str, Any]:
        """Return the members of `assets` that a stage adds.

        For a motion, the paths of its files by their ids.
        """
        raise NotImplementedError

    def animation_type(self, operation: Operation) -> str:
        """Return whether a motion makes a batch or a single clip."""
        return "model_animation_batch"

    def failure(self, operation: Operation) -> tuple[str, str] | None:
        """Return the code and the message with which the present stage fails, if it does."""
        return None

    def outcome(self, operation: Operation) -> str:
        """Return the status of an operation that has made its files."""
        return "succeeded"

    def stops(self, operation: Operation, stage: str) -> bool:
        """Return whether it stops for Credits before "start", "preview" or "final" in any case."""
        return False

    def plan(self, operation: Operation, before: Operation | None) -> None:
        """Decide about a new operation, which may follow another one."""

    def running(self, operation: Operation) -> str:
        """Return the word for an operation that leaves the queue."""
        return "running"

    # -- moving on

    def advance(self, now: float) -> None:
        """Let everything happen that was due until now."""
        while self._queue and self._queue[0][0] <= now:
            due, _, operation = heapq.heappop(self._queue)
            if operation.due == due:  # not rescheduled since
                operation.due = math.inf
                self.move(operation, due)

    def _schedule(self, operation: Operation, due: float) -> None:
        operation.due = due
        heapq.heappush(self._queue, (due, next(self._numbers), operation))

    def move(self, operation: Operation, now: float) -> None:
        """End the present stage."""
        if operation.status == "preview_ready":
            if self.passes_unread or operation.seen is not None:
                self.begin_final(operation, now, operation.key)
            return
        operation.updated = now
        if (error := self.failure(operation)) is not None:
            self.fail(operation, now, *error)
        elif operation.status == "queued":
            self._leave_queue(operation, now)
        elif operation.stage == "preview":
            self._show_preview(operation, now)
        else:
            self._finish(operation, now)

    def _leave_queue(self, operation: Operation, now: float) -> None:
        if operation.resource is None:
            operation.resource = self._new_resource(operation, now)
        if operation.is_generation and self.stops(operation, "preview"):
            self._stop(operation)
            return
        operation.status = self.running(operation)
        stage = "preview" if operation.is_generation else operation.follow_up
        self._schedule(operation, now + self.lasts(operation, stage))
        self.mirror(operation)

    def _new_resource(self, operation: Operation, now: float) -> Resource:
        resource = Resource(
            self.new_id(), operation.kind, operation.project, operation.prompt, operation.name, now
        )
        resource.updated, resource.operation = now, operation
        self.resources[resource.id] = resource
        return resource

    def _show_preview(self, operation: Operation, now: float) -> None:
        members = self.fill(operation, "preview", now)
        assert operation.resource is not None
        operation.resource.previews.append(members.get("previewImageUrl", ""))
        operation.assets, operation.seen = members or None, None
        self._finalize(operation, "preview")
        operation.status = "preview_ready"
        if operation.mode == "auto":
            self._schedule(operation, now + self.lasts(operation, "shown"))
        self.mirror(operation)

    def note_read(self, operation: Operation, now: float) -> None:
        """Note that somebody has read of an operation. A Preview that was due passes from now on."""
        if operation.status == "preview_ready" and operation.seen is None:
            operation.seen = now
            if operation.mode == "auto" and operation.due == math.inf:
                self._schedule(operation, now)

    def begin_preview(self, operation: Operation, now: float, key: str) -> None:
        """Begin a Preview, or stop for Credits: the first one, or another after a revision."""
        operation.stage, operation.updated = "preview", now
        is_new = operation.resource is None
        is_stopped = is_new and self.stops(operation, "start")
        if is_stopped or not self.reserve(operation, key, now):
            self._stop(operation)
            return
        operation.status = "queued" if is_new else "running"
        self._schedule(operation, now + self.lasts(operation, "queued" if is_new else "revised"))
        self.mirror(operation)

    def begin_final(self, operation: Operation, now: float, key: str) -> None:
        """Begin the final stage, or stop for Credits."""
        operation.stage, operation.updated = "final", now
        if self.stops(operation, "final") or not self.reserve(operation, key, now):
            self._stop(operation)
            return
        operation.status = "running"
        self._schedule(operation, now + self.lasts(operation, "final"))
        self.mirror(operation)

    def resume(self, operation: Operation, now: float, key: str) -> None:
        """Go on after a stop for Credits."""
        (self.begin_preview if operation.stage == "preview" else self.begin_final)(
            operation, now, key
        )

    def revise(self, operation: Operation, feedback: str, now: float, key: str) -> None:
        """Make another Preview."""
        operation.feedback.append(feedback)
        self.begin_preview(operation, now, key)

    def _finish(self, operation: Operation, now: float) -> None:
        stage = "final" if operation.is_generation else operation.follow_up
        members = self.fill(operation, stage, now)
        resource = operation.resource
        assert resource is not None
        if operation.is_generation:
            operation.assets = members or None
        elif operation.motion is not None:
            type = self.animation_type(operation)
            operation.animation = Animation(self.new_id(), type, operation, members)
            self.animations[operation.animation.id] = operation.animation
        else:
            resource.assets = operation.assets = {**(resource.assets or {}), **members}
            resource.updated = now
        self._finalize(operation)
        self._end(operation, self.outcome(operation), now)

    def fail(self, operation: Operation, now: float, code: str, message: str) -> None:
        """End an operation without a result; what is reserved is released."""
        operation.error = {"code": code, "message": message}
        self._release(operation)
        self._end(operation, "failed", now)

    def cancel(self, operation: Operation, now: float) -> None:
        """Cancel an operation; what is reserved is released."""
        self._release(operation)
        self._end(operation, "canceled", now)

    def _end(self, operation: Operation, status: str, now: float) -> None:
        operation.status, operation.ended, operation.due = status, now, math.inf
        operation.updated = now
        self.mirror(operation)

    def mirror(self, operation: Operation) -> None:
        """Show the state of a generation in its Model or World."""
        resource = operation.resource
        if resource is not None and operation.is_generation:
            resource.status, resource.updated = operation.status, operation.updated
            resource.assets = dict(operation.assets) if operation.assets is not None else None

    # -- Credits

    def to_start(self, type: str, preset: str | None) -> float:
        """Return the Credits that a start reserves."""
        return price(type, preset) if self.reserves_everything else PREVIEW

    def _missing(self, operation: Operation) -> dict[str, float]:
        """Return the Credits that the present stage needs and are not reserved, by stage."""
        if operation.is_generation:
            wanted = {"preview": PREVIEW * (1 + len(operation.feedback))}
            if self.reserves_everything or operation.stage == "final":
                wanted["final"] = operation.price - wanted["preview"]
        else:
            wanted = {operation.type: operation.price}
        for charge in operation.charges:
            if not charge.released:
                wanted[charge.stage] -= charge.credits
        return {stage: credits for stage, credits in wanted.items() if credits > 0}

    def unpaid(self, operation: Operation) -> float:
        """Return the Credits that have to be there for the present stage."""
        held = operation.reserved
        return sum(self._missing(operation).values()) + held

    def reserve(self, operation: Operation, key: str, now: float) -> bool:
        """Reserve Credits for the present stage; return False if the project has too few."""
        missing = self._missing(operation)
        if operation.project.balance < sum(missing.values()):
            return False
        for stage, credits in missing.items():
            operation.project.balance -= credits
            charge = Charge(operation, stage, credits, key, now)
            operation.charges.append(charge)
            self.ledger.append(charge)
        return True

    def _stop(self, operation: Operation) -> None:
        operation.status, operation.due = "billing_required", math.inf
        self.mirror(operation)

    def _finalize(self, operation: Operation, stage: str = "") -> None:
        for charge in operation.charges:
            charge.is_final |= not charge.released and stage in ("", charge.stage)

    def _release(self, operation: Operation) -> None:
        for charge in operation.charges:
            if not charge.is_final and not charge.released:
                charge.released = True
                operation.project.balance += charge.credits

    # -- starting

    def active(self, project: Project, kind: str, but: Operation | None = None) -> int:
        """Return how many generations of this kind are active, perhaps without one of them."""
        return sum(
            each.project is project
            and each is not but
            and each.kind == kind
            and each.is_generation
            and (
                each.status in BUSY
                or (each.status == "preview_ready" and (each.mode == "auto" or self.counts_waiting))
            )
            for each in self.all.values()
        )

    def check_limit(self, project: Project, kind: str, but: Operation | None = None) -> None:
        """Raise Problem if no other generation of this kind may become active."""
        if self.active(project, kind, but) >= self.limits[kind]:
            limit = self.limits[kind]
            raise Problem(
                "concurrency-limit-reached", f"{limit} {kind} generations are active already."
            )

    def add(self, operation: Operation, now: float, before: Operation | None = None) -> None:
        """Begin a new operation, perhaps one that follows another."""
        self.all[operation.id] = operation
        operation.updated = now
        self.plan(operation, before)
        if operation.is_generation:
            if operation.resource is not None:
                operation.resource.operation = operation
            self.begin_preview(operation, now, operation.key)
            active = self.active(operation.project, operation.kind)
            self.most_active = max(self.most_active, active)
        else:
            operation.stage = "final"
            self.reserve(operation, operation.key, now)
            self._schedule(operation, now + self.lasts(operation, "queued"))
