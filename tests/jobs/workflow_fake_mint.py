# SPDX-License-Identifier: GPL-3.0-or-later
"""A Mint in memory for the properties of the workflow: it charges once for each idempotency key."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mint_blender.jobs.job_values import Role
from mint_blender.jobs.paid_requests.record import PaidVerb
from mint_blender.jobs.paid_requests.send import PaidCall, Sent
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.workflow.effects import Cancel, Pay, Poll, ReadAsset, ReadPage, Upload
from mint_blender.mint.errors import InvalidResponse, Unreachable, problem_error, read_problem
from mint_blender.mint.schema import Asset, Kind, Mode, Operation, Page, PollResult, Status

from .workflow_harness import FILES, operation, problem

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
OPEN = {"queued", "running", "enchanting", "preview_ready", "billing_required"}


@dataclass
class Work:
    """An operation at Mint."""

    id: str
    status: str = "queued"
    previews: int = 0
    resource: str | None = None
    name: str | None = None
    made: float = 0.0  # seconds since the epoch


class FakeMint:
    """Mint's rules, as far as money and states go.

    Every keyed call acts once for its key, until the key is forgotten.
    """

    def __init__(self, mode: Mode, kind: Kind, alpha: bool) -> None:
        self.mode, self.kind, self.alpha = mode, kind, alpha
        self.works: dict[str, Work] = {}
        self.keys: dict[str, str] = {}  # which operation a spent key stands for
        self.bodies: dict[str, Any] = {}
        self.effects: Counter[str] = Counter()  # how often something was begun or moved for a key
        self.now = LATE

    def ask(self, effect: Any) -> Any:
        """The answer to an effect; raises a MintError."""
        if isinstance(effect, Pay):
            return self._pay(effect.call)
        if isinstance(effect, Cancel):
            return self._act(f"cancel-{effect.operation_id}", "cancel", effect.operation_id)
        if isinstance(effect, Poll):
            return PollResult(self._told(self.works[effect.operation_id]))
        if isinstance(effect, ReadPage):
            return self._list()
        if isinstance(effect, ReadAsset):
            return self._asset(effect.asset_id)
        if isinstance(effect, Upload):
            return f"{FILES}{effect.key}"
        raise AssertionError(effect)

    def forget_keys(self) -> None:
        """What is repeated from now on is carried out once more."""
        self.keys.clear()

    def _list(self) -> Page:
        """What was made, newest first. There are no prompts of Worlds."""
        shown = {work.resource: self._entry(work) for work in self.works.values() if work.resource}
        return Page.from_json(self.kind, {"data": list(reversed(shown.values()))})

    def _asset(self, asset_id: str) -> Asset:
        made = [work for work in self.works.values() if work.resource == asset_id]
        return Asset.from_json(self.kind, self._entry(made[-1]))

    def _entry(self, work: Work) -> dict[str, Any]:
        files = MODEL_FILES if self.kind is Kind.MODEL else WORLD_FILES
        prompt = {"prompt": "a lamp"} if self.kind is Kind.MODEL else {}
        has_files = work.status in {"succeeded", "partially_succeeded"}
        return {
            "id": work.resource,
            "name": work.name,
            "createdAt": datetime.fromtimestamp(work.made, UTC).isoformat(),
            "status": work.status,
            "assets": files if has_files else {},
            **prompt,
        }

    def _pay(self, call: PaidCall) -> Operation | Sent:
        if call.verb is PaidVerb.START:
            return self._start(call)
        if call.is_about_preview:
            shown = self._told(self.works[call.target])
            url = shown.assets.preview_image_url if shown.assets else None
            if shown.status is not Status.PREVIEW_READY or (call.seen and url not in call.seen):
                return Sent(None, shown=shown)
        return self._act(call.key, call.verb.value, call.target)

    def _start(self, effect: PaidCall) -> Operation:
        if "name" in effect.body and self.alpha:
            raise problem(400, field="name")
        if effect.key in self.keys:
            assert self.bodies[effect.key] == effect.body, "a repeated start is the same request"
            work = self.works[self.keys[effect.key]]
            if work.status == "billing_required" and work.resource is None:
                work.status = "queued"  # paid by now
            return self._told(work)
        self.bodies[effect.key] = effect.body
        name = effect.body.get("name") or effect.body.get("displayName")
        return self._told(self._begin(effect.key, None, name))

    def _begin(self, key: str, resource: str | None, name: str | None) -> Work:
        number = len(self.works) + 1
        work = Work(f"op_{number}", resource=resource, name=name, made=self.now)
        self.works[work.id] = work
        self.keys[key] = work.id
        self.effects[key] += 1
        return work

    def _act(self, key: str, verb: str, target: str) -> Operation:
        if key in self.keys:
            return self._told(self.works[self.keys[key]])
        if verb == "retry":
            if any(
                work.resource == target and work.status not in {"failed", "canceled"}
                for work in self.works.values()
            ):
                raise problem(409)
            name = next(work.name for work in self.works.values() if work.resource == target)
            return self._told(self._begin(key, target, name))
        work = self.works[target]
        allowed = {
            "approve": {"preview_ready"},
            "revise": {"preview_ready"},
            "resume": {"billing_required"},
            "cancel": OPEN,
        }[verb]
        if work.status not in allowed:
            raise problem(409)
        self.keys[key] = work.id
        self.effects[key] += 1
        work.status = "canceled" if verb == "cancel" else "running"
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
            work.resource = work.resource or f"res_{work.id}"
        work.previews += to == "preview_ready"

    def decide_elsewhere(self) -> None:
        """A person approves, or buys Credits, at mint.gg."""
        for work in self.works.values():
            if work.status in {"preview_ready", "billing_required"}:
                self.move(work, "running")

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
