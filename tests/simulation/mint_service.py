# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Mint, written from the contract: routes, API keys, idempotency, answers."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from ..mint_model.messages import Request, Response
from .document_forms import in_form
from .mint_documents import problem
from .mint_handlers import Habits, Handlers, Outcome
from .mint_keys import IdempotencyKeys, Remembered, Slot
from .mint_operations import Project
from .surprises import Surprises

__all__ = ["Habits", "SimulatedMint"]

Handler = Callable[[Request, Project, dict[str, Any], tuple[str, ...]], Outcome]
REFUSALS = (
    (400, "invalid-request"),
    (402, "credits-required"),
    (403, "forbidden"),
    (404, "not-found"),
    (422, "validation"),
)
CONFLICT = ((409, "idempotency-conflict"),)
"""Only for a key that was used."""
AT_MINT = "at mint.gg"
"""In place of the key of a request: a person has paid there."""
REFUSED_AT_TIMES = 0.1


class SimulatedMint(Handlers):
    """All API projects of all accounts, behind one or more host names.

    `chance` decides about surprises alone.
    """

    def __init__(
        self,
        rng: random.Random,
        habits: Habits,
        surprises: Surprises = Surprises(),
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(rng, habits, surprises)
        self._chance = chance or random.Random(0)
        self.projects: list[Project] = []
        self.calls = 0
        self._keys = IdempotencyKeys()
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
        answer = in_form(self._routed(request), self.surprises)
        date = format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)
        return replace(answer, headers={**answer.headers, "Date": date})

    def _routed(self, request: Request) -> Response:
        project = self._project(request)
        if project is None:
            return problem(401, "unauthorized", "This key is not known.")
        path = request.path.removeprefix("/v1/")
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found is not None and method == request.method:
                return self._dispatch(handler, request, project, found.groups())
        return problem(404, "not-found", "There is no such route.")

    def _project(self, request: Request) -> Project | None:
        return next(
            (p for p in self.projects if p.host == request.host and request.token in p.keys), None
        )

    def hold(self, request: Request, until: float) -> None:
        """Note that a request was received, and is going to be carried out at a time."""
        project = self._project(request)
        if project is not None:
            self._keys.hold(self._keys.slot(request, project, self.surprises), until)

    def go_on_at_mint(self, resource: str, now: float) -> None:
        """Do what a person does at mint.gg for a resource that waits: approve it, or pay."""
        self.operations.advance(now)
        for operation in list(self.operations.all.values()):
            if operation.resource is None or operation.resource.id != resource:
                continue
            is_preview = operation.status == "preview_ready" and operation.mode == "review"
            if is_preview or operation.status == "billing_required":
                self.operations.begin_final(operation, now, AT_MINT)

    def _dispatch(
        self, handler: Handler, request: Request, project: Project, words: tuple[str, ...]
    ) -> Response:
        body = json.loads(request.body) if request.body else {}
        is_paid = request.method == "POST" and not request.path.endswith("pricing:estimate")
        if not is_paid:
            return _carried_out(handler(request, project, body, words))
        if not 1 <= len(request.idempotency_key) <= 255:
            return problem(400, "invalid-request", "The Idempotency-Key header is missing.")
        slot = self._keys.slot(request, project, self.surprises)
        text = json.dumps(body, sort_keys=True)
        known = self._keys.recall(slot, self._now)
        if known is not None and known.body != text:
            return problem(409, "idempotency-conflict", "Another body had this key.")
        if self._keys.is_busy(slot, self._now):
            return problem(409, "request-in-progress", "This request is being carried out.")
        if known is not None and (known.refusal or not self.surprises.checks_come_first):
            return self._replay(request, known)
        outcome = self._refusal_of_the_moment(known, body) or handler(request, project, body, words)
        if known is not None and not isinstance(outcome, Response):
            return self._replay(request, known)
        answer = _carried_out(outcome)
        self._remember(slot, text, answer)
        return answer

    def _remember(self, slot: Slot, text: str, answer: Response) -> None:
        if answer.status < 300:
            until = self._now + self.surprises.key_lifetime
            self._keys.remember(slot, text, json.loads(answer.body)["id"], until)
        elif self.surprises.refusals_are_remembered and answer.status not in {401, 409, 429}:
            self._keys.remember_refusal(slot, text, answer, self._now)

    def _refusal_of_the_moment(
        self, known: Remembered | None, body: dict[str, Any]
    ) -> Response | None:
        """Refuse a request for a reason that may be gone at the next try."""
        if not (self.surprises.refuses_at_times and self._chance.random() < REFUSED_AT_TIMES):
            return None
        status, slug = self._chance.choice(REFUSALS + (CONFLICT if known is not None else ()))
        field = self._chance.choice(sorted(body)) if body and status in {400, 422} else ""
        return problem(status, slug, "Not at the moment.", field=field)

    def _replay(self, request: Request, known: Remembered) -> Response:
        if known.refusal is not None:
            return known.refusal
        operation = self.operations.all.get(known.made)
        if operation is None:
            return self._pictures.document(known.made)
        if operation.status == "billing_required" and operation.resource is None:
            # Without a resource, the start itself is repeated after Credits were bought.
            self.operations.begin_preview(operation, self._now, request.idempotency_key)
        return self._accepted(operation)


def _carried_out(outcome: Outcome) -> Response:
    return outcome if isinstance(outcome, Response) else outcome()
