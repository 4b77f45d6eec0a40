# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Mint: the model of its rules, with habits and surprises that a seed decides."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from ..mint_model.messages import Request, Response
from ..mint_model.problems import Problem
from ..mint_model.records import DONE, Operation, Resource
from ..mint_model.service import Answer, Call, MintModel, Outcome, Remembered
from .mint_files import HOST, link
from .mint_operations import SimulatedOperations
from .options import DAY, Surprises

REFUSALS = (
    (400, "invalid-request"),
    (402, "insufficient-credits"),
    (403, "forbidden"),
    (404, "not-found"),
    (409, "idempotency-conflict"),
    (422, "validation"),
)
"""A conflict proves neither that something was started nor that nothing was."""
AT_MINT = "at mint.gg"
"""In place of the key of a request: a person has paid there."""
REFUSED_AT_TIMES = 0.1
REPEATED = 0.3
"""How often a page of a list names its own cursor."""
NEVER_REMEMBERED = frozenset({401, 409, 429})
REFERENCES = f"https://{HOST}/references/"


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


class SimulatedMint(MintModel):
    """All API projects of all accounts, behind one or more host names.

    `chance` decides about surprises alone. `approved` is told of each approval that takes effect:
    the request's idempotency key, and the hash of the Preview picture that was approved.
    """

    operations: SimulatedOperations

    def __init__(
        self,
        rng: random.Random,
        habits: Habits,
        surprises: Surprises = Surprises(),
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(SimulatedOperations(rng))
        self._rng = rng
        self._chance = chance or random.Random(0)
        self.habits = habits
        self.surprises = surprises
        self.approved: Callable[[str, str], None] = lambda key, picture: None
        self.calls = 0
        self.operations.price_factor = self.price_factor
        self._busy_until: dict[tuple[str, ...], float] = {}

    def price_factor(self, type: str, at: float) -> float:
        """Return by what the price of an operation is multiplied at a time."""
        is_fixed = type in {"model_optimization", "model_conversion"}
        return 1.0 if is_fixed else self.surprises.price_factor(at)

    def respond(self, request: Request, now: float) -> Response:
        """Carry out a request that has arrived, and return the answer."""
        self.calls += 1
        surprises, habits = self.surprises, self.habits
        self.checks_come_first, self.key_lifetime = (
            surprises.checks_come_first,
            surprises.key_lifetime,
        )
        self.cancels_everything, self.asks_402 = habits.cancels_everything, habits.asks_402
        self.prices = habits.prices
        answer = self.answer(request, now)
        if answer.status < 300:
            in_form(answer.document, surprises)
        cursor = request.query.get("cursor")
        repeats = surprises.lists_repeat and self._chance.random() < REPEATED
        if cursor is not None and repeats and answer.status < 300:
            answer.document["pagination"] = {"nextCursor": cursor, "hasMore": True}
        type = "application/json" if answer.status < 300 else "application/problem+json"
        date = format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)
        headers = {"Content-Type": type, **answer.headers, "Date": date}
        return Response(answer.status, headers, json.dumps(answer.document).encode())

    def hold(self, request: Request, until: float) -> None:
        """Note that a request was received, and is going to be carried out at a time."""
        project = self.project_of(request)
        if project is not None:
            self._busy_until[self.slot(Call(request, project, {}, None))] = until

    def go_on_at_mint(self, resource: str, now: float) -> None:
        """Do what a person does at mint.gg for a resource that waits: approve it, or pay."""
        self.operations.advance(now)
        for operation in list(self.operations.all.values()):
            if operation.resource is None or operation.resource.id != resource:
                continue
            is_preview = operation.status == "preview_ready" and operation.mode == "review"
            if is_preview or operation.status == "billing_required":
                self.operations.begin_final(operation, now, AT_MINT)

    # -- what the contract leaves open

    def address(self, path: str) -> str:
        return link(path, self.now)

    def keep_picture(self, id: str, content: bytes, type: str, body: dict[str, Any]) -> str:
        return f"{REFERENCES}{id}.png"

    def is_public(self, url: str) -> bool:
        return super().is_public(url) and not url.startswith(REFERENCES)

    def scope(self, call: Call) -> str:
        return {
            "person": call.project.user,
            "project": str(id(call.project)),
            "key": call.request.token,
        }[self.surprises.key_scope]

    def check_busy(self, slot: tuple[str, ...]) -> None:
        if self.now < self._busy_until.get(slot, self.now):
            raise Problem("request-in-progress")

    def check_moment(self, call: Call, known: Remembered | None) -> None:
        """Refuse a request for a reason that may be gone at the next try."""
        if not (self.surprises.refuses_at_times and self._chance.random() < REFUSED_AT_TIMES):
            return
        status, slug = self._chance.choice(REFUSALS)
        errors, detail = [], "Not at the moment."
        if call.body and status in {400, 422}:
            path = f"/{self._chance.choice(sorted(call.body))}"
            errors.append({"path": path, "code": "invalid", "message": detail})
        raise Problem(slug, detail, errors=errors)

    def refused(self, slot: tuple[str, ...], body: str, problem: Problem) -> None:
        is_kept = self.surprises.refusals_are_remembered and self.recall(slot) is None
        if is_kept and problem.status not in NEVER_REMEMBERED:
            answer = Answer(problem.status, problem.document(), problem.headers)
            self.remember(slot, body, answer, DAY)

    def is_shown(self, made: Operation | Resource) -> bool:
        return self.now >= made.created + self.surprises.lag(made.id)

    def in_order(self, newest_first: list[Resource]) -> list[Resource]:
        shift = self.surprises.shift
        return sorted(newest_first, key=lambda each: (-each.created - shift(each.id), each.id))

    def on_approve(self, key: str, picture: str) -> None:
        self.approved(key, picture.removesuffix(".webp").rpartition("-")[2])

    def operation_document(self, operation: Operation) -> dict[str, Any]:
        body = super().operation_document(operation)
        if not self.habits.reports_credits:
            del body["credits"]
        return body

    def resource_document(self, resource: Resource) -> dict[str, Any]:
        """Return a Model or World. Its files are there a moment after it has succeeded."""
        body = super().resource_document(resource)
        body["prompt"] = resource.prompt
        if self._is_settling(resource):
            body["assets"] = None
        return body

    def _is_settling(self, resource: Resource) -> bool:
        is_done = resource.status in DONE
        return is_done and self.now < self.operations.settled.get(resource.id, 0.0)

    def _read_resource(self, call: Call) -> Answer:
        answer, found = super()._read_resource(call), self._demand_resource(call)
        if self._is_settling(found) and self._rng.random() < 0.5:
            raise Problem("service-unavailable", "It is settling.")
        return answer

    def _estimate(self, call: Call) -> Answer:
        answer = super()._estimate(call)
        factor = self.price_factor(answer.document["operation"], self.now)
        answer.document["credits"]["estimatedTotal"] *= factor
        return answer

    def _generate(self, call: Call) -> Outcome:
        if self.habits.forgets_pictures:
            before = self.now - 6 * 3600.0
            self.pictures = {url: each for url, each in self.pictures.items() if each.at >= before}
        return super()._generate(call)


TIMES = ("createdAt", "updatedAt", "completedAt", "canceledAt")
EAST = timezone(timedelta(hours=5, minutes=30))


def in_form(body: dict[str, Any], surprises: Surprises) -> None:
    """Give a document the form that it has in this world."""
    if surprises.changes_documents:
        for document in [body, *body.get("data", ())]:
            _change(document, surprises)


def _change(document: dict[str, Any], surprises: Surprises) -> None:
    kind = document.get("object")
    if kind == "world" and surprises.worlds_have_no_prompt:
        document.pop("prompt", None)
    if surprises.prompts_are_normalized and isinstance(document.get("prompt"), str):
        document["prompt"] = normalized(document["prompt"])
    for name in TIMES:
        if isinstance(document.get(name), str):
            document[name] = _time(document[name], surprises.dates)
    if kind == "operation" and surprises.operations_have_no_date:
        document.pop("createdAt", None)


def normalized(prompt: str) -> str:
    """Return a prompt as a careful service may store it."""
    return " ".join(unicodedata.normalize("NFC", prompt).split())


def _time(text: str, form: str) -> str:
    at = datetime.fromisoformat(text)
    if form == "offset":
        return at.astimezone(EAST).isoformat(timespec="microseconds")
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if form == "seconds" else text
