# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes of Mint's API: keys, idempotency, and what each request does."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from . import contract, documents
from .messages import Request
from .operations import Operations
from .problems import Problem, invalid
from .records import DONE, ENDED, FLAT_PRICES, Animation, Operation, Project, Resource, price

DAY = 24 * 3600.0
DEFAULT_PAGE, LARGEST_PAGE = 20, 100
LARGEST_PICTURE = 5 * 1024 * 1024
ID = re.compile(r"[A-Za-z0-9_-]+")
FORMATS = ("fbx", "obj", "stl", "usdz")


@dataclass(frozen=True)
class Answer:
    """An answer: a JSON document, and the id of the operation that it is about."""

    status: int
    document: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    operation: str = ""


@dataclass(frozen=True)
class Call:
    """A request that has passed the checks of its form; `words` are those of its path."""

    request: Request
    project: Project
    words: Mapping[str, str]
    body: Any

    @property
    def key(self) -> str:
        """The idempotency key."""
        return self.request.idempotency_key

    @property
    def kind(self) -> str:
        """The kind of resource in the path."""
        return self.words["kinds"].removesuffix("s")


Outcome = Answer | Callable[[], Answer]
"""An answer that changes nothing, or what carries out a request that has passed all checks."""


@dataclass(frozen=True)
class Route:
    """A route. `schema` is that of its body; a call that changes something is `keyed`."""

    method: str
    path: re.Pattern[str]
    handler: str
    schema: str = ""
    keyed: bool = False


def _route(method: str, path: str, handler: str, schema: str = "") -> Route:
    kinds = r"(?P<kinds>models|worlds)"
    pattern = path.replace("{kinds}", kinds).replace("{id}", "(?P<id>[^/:]+)")
    keyed = method == "POST" and path != "pricing:estimate"
    return Route(method, re.compile(f"/v1/{pattern}"), handler, schema, keyed)


ROUTES = (
    _route("GET", "health", "health"),
    _route("GET", "me", "me"),
    _route("GET", "usage", "usage"),
    _route("POST", "pricing:estimate", "estimate", "PricingEstimateRequest"),
    _route("POST", "reference-images", "reference_image", "ReferenceImageRequest"),
    _route("POST", "(?P<kinds>worlds):generate", "generate", "WorldGenerationRequest"),
    _route("POST", "(?P<kinds>models):generate", "generate", "ModelGenerationRequest"),
    _route("GET", "operations/{id}", "read_operation"),
    _route("POST", "operations/{id}:(?P<verb>approve|resume)", "go_on", "EmptyRequest"),
    _route("POST", "operations/{id}:(?P<verb>revise)", "go_on", "ReviseRequest"),
    _route("POST", "operations/{id}:cancel", "cancel", "EmptyRequest"),
    _route("GET", "{kinds}", "list"),
    _route("GET", "{kinds}/{id}", "read_resource"),
    _route("POST", "{kinds}/{id}:retry", "retry", "EmptyRequest"),
    _route("POST", "(?P<kinds>models)/{id}:optimize", "optimize", "OptimizeRequest"),
    _route("POST", "(?P<kinds>models)/{id}:convert", "convert", "ConvertRequest"),
    _route("POST", "(?P<kinds>models)/{id}:animate", "animate", "AnimateRequest"),
    _route("GET", "animations/(?P<type>[a-z_]+)/{id}/artifacts", "list_animation"),
    _route("GET", "animations/(?P<type>[a-z_]+)/{id}/artifacts/(?P<file>[^/:]+)", "animation_file"),
)


@dataclass(frozen=True)
class Remembered:
    """What the first request with a key has come to."""

    until: float
    body: str
    answer: Answer


@dataclass(frozen=True)
class Picture:
    """A reference picture: a hash of its content, whose it is, and when it was uploaded."""

    content: str
    project: Project
    at: float


