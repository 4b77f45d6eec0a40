# SPDX-License-Identifier: GPL-3.0-or-later
"""What each route of the simulated Mint does: it checks a request, and says how to carry it out."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..mint_model.messages import Request, Response
from . import mint_documents as documents
from .mint_documents import problem
from .mint_operations import (
    DONE,
    OPTIMIZATION,
    PREVIEW,
    TOTAL,
    Operation,
    Operations,
    Project,
    Resource,
)
from .mint_pictures import ReferencePictures
from .surprises import Surprises

START_FIELDS = {
    "prompt",
    "name",
    "generationPreset",
    "generationMode",
    "imageUrl",
    "sourceImages",
    "riggingPose",
}
KINDS = {"models": "model", "worlds": "world"}


@dataclass(frozen=True)
class Habits:
    """Where the contract leaves open what Mint does.

    Attributes:
        cancels_everything: Whether an operation can be canceled outside its Preview.
        asks_402: Whether a start without enough Credits is refused instead of stopped.
        forgets_pictures: Whether uploaded pictures are gone after some hours.
        prices: "all"; "totals" without the price of a start; "none": there is no such route.
        reports_credits: Whether operations say what they cost.
    """

    cancels_everything: bool = False
    asks_402: bool = False
    forgets_pictures: bool = False
    prices: str = "all"
    reports_credits: bool = True

    @classmethod
    def of(cls, rng: random.Random) -> Habits:
        """Return habits by chance."""
        chance = rng.random
        return cls(
            cancels_everything=chance() < 0.3,
            asks_402=chance() < 0.5,
            forgets_pictures=chance() < 0.3,
            prices="all" if chance() < 0.7 else rng.choice(["totals", "none"]),
            reports_credits=chance() < 0.85,
        )


Outcome = Response | Callable[[], Response]
"""An answer that changes nothing, or what carries out a request that has passed all checks."""


class Handlers:
    """The routes of Mint. `surprises` are where it differs from what the product expects.

    `on_approve` is told of each approval that takes effect: the request's idempotency key, and the
    hash of the Preview picture that was approved.
    """

    def __init__(self, rng: random.Random, habits: Habits, surprises: Surprises) -> None:
        self._rng = rng
        self.habits = habits
        self.surprises = surprises
        self.operations = Operations(rng)
        self.on_approve: Callable[[str, str], None] = lambda key, picture: None
        self._pictures = ReferencePictures()
        self._now = 0.0

    def _accepted(self, operation: Operation, status: int = 202) -> Response:
        has_credits = self.habits.reports_credits
        body = documents.operation(operation, self._now, has_credits=has_credits)
        return documents.document(status, body, Location=f"/v1/operations/{operation.id}")

    # -- the account

    def _me(self, request: Request, project: Project, body: Any, words: Any) -> Response:
        owner = {"userId": project.user, "email": None}
        authentication = {"type": "api_key", "scopes": []}
        return documents.document(200, {"authentication": authentication, "owner": owner})

    def _usage(self, request: Request, project: Project, body: Any, words: Any) -> Response:
        credits = {"totalAvailable": project.balance}
        members = {"object": "usage", "credits": credits, "subscription": None, "apiUsage": {}}
        return documents.document(200, members)

    def _estimate(self, request: Request, project: Project, body: Any, words: Any) -> Response:
        if self.habits.prices == "none":
            return problem(404, "not-found", "There is no such route.")
        kind = body["operation"].partition("_")[0]
        if body["operation"] == "model_optimization":
            start = total = OPTIMIZATION
        else:
            start, total = PREVIEW, TOTAL[kind, body["generationPreset"]]
        is_full = self.habits.prices == "all"
        credits = {"requiredToStart": start if is_full else None, "estimatedTotal": total}
        members = {"object": "pricing_estimate", "operation": body["operation"]}
        return documents.document(200, {**members, "credits": credits})

    def _reference_image(
        self, request: Request, project: Project, body: Any, words: Any
    ) -> Outcome:
        return lambda: self._pictures.add(self.operations.new_id(), project, body, self._now)

    # -- starting

    def _generate(self, request: Request, project: Project, body: Any, words: Any) -> Outcome:
        kind = KINDS[words[0]]
        if unknown := set(body) - START_FIELDS:
            return problem(400, "invalid-request", f"Unknown fields: {sorted(unknown)}")
        if not 1 <= len(body.get("prompt", "")) <= 8000 or None in body.values():
            return problem(400, "invalid-request", "The prompt is missing or too long.")
        if refusal := self._refused_picture(project, body):
            return refusal
        if self.operations.is_full(project, kind):
            return problem(429, "concurrency-limit-reached", "Too many are active.")
        if self.habits.asks_402 and project.balance < PREVIEW:
            return problem(402, "credits-required", "There are too few Credits.")
        return lambda: self._start(request, project, kind, body)

    def _start(self, request: Request, project: Project, kind: str, body: Any) -> Response:
        operation = Operation(
            self.operations.new_id(),
            f"{kind}_generation",
            project,
            body.get("generationMode", "auto"),
            body["prompt"],
            body.get("generationPreset", "standard"),
            request.idempotency_key,
            self._now,
            name=body.get("name"),
            pictures=tuple(map(self._pictures.content, _urls(body))),
        )
        self.operations.add(operation, self._now)
        return self._accepted(operation)

    def _refused_picture(self, project: Project, body: dict[str, Any]) -> Response | None:
        """Return the complaint about a reference picture that Mint cannot use, or has forgotten."""
        field = "imageUrl" if "imageUrl" in body else "sourceImages"
        if len(_urls(body)) > 8 or ("imageUrl" in body and "sourceImages" in body):
            return problem(400, "invalid-request", "Too many pictures.", field=field)
        if field == "sourceImages" and len(_urls(body)) == 1:
            return problem(400, "invalid-request", "Use imageUrl for one picture.", field=field)
        if self.habits.forgets_pictures:
            self._pictures.forget(self._now - 6 * 3600.0)
        if all(self._pictures.may_use(url, project) for url in _urls(body)):
            return None
        return problem(400, "invalid-request", "This picture cannot be read.", field=field)

    def _own_resource(self, project: Project, kind: str, id: str) -> Resource | None:
        found = self.operations.resources.get(id)
        is_own = found is not None and found.project is project and found.kind == kind
        return found if is_own else None

    def _retry(self, request: Request, project: Project, body: Any, words: Any) -> Outcome:
        kind = KINDS[words[0]]
        found = self._own_resource(project, kind, words[1])
        if found is None:
            return problem(404, "not-found", "There is no such resource.")
        if found.status not in {"failed", "canceled"}:
            return problem(409, "invalid-operation-state", "It has not failed.")
        if self.operations.is_full(project, kind):
            return problem(429, "concurrency-limit-reached", "Too many are active.")
        before = next(
            each
            for each in reversed(self.operations.all.values())
            if each.resource is found and each.is_generation
        )
        return lambda: self._follow_up(f"{kind}_generation", request, before)

    def _follow_up(
        self, type: str, request: Request, before: Operation, formats: tuple[str, ...] = ()
    ) -> Response:
        operation = Operation(
            self.operations.new_id(),
            type,
            before.project,
            before.mode,
            before.prompt,
            before.preset,
            request.idempotency_key,
            self._now,
            resource=before.resource,
            formats=formats,
            is_retry=True,
        )
        if operation.is_generation and operation.resource is not None:
            operation.resource.status = "running"
        self.operations.add(operation, self._now)
        return self._accepted(operation)

    def _maker(self, resource: Resource) -> Operation:
        return next(each for each in self.operations.all.values() if each.resource is resource)

    def _optimize(self, request: Request, project: Project, body: Any, words: Any) -> Outcome:
        found = self._own_resource(project, "model", words[1])
        if found is None:
            return problem(404, "not-found", "There is no such model.")
        if found.optimized:
            return problem(409, "model-already-optimized", "It is optimized already.")
        if any(
            each.resource is found and each.type == "model_optimization" and each.ended is None
            for each in self.operations.all.values()
        ):
            return problem(409, "model-optimization-in-progress", "It is being optimized.")
        return self._paid_follow_up("model_optimization", request, found)

    def _convert(self, request: Request, project: Project, body: Any, words: Any) -> Outcome:
        found = self._own_resource(project, "model", words[1])
        if found is None:
            return problem(404, "not-found", "There is no such model.")
        formats = tuple(body["targetFormats"])
        return self._paid_follow_up("model_conversion", request, found, formats)

    def _paid_follow_up(
        self, type: str, request: Request, found: Resource, formats: tuple[str, ...] = ()
    ) -> Outcome:
        if found.status != "succeeded":
            return problem(409, "invalid-operation-state", "It is not finished.")
        if found.project.balance < OPTIMIZATION:
            return problem(402, "credits-required", "There are too few Credits.")
        return lambda: self._follow_up(type, request, self._maker(found), formats)

    # -- operations and resources

    def _read_operation(
        self, request: Request, project: Project, body: Any, words: Any
    ) -> Response:
        operation = self._own_operation(project, words[0])
        if operation is None or not self._is_shown(operation):
            return _no_operation()
        return self._accepted(operation, 200)

    def _is_shown(self, made: Operation | Resource) -> bool:
        """Return whether something that was made is to be seen yet."""
        return self._now >= made.created + self.surprises.lag(made.id)

    def _own_operation(self, project: Project, id: str) -> Operation | None:
        found = self.operations.all.get(id)
        return found if found is not None and found.project is project else None

    def _act(self, request: Request, project: Project, body: Any, words: Any) -> Outcome:
        operation, verb = self._own_operation(project, words[0]), words[1]
        if operation is None:
            return _no_operation()
        if verb == "cancel":
            return self._cancel(operation)
        wanted = "billing_required" if verb == "resume" else "preview_ready"
        is_waiting = operation.status == wanted and (verb == "resume" or operation.mode == "review")
        if not is_waiting or (operation.resource is None and verb != "resume"):
            return problem(409, "invalid-operation-state", f"It is {operation.status}.")
        if self.operations.is_full(project, operation.kind):
            return problem(429, "concurrency-limit-reached", "Too many are active.")
        return lambda: self._go_on(operation, verb, request.idempotency_key)

    def _go_on(self, operation: Operation, verb: str, key: str) -> Response:
        if verb == "approve" and operation.resource is not None:
            self.on_approve(key, operation.resource.previews[-1])
        if verb == "revise" or (verb == "resume" and operation.stage == "preview"):
            self.operations.begin_preview(operation, self._now, key)
        else:
            self.operations.begin_final(operation, self._now, key)
        return self._accepted(operation)

    def _cancel(self, operation: Operation) -> Outcome:
        if operation.status in DONE or operation.ended is not None:
            return problem(409, "invalid-operation-state", f"It is {operation.status}.")
        if operation.status != "preview_ready" and not self.habits.cancels_everything:
            return problem(405, "not-supported", "It can only be canceled at its Preview.")

        def cancel() -> Response:
            self.operations.cancel(operation, self._now)
            return self._accepted(operation, 200)

        return cancel

    def _read_resource(self, request: Request, project: Project, body: Any, words: Any) -> Response:
        found = self._own_resource(project, KINDS[words[0]], words[1])
        if found is None or not self._is_shown(found):
            return problem(404, "not-found", "There is no such resource.")
        if found.status == "succeeded" and self._now < found.settled and self._rng.random() < 0.5:
            return problem(503, "service-unavailable", "It is settling.")
        return documents.document(200, documents.resource(found, self._now))

    def _list(self, request: Request, project: Project, body: Any, words: Any) -> Response:
        own = [
            each
            for each in self.operations.resources.values()
            if each.project is project and each.kind == KINDS[words[0]] and self._is_shown(each)
        ]
        own.sort(key=lambda each: (-each.created - self.surprises.shift(each.id), each.id))
        start = int(request.query.get("cursor", "0"))
        end = start + int(request.query.get("limit", "20"))
        data = [documents.resource(each, self._now) for each in own[start:end]]
        cursor = str(end) if end < len(own) else None
        pagination = {"nextCursor": cursor, "hasMore": cursor is not None}
        return documents.document(200, {"data": data, "pagination": pagination})


def _urls(body: dict[str, Any]) -> list[str]:
    return [body["imageUrl"]] if "imageUrl" in body else list(body.get("sourceImages", []))


def _no_operation() -> Response:
    return problem(404, "not-found", "There is no such operation.")
