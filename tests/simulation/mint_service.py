# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Mint, written from the contract: routes, keys, idempotency, limits, answers."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import mint_documents as documents
from .messages import Request, Response
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

KEY_LIFETIME = 24 * 3600.0
"""Seconds for which an idempotency key is remembered (contract, 1.3)."""
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
class _Remembered:
    at: float
    body: str
    operation: str


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


Handler = Callable[[Request, Project, dict[str, Any], tuple[str, ...]], Response]


class SimulatedMint:
    """All API projects of all accounts, behind one or more host names.

    `on_approve` is told of each approval that takes effect: the request's idempotency key, and the
    hash of the Preview picture that was approved.
    """

    def __init__(self, rng: random.Random, habits: Habits) -> None:
        self._rng = rng
        self.habits = habits
        self.operations = Operations(rng)
        self.projects: list[Project] = []
        self.calls = 0
        self.on_approve: Callable[[str, str], None] = lambda key, picture: None
        self._remembered: dict[tuple[str, str, str], _Remembered] = {}
        self._pictures = ReferencePictures()
        self._now = 0.0
        word = r"([A-Za-z0-9_-]+)"
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(pattern), handler)
            for method, pattern, handler in (
                ("GET", "me", self._me),
                ("GET", "usage", self._usage),
                ("POST", "pricing:estimate", self._estimate),
                ("POST", "reference-images", self._reference_image),
                ("POST", "(models|worlds):generate", self._generate),
                ("GET", f"operations/{word}", self._read_operation),
                ("POST", f"operations/{word}:(approve|revise|resume|cancel)", self._act),
                ("GET", "(models|worlds)", self._list),
                ("GET", f"(models|worlds)/{word}", self._read_resource),
                ("POST", f"(models|worlds)/{word}:retry", self._retry),
                ("POST", f"(models)/{word}:optimize", self._optimize),
                ("POST", f"(models)/{word}:convert", self._convert),
            )
        ]

    def answer(self, request: Request, now: float) -> Response:
        """Carry out a request that has arrived, and return the answer."""
        self.calls += 1
        self._now = now
        self.operations.advance(now)
        project = next(
            (p for p in self.projects if p.host == request.host and request.token in p.keys), None
        )
        if project is None:
            return problem(401, "unauthorized", "This key is not known.")
        path = request.path.removeprefix("/v1/")
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found is not None and method == request.method:
                return self._dispatch(handler, request, project, found.groups())
        return problem(404, "not-found", "There is no such route.")

    def go_on_at_mint(self, resource: str, now: float) -> None:
        """Do what a person does at mint.gg for a resource that waits: approve it, or pay."""
        self.operations.advance(now)
        for operation in list(self.operations.all.values()):
            if operation.resource is None or operation.resource.id != resource:
                continue
            is_preview = operation.status == "preview_ready" and operation.mode == "review"
            if is_preview or operation.status == "billing_required":
                self.operations.begin_final(operation, now, "at mint.gg")

    def _dispatch(
        self, handler: Handler, request: Request, project: Project, words: tuple[str, ...]
    ) -> Response:
        body = json.loads(request.body) if request.body else {}
        is_paid = request.method == "POST" and not request.path.endswith("pricing:estimate")
        if not is_paid:
            return handler(request, project, body, words)
        if not 1 <= len(request.idempotency_key) <= 255:
            return problem(400, "invalid-request", "The Idempotency-Key header is missing.")
        slot = project.user, request.path, request.idempotency_key
        text = json.dumps(body, sort_keys=True)
        known = self._remembered.get(slot)
        if known is not None and self._now - known.at < KEY_LIFETIME:
            if known.body != text:
                return problem(409, "idempotency-conflict", "Another body had this key.")
            return self._replay(request, known)
        answer = handler(request, project, body, words)
        if answer.status < 300:
            name = json.loads(answer.body)["id"]
            self._remembered[slot] = _Remembered(self._now, text, name)
        return answer

    def _replay(self, request: Request, known: _Remembered) -> Response:
        operation = self.operations.all.get(known.operation)
        if operation is None:
            return self._pictures.document(known.operation)
        if operation.status == "billing_required" and operation.resource is None:
            # Without a resource, the start itself is repeated after Credits were bought.
            self.operations.begin_preview(operation, self._now, request.idempotency_key)
        return self._accepted(operation)

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
    ) -> Response:
        return self._pictures.add(self.operations.new_id(), project, body, self._now)

    # -- starting

    def _generate(self, request: Request, project: Project, body: Any, words: Any) -> Response:
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

    def _retry(self, request: Request, project: Project, body: Any, words: Any) -> Response:
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
        found.status = "running"
        operation = self._follow_up(f"{kind}_generation", request, before)
        return self._accepted(operation)

    def _follow_up(
        self, type: str, request: Request, before: Operation, formats: tuple[str, ...] = ()
    ) -> Operation:
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
        self.operations.add(operation, self._now)
        return operation

    def _maker(self, resource: Resource) -> Operation:
        return next(each for each in self.operations.all.values() if each.resource is resource)

    def _optimize(self, request: Request, project: Project, body: Any, words: Any) -> Response:
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

    def _convert(self, request: Request, project: Project, body: Any, words: Any) -> Response:
        found = self._own_resource(project, "model", words[1])
        if found is None:
            return problem(404, "not-found", "There is no such model.")
        formats = tuple(body["targetFormats"])
        return self._paid_follow_up("model_conversion", request, found, formats)

    def _paid_follow_up(
        self, type: str, request: Request, found: Resource, formats: tuple[str, ...] = ()
    ) -> Response:
        if found.status != "succeeded":
            return problem(409, "invalid-operation-state", "It is not finished.")
        if found.project.balance < OPTIMIZATION:
            return problem(402, "credits-required", "There are too few Credits.")
        return self._accepted(self._follow_up(type, request, self._maker(found), formats))

    # -- operations and resources

    def _read_operation(
        self, request: Request, project: Project, body: Any, words: Any
    ) -> Response:
        operation = self._own_operation(project, words[0])
        return self._accepted(operation, 200) if operation else _no_operation()

    def _own_operation(self, project: Project, id: str) -> Operation | None:
        found = self.operations.all.get(id)
        return found if found is not None and found.project is project else None

    def _act(self, request: Request, project: Project, body: Any, words: Any) -> Response:
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
        key = request.idempotency_key
        if verb == "approve" and operation.resource is not None:
            self.on_approve(key, operation.resource.previews[-1])
        if verb == "revise" or (verb == "resume" and operation.stage == "preview"):
            self.operations.begin_preview(operation, self._now, key)
        else:
            self.operations.begin_final(operation, self._now, key)
        return self._accepted(operation)

    def _cancel(self, operation: Operation) -> Response:
        if operation.status in DONE or operation.ended is not None:
            return problem(409, "invalid-operation-state", f"It is {operation.status}.")
        if operation.status != "preview_ready" and not self.habits.cancels_everything:
            return problem(405, "not-supported", "It can only be canceled at its Preview.")
        self.operations.cancel(operation, self._now)
        return self._accepted(operation, 200)

    def _read_resource(self, request: Request, project: Project, body: Any, words: Any) -> Response:
        found = self._own_resource(project, KINDS[words[0]], words[1])
        if found is None:
            return problem(404, "not-found", "There is no such resource.")
        if found.status == "succeeded" and self._now < found.settled and self._rng.random() < 0.5:
            return problem(503, "service-unavailable", "It is settling.")
        return documents.document(200, documents.resource(found, self._now))

    def _list(self, request: Request, project: Project, body: Any, words: Any) -> Response:
        own = [
            each
            for each in self.operations.resources.values()
            if each.project is project and each.kind == KINDS[words[0]]
        ]
        own.sort(key=lambda each: (-each.created, each.id))
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