class MintModel:
    """Mint behind its API. `answer` is all that a front end calls; `now` is the time of a request.

    Subclasses decide what the contract leaves open.

    Attributes:
        cancels_everything: Whether an operation can be canceled outside its Preview.
        asks_402: Whether a start without enough Credits is refused instead of stopped.
        prices: "all"; "totals" without the price of a start; "none": there is no such route.
        key_lifetime: For how many seconds an idempotency key is remembered.
        checks_come_first: Whether a repetition is checked as if it were new before it is looked up.
    """

    cancels_everything = False
    asks_402 = False
    prices = "all"
    key_lifetime = DAY
    checks_come_first = False

    def __init__(self, operations: Operations) -> None:
        self.operations = operations
        self.projects: list[Project] = []
        self.pictures: dict[str, Picture] = {}
        self.now = 0.0
        self._remembered: dict[tuple[str, ...], Remembered] = {}

    # -- what a subclass decides

    def address(self, path: str) -> str:
        """Return the present address of a file."""
        raise NotImplementedError

    def keep_picture(self, id: str, content: bytes, type: str, body: dict[str, Any]) -> str:
        """Keep a reference picture, and return its lasting address."""
        raise NotImplementedError

    def is_public(self, url: str) -> bool:
        """Return whether Mint can load a picture from an address that is none of its own."""
        return url.startswith("https://")

    def real_time(self) -> float:
        """Return the time by which keys are forgotten."""
        return self.now

    def scope(self, call: Call) -> str:
        """Return whose idempotency key it is."""
        return call.project.user

    def is_shown(self, made: Operation | Resource) -> bool:
        """Return whether something that was made is to be seen yet."""
        return True

    def check_moment(self, call: Call, known: Remembered | None) -> None:
        """Raise Problem for a reason that may be gone at the next try."""

    def check_busy(self, slot: tuple[str, ...]) -> None:
        """Raise Problem while a request with this key is being carried out."""

    def check_start(self, call: Call) -> None:
        """Raise Problem if a generation is refused."""

    def check_animate(self, call: Call, model: Resource) -> None:
        """Raise Problem if a motion is refused."""

    def refused(self, slot: tuple[str, ...], body: str, problem: Problem) -> None:
        """Note that a request was refused."""

    def on_approve(self, key: str, picture: str) -> None:
        """Note that an approval takes effect: its key, and the path of the Preview picture."""

    def operation_document(self, operation: Operation) -> dict[str, Any]:
        """Return an operation as it is shown."""
        return documents.operation(operation, self.operations, self.address)

    def resource_document(self, resource: Resource) -> dict[str, Any]:
        """Return a Model or World as it is shown."""
        return documents.resource(resource, self.address)

    def in_order(self, newest_first: list[Resource]) -> list[Resource]:
        """Return the things of a list in the order in which they are shown."""
        return newest_first

    # -- a request

    def answer(self, request: Request, now: float) -> Answer:
        """Carry out a request that has arrived."""
        self.now = now
        self.operations.advance(now)
        try:
            return self._routed(request)
        except Problem as problem:
            document = problem.document(request.path)
            return Answer(problem.status, document, problem.headers)

    def project_of(self, request: Request) -> Project | None:
        """Return the project of the API key of a request."""
        token = request.token
        return next(
            (p for p in self.projects if p.host == request.host and token and token in p.keys), None
        )

    def _routed(self, request: Request) -> Answer:
        fits = [(each, found) for each in ROUTES if (found := each.path.fullmatch(request.path))]
        here = next(
            ((route, found) for route, found in fits if route.method == request.method), None
        )
        project = self.project_of(request)
        if project is None and not (here and here[0].handler == "health"):
            raise Problem("unauthorized", headers={"WWW-Authenticate": "Bearer"})
        if here is None and not fits:
            raise Problem("not-found", "There is nothing at this address.")
        if here is None:
            allowed = ", ".join(sorted({route.method for route, _ in fits}))
            raise Problem("method-not-allowed", headers={"Allow": allowed})
        route, found = here
        words = {name: unquote(word) for name, word in found.groupdict().items()}
        if "id" in words and not ID.fullmatch(words["id"]):
            raise invalid("/id", "is not a valid id", "invalid_format")
        call = Call(request, project or Project("", ""), words, None)
        if route.keyed:
            _check_key(call.key)
        if route.schema:
            call = replace(call, body=_body(route, request))
        handler: Callable[[Call], Outcome] = getattr(self, f"_{route.handler}")
        return self._once(call, handler) if route.keyed else _carried_out(handler(call))

    def slot(self, call: Call) -> tuple[str, ...]:
        """Return what an idempotency key is compared with."""
        return (self.scope(call), call.request.path, call.key)

    def recall(self, slot: tuple[str, ...]) -> Remembered | None:
        """Return what is remembered of a key."""
        known = self._remembered.get(slot)
        return known if known is not None and self.real_time() < known.until else None

    def remember(self, slot: tuple[str, ...], body: str, answer: Answer, lifetime: float) -> None:
        """Remember what a request has come to."""
        self._remembered[slot] = Remembered(self.real_time() + lifetime, body, answer)

    def _once(self, call: Call, handler: Callable[[Call], Outcome]) -> Answer:
        """Carry out a call unless its key is known; then its answer is repeated (1.3)."""
        slot, text = self.slot(call), json.dumps(call.body, sort_keys=True)
        known = self.recall(slot)
        if known is not None and known.body != text:
            raise Problem("idempotency-conflict")
        self.check_busy(slot)
        if known is not None and (known.answer.status >= 300 or not self.checks_come_first):
            return self._replay(call, known.answer)
        try:
            self.check_moment(call, known)
            outcome = handler(call)
        except Problem as problem:
            self.refused(slot, text, problem)
            raise
        if known is not None and not isinstance(outcome, Answer):
            return self._replay(call, known.answer)
        answer = _carried_out(outcome)
        self.remember(slot, text, answer, self.key_lifetime)
        return answer

    def _replay(self, call: Call, known: Answer) -> Answer:
        operation = self.operations.all.get(known.operation)
        if operation is None:
            return known
        if operation.status == "billing_required" and operation.resource is None:
            # Without a resource, the start itself is repeated after Credits were bought.
            self.operations.resume(operation, self.now, call.key)
        return self.accepted(operation, known.status)

    def accepted(self, operation: Operation, status: int = 202) -> Answer:
        """Return the present state of an operation."""
        headers = {"Location": f"/v1/operations/{operation.id}"} if status == 202 else {}
        return Answer(status, self.operation_document(operation), headers, operation.id)

    # -- the account

    def _health(self, call: Call) -> Answer:
        return Answer(200, {"status": "ok"})

    def _me(self, call: Call) -> Answer:
        scopes = ["mint:assets:read", "mint:assets:generate"]
        owner = {"userId": call.project.user, "email": "someone@example.com"}
        return Answer(
            200, {"authentication": {"type": "api_key", "scopes": scopes}, "owner": owner}
        )

    def _usage(self, call: Call) -> Answer:
        project = call.project
        made = [each for each in self.operations.all.values() if each.project is project]
        credits = {
            "totalAvailable": project.balance,
            "included": 0,
            "topUp": project.bought,
            "bonus": 0,
        }
        subscription = {
            "plan": "stand-in",
            "status": "active",
            "currentPeriodEnd": documents.iso(self.now + 30 * DAY),
        }
        totals = {
            "creditsUsed": sum(each.paid for each in made),
            "operations": len(made),
            "worlds": sum(each.type == "world_generation" for each in made),
            "models": sum(each.type == "model_generation" for each in made),
        }
        return Answer(
            200,
            {
                "object": "usage",
                "credits": credits,
                "subscription": subscription,
                "apiUsage": totals,
            },
        )

    def _estimate(self, call: Call) -> Answer:
        if self.prices == "none":
            raise Problem("not-found", "There is nothing at this address.")
        type, preset = call.body["operation"], call.body.get("generationPreset")
        start = total = price(type, preset)
        if type in FLAT_PRICES:
            if "modelId" not in call.body:
                raise invalid("/modelId", "is required", "required")
            if self._resource(call.project, "model", call.body["modelId"]) is None:
                raise invalid("/modelId", "is no model of this API project", "not_found")
        else:
            start = self.operations.to_start(type, preset)
        credits = {
            "requiredToStart": start if self.prices == "all" else None,
            "estimatedTotal": total,
        }
        return Answer(200, {"object": "pricing_estimate", "operation": type, "credits": credits})

    def _reference_image(self, call: Call) -> Outcome:
        """Nothing is downloaded: what lies at another address becomes an empty picture."""
        content, type = b"", "image/webp"
        if "sourceUrl" not in call.body:
            content, type = _uploaded(call.body["base64Data"]), call.body["contentType"]
        elif not call.body["sourceUrl"].startswith("https://"):
            raise invalid("/sourceUrl", "must be a public https address", "invalid_url")
        if not re.fullmatch(r"image/[a-zA-Z0-9.+-]+", type):
            raise invalid("/contentType", "must be a picture", "invalid_type")

        def add() -> Answer:
            id = self.operations.new_id()
            url = self.keep_picture(id, content, type, call.body)
            hash = hashlib.sha256(content).hexdigest()
            self.pictures[url] = Picture(hash, call.project, self.now)
            return Answer(201, {"id": id, "type": "reference_image", "url": url})

        return add

    # -- starting

    def _generate(self, call: Call) -> Outcome:
        body, type = call.body, f"{call.kind}_generation"
        for field_, url in _urls(body):
            self._check_picture(field_, url, call.project)
        self.check_start(call)
        self.operations.check_limit(call.project, call.kind)
        preset = body.get("generationPreset", "standard")
        if self.asks_402:
            _check_credits(call.project, self.operations.to_start(type, preset))

        def start() -> Answer:
            return self._add(
                Operation(
                    self.operations.new_id(),
                    type,
                    call.project,
                    body.get("generationMode", "auto"),
                    body["prompt"],
                    preset,
                    call.key,
                    self.now,
                    name=body.get("name") or body.get("displayName"),
                    pictures=tuple(self._content(url) for _, url in _urls(body)),
                )
            )

        return start

    def _check_picture(self, field_: str, url: str, project: Project) -> None:
        known = self.pictures.get(url)
        is_own = known is not None and known.project is project
        if not (is_own or self.is_public(url)):
            raise invalid(field_, "must be a public https address", "invalid_url")

    def _content(self, url: str) -> str:
        """Return what is behind a URL: the hash of an uploaded picture, or the URL itself."""
        return self.pictures[url].content if url in self.pictures else url

    def _add(self, operation: Operation, before: Operation | None = None) -> Answer:
        self.operations.add(operation, self.now, before)
        return self.accepted(operation)

    def _follow_up(self, call: Call, type: str, resource: Resource, **more: Any) -> Answer:
        before = resource.operation
        assert before is not None
        operation = Operation(
            self.operations.new_id(),
            type,
            call.project,
            before.mode,
            before.prompt,
            before.preset,
            call.key,
            self.now,
            resource=resource,
            name=before.name,
            **more,
        )
        return self._add(operation, before)

    def _retry(self, call: Call) -> Outcome:
        found = self._demand_resource(call)
        if found.status not in {"failed", "canceled"}:
            raise _wrong_state(f"A {found.kind} that is {found.status} needs no new attempt.")
        self.operations.check_limit(call.project, found.kind)
        attempt = found.operation.attempt + 1 if found.operation else 1
        return lambda: self._follow_up(call, f"{found.kind}_generation", found, attempt=attempt)

    def _optimize(self, call: Call) -> Outcome:
        found = self._demand_resource(call)
        if (found.assets or {}).get("optimizedGlbUrl"):
            raise Problem("model-already-optimized")
        if any(
            each.resource is found and each.type == "model_optimization" and each.ended is None
            for each in self.operations.all.values()
        ):
            raise Problem("model-optimization-in-progress")
        level = call.body.get("optimizationLevel", "moderate")
        return self._paid_follow_up(call, "model_optimization", found, level=level)

    def _convert(self, call: Call) -> Outcome:
        found = self._demand_resource(call)
        formats = [name.lower() for name in call.body["targetFormats"]]
        for index, name in enumerate(formats):
            if name not in FORMATS:
                text = f"must be one of {', '.join(FORMATS)}"
                raise invalid(f"/targetFormats/{index}", text, "enum")
        chosen = tuple(dict.fromkeys(formats))
        return self._paid_follow_up(call, "model_conversion", found, formats=chosen)

    def _animate(self, call: Call) -> Outcome:
        found = self._demand_resource(call)
        motion, height = call.body.get("motionPrompt", ""), call.body.get("heightMeters", 1.7)
        if unknown := sorted(call.body.keys() - {"motionPrompt", "heightMeters"}):
            raise invalid(f"/{unknown[0]}", "is not a known field", "unrecognized_keys")
        if not motion.strip():
            raise invalid("/motionPrompt", "is required", "required")
        if not 0.0 < height <= 100.0:
            raise invalid("/heightMeters", "is no height of a character", "out_of_range")
        self.check_animate(call, found)
        return self._paid_follow_up(call, "model_animation", found, motion=motion, height=height)

    def _animation(self, call: Call) -> Animation:
        """Return an animation that is asked for with its right type."""
        found = self.operations.animations.get(call.words["id"])
        if found is None or found.operation.project is not call.project:
            raise Problem("not-found", "There is no such animation.")
        if found.type != call.words["type"]:
            raise self.wrong_type(found)
        return found

    def wrong_type(self, animation: Animation) -> Problem:
        """Return how an animation is refused whose type is another one."""
        return invalid("/targetType", f"is {animation.type}", "wrong_type")

    def _list_animation(self, call: Call) -> Answer:
        found = self._animation(call)
        data = [documents.animation_file(id, path) for id, path in found.files.items()]
        return Answer(200, {"object": "list", "data": data})

    def _animation_file(self, call: Call) -> Answer:
        found = self._animation(call)
        path = found.files.get(call.words["file"])
        if path is None:
            raise Problem("not-found", "There is no such file.")
        document = documents.animation_file(call.words["file"], path)
        return Answer(200, {**document, "downloadUrl": self.address(path)})

    def _paid_follow_up(self, call: Call, type: str, found: Resource, **more: Any) -> Outcome:
        if found.status not in DONE:
            raise _wrong_state(f"The model is {found.status}: there is nothing to work on.")
        _check_credits(call.project, price(type))
        feedback = list(found.operation.feedback) if found.operation else []
        return lambda: self._follow_up(call, type, found, feedback=feedback, **more)

    # -- operations and resources

    def _operation(self, call: Call) -> Operation:
        found = self.operations.all.get(call.words["id"])
        if found is None or found.project is not call.project:
            raise Problem("not-found", "There is no such operation.")
        return found

    def _read_operation(self, call: Call) -> Answer:
        operation = self._operation(call)
        if not self.is_shown(operation):
            raise Problem("not-found", "There is no such operation.")
        answer = self.accepted(operation, 200)
        self.operations.note_read(operation, self.now)
        return answer

    def _go_on(self, call: Call) -> Outcome:
        operation, verb = self._operation(call), call.words["verb"]
        wanted = "billing_required" if verb == "resume" else "preview_ready"
        if operation.status != wanted or operation.resource is None:
            raise _wrong_state(f"An operation that is {operation.status} cannot go on like that.")
        self.operations.check_limit(call.project, operation.kind, but=operation)
        return lambda: self.carry_on(operation, verb, call)

    def carry_on(self, operation: Operation, verb: str, call: Call) -> Answer:
        """Approve, revise or resume an operation that waits for it."""
        if verb == "approve":
            assert operation.resource is not None
            self.on_approve(call.key, operation.resource.previews[-1])
            self.operations.begin_final(operation, self.now, call.key)
        elif verb == "revise":
            self.operations.revise(operation, call.body["feedback"], self.now, call.key)
        else:
            self.operations.resume(operation, self.now, call.key)
        return self.accepted(operation)

    def _cancel(self, call: Call) -> Outcome:
        operation = self._operation(call)
        if operation.status in ENDED:
            raise _wrong_state(f"An operation that is {operation.status} cannot be canceled.")
        if operation.status != "preview_ready" and not self.cancels_everything:
            text = "Only what waits at its Preview can be canceled."
            raise Problem("method-not-allowed", text, headers={"Allow": "GET"})

        def cancel() -> Answer:
            self.operations.cancel(operation, self.now)
            return self.accepted(operation, 200)

        return cancel

    def _resource(self, project: Project, kind: str, id: str) -> Resource | None:
        found = self.operations.resources.get(id)
        is_own = found is not None and found.project is project and found.kind == kind
        return found if is_own else None

    def _demand_resource(self, call: Call) -> Resource:
        found = self._resource(call.project, call.kind, call.words["id"])
        if found is None:
            raise Problem("not-found", f"There is no such {call.kind}.")
        return found

    def _read_resource(self, call: Call) -> Answer:
        found = self._demand_resource(call)
        if not self.is_shown(found):
            raise Problem("not-found", f"There is no such {found.kind}.")
        document = self.resource_document(found)
        if found.operation is not None:
            self.operations.note_read(found.operation, self.now)
        return Answer(200, document)

    def _list(self, call: Call) -> Answer:
        """Return a page. Its cursor names the last thing, so that new ones do not shift the pages."""
        query = call.request.query
        limit = _limit(query.get("limit"))
        own = self.in_order(
            [
                each
                for each in reversed(self.operations.resources.values())
                if each.project is call.project and each.kind == call.kind and self.is_shown(each)
            ]
        )
        start = 0
        if "cursor" in query:
            places = [i for i, each in enumerate(own) if query["cursor"] == _cursor(each)]
            if not places:
                raise invalid("/cursor", "is not a cursor of this list", "invalid_cursor")
            start = places[0] + 1
        page = own[start : start + limit]
        has_more = start + limit < len(own)
        pagination = {"nextCursor": _cursor(page[-1]) if has_more else None, "hasMore": has_more}
        data = [self.resource_document(each) for each in page]
        return Answer(200, {"data": data, "pagination": pagination})


