# SPDX-License-Identifier: GPL-3.0-or-later
"""A Mint in memory for the properties of the workflow: it charges once for each idempotency key."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from mint_blender.jobs.job_values import Decision, Role
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.effects import (
    Poll,
    ReadAsset,
    ReadPage,
    SendDecision,
    Start,
    Upload,
)
from mint_blender.mint.errors import InvalidResponse, Unreachable, problem_error
from mint_blender.mint.problem_documents import read_problem
from mint_blender.mint.schema import Kind, Mode, Operation, Page, PollResult

from .workflow_harness import FILES, asset, operation, problem

MODEL_FILES = {"glbUrl": f"{FILES}a.glb", "thumbnailUrl": f"{FILES}t.webp"}
WORLD_FILES = {
    "colliderMeshUrl": f"{FILES}c.glb",
    "panoUrl": f"{FILES}p.webp",
    "thumbnailUrl": f"{FILES}t.webp",
}
ROLES = {
    Kind.MODEL: {Role.MODEL, Role.PICTURE},
    Kind.WORLD: {Role.COLLIDER, Role.PANORAMA, Role.PICTURE},
}
RESTS = {Phase.READY, Phase.FAILED, Phase.CANCELED}


# seconds since the epoch: long after the clicks, whose first sends are just before
LATE = 1_000_000.0
MADE_AT = "1970-01-12T13:46:40Z"  # then
OPEN = {"queued", "running", "enchanting", "preview_ready", "billing_required"}


@dataclass
class Work:
    """An operation at Mint."""

    id: str
    status: str = "queued"
    previews: int = 0
    resource: str | None = None


class FakeMint:
    """Mint's rules, as far as money and states go.

    Every keyed call acts once for its key, however often it comes.
    """

    def __init__(self, mode: Mode, kind: Kind, alpha: bool) -> None:
        self.mode, self.kind, self.alpha = mode, kind, alpha
        self.works: dict[str, Work] = {}
        self.keys: dict[str, str] = {}  # which operation a spent key stands for
        self.bodies: dict[str, Any] = {}
        self.effects: Counter[str] = Counter()  # how often something was begun or moved for a key

    def ask(self, effect: Any) -> Any:
        """The answer to an effect; raises a MintError."""
        if isinstance(effect, Start):
            return self._start(effect)
        if isinstance(effect, SendDecision):
            return self._act(effect.decision, effect.target_id)
        if isinstance(effect, Poll):
            return PollResult(self._told(self.works[effect.operation_id]))
        if isinstance(effect, ReadPage):
            return self._list()
        if isinstance(effect, ReadAsset):
            return asset(self.kind, **(MODEL_FILES if self.kind is Kind.MODEL else WORLD_FILES))
        if isinstance(effect, Upload):
            return f"{FILES}{effect.key}"
        raise AssertionError(effect)

    def _list(self) -> Page:
        """What was made, newest first."""
        works = [work for work in self.works.values() if work.resource is not None]
        entries = [
            {"id": work.resource, "prompt": "a lamp", "createdAt": MADE_AT, "status": "succeeded"}
            for work in reversed(works)
        ]
        files = MODEL_FILES if self.kind is Kind.MODEL else WORLD_FILES
        return Page.from_json(self.kind, {"data": [entry | {"assets": files} for entry in entries]})

    def _start(self, effect: Start) -> Operation:
        if "name" in effect.body and self.alpha:
            raise problem(400, field="name")
        if effect.key in self.keys:
            assert self.bodies[effect.key] == effect.body, "a repeated start is the same request"
            work = self.works[self.keys[effect.key]]
            if work.status == "billing_required" and work.resource is None:
                work.status = "queued"  # paid by now
            return self._told(work)
        self.bodies[effect.key] = effect.body
        return self._told(self._begin(effect.key, None))

    def _begin(self, key: str, resource: str | None) -> Work:
        work = Work(f"op_{len(self.works) + 1}", resource=resource)
        self.works[work.id] = work
        self.keys[key] = work.id
        self.effects[key] += 1
        return work

    def _act(self, decision: Decision, target: str) -> Operation:
        if decision.key in self.keys:
            return self._told(self.works[self.keys[decision.key]])
        if decision.verb is Verb.RETRY:
            if any(
                work.resource == target and work.status not in {"failed", "canceled"}
                for work in self.works.values()
            ):
                raise problem(409)
            return self._told(self._begin(decision.key, target))
        work = self.works[target]
        allowed = {
            Verb.APPROVE: {"preview_ready"},
            Verb.REVISE: {"preview_ready"},
            Verb.RESUME: {"billing_required"},
            Verb.CANCEL: OPEN,
        }[decision.verb]
        if work.status not in allowed:
            raise problem(409)
        self.keys[decision.key] = work.id
        self.effects[decision.key] += 1
        work.status = "canceled" if decision.verb is Verb.CANCEL else "running"
        return self._told(work)

    def _told(self, work: Work) -> Operation:
        shown = (
            {"assets": {"previewImageUrl": f"{FILES}{work.id}-{work.previews}.webp"}}
            if work.previews
            else {}
        )
        return operation(
            work.status, self.mode, id=work.id, resource=work.resource, kind=self.kind, **shown
        )

    def move(self, work: Work, to: str) -> None:
        """The clock's part."""
        work.status = to
        if to not in {"queued", "billing_required"}:
            work.resource = work.resource or "res_1"
        work.previews += to == "preview_ready"

    def finish(self) -> None:
        """Everything that runs comes to its next stop quickly, and well."""
        for work in self.works.values():
            if work.status in {"queued", "running", "enchanting"} or (
                work.status == "preview_ready" and self.mode is Mode.AUTO
            ):
                waits = self.mode is Mode.REVIEW and not work.previews
                self.move(work, "preview_ready" if waits else "succeeded")


ERRORS = {
    "network": Unreachable("no route to it"),
    "key": problem(401),
    "503": problem(503),
    "busy": problem(429, "concurrency-limit-reached"),
    "gone": problem(404),
    "not offered": problem(405),
    "524": problem(524),
    "html": problem_error(read_problem(404, None)),
    "portal": InvalidResponse("it is not a JSON object"),
    "conflict": problem(409),
}