def _carried_out(outcome: Outcome) -> Answer:
    return outcome if isinstance(outcome, Answer) else outcome()


def _check_key(key: str) -> None:
    if not key:
        raise invalid("/Idempotency-Key", "the header is required on this call", "required")
    if len(key) > 255:
        raise invalid("/Idempotency-Key", "must have at most 255 characters", "too_big")


def _body(route: Route, request: Request) -> Any:
    if not request.body:
        if route.schema != "EmptyRequest":
            raise invalid("", "a JSON body is required", "required")
        return {}
    type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if type != "application/json":
        raise invalid("", "the body must be application/json", "invalid_type")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise invalid("", "is not JSON", "invalid_json") from error
    contract.check(route.schema, request.body)
    return body


def _uploaded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise invalid("/base64Data", "is not base64", "invalid_base64") from error
    if not content:
        raise invalid("/base64Data", "is empty", "too_small")
    if len(content) > LARGEST_PICTURE:
        raise Problem("payload-too-large")
    return content


def _urls(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the addresses of reference pictures, each with its place in the body."""
    found = [(f"/{name}", body[name]) for name in ("imageUrl", "sourceUrl") if name in body]
    images = body.get("sourceImages", [])
    return found + [(f"/sourceImages/{index}", url) for index, url in enumerate(images)]


def _check_credits(project: Project, credits: float) -> None:
    if project.balance < credits:
        raise Problem(
            "insufficient-credits",
            f"{credits:g} Credits are needed, {project.balance:g} are available.",
        )


def _wrong_state(text: str) -> Problem:
    return Problem("invalid-operation-state", text)


def _cursor(resource: Resource) -> str:
    return base64.urlsafe_b64encode(resource.id.encode()).decode()


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= LARGEST_PAGE:
        raise invalid("/limit", f"must be a whole number from 1 to {LARGEST_PAGE}", "out_of_range")
    return int(text)
