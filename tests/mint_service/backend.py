# SPDX-License-Identifier: GPL-3.0-or-later
"""The service without its network: Mint's rules with options, switches and scripted answers."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..key_search.spellings import KEY_TEXT
from ..mint_model.messages import Request
from ..mint_model.problems import Problem, invalid
from ..mint_model.records import DONE, Animation, Operation, Project, Resource
from ..mint_model.service import Answer, Call, MintModel, Outcome
from . import prompt_words, switches
from .asset_files import API_MARK, AssetFiles, StoredFile
from .asset_generator import AssetGenerator
from .asset_generator.sample_files import SampleFiles
from .asset_generator.tiny_assets import TinyAssetGenerator
from .clock import Clock
from .faults import Fault, Scripted, from_json, from_word
from .options import Options
from .pictures import webp
from .request_log import RequestLog
from .work import Work

OWNER = "0x5a17d1e00000000000000000000000000000beef"
REASONS = {
    "failureClass": "content_policy",
    "failureCode": "MODERATION_TEXT_71",
    "failureReason": "The prompt names a real person.",
    "moderationCategories": ["real_person", "weapons"],
    "retryable": False,
    "retryGuidance": "Describe the figure without a name.",
    "workflowStageLastError": "Traceback: worker 7, gpu node 12: safety_checker raised",
}


class Mint(MintModel):
    """The service without its network. Its lock is held by whoever uses it: `at_work`."""

    def __init__(self, options: Options) -> None:
        self._lock = threading.RLock()
        self.options = options
        self.clock = _clock(options)
        self.generator = _generator(options)
        self.files: dict[str, StoredFile] = {}
        self.asset_files = AssetFiles(self.files, self.generator)
        super().__init__(Work(self.asset_files, lambda: self.options))
        # a key that `tests/key_search` recognizes wherever it should not be
        self.key = f"mint-{KEY_TEXT}-{secrets.token_hex(16)}"
        self.revoked = False
        self.project = Project(OWNER, "", balance=options.credits)
        self.projects = [self.project]
        self.log = RequestLog()
        self.scripted: list[Scripted] = []
        self.files_url = ""  # set when the file host listens
        self.api_url = ""
        self._fired: set[str] = set()
        self._polls: Counter[str] = Counter()
        self._reads: Counter[tuple[str, str]] = Counter()
        self._lagging: dict[str, dict[str, Any]] = {}
        self._take_scenario(options, {"answers", "revoked"})

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Lock the service for the calling thread, and execute all due steps."""
        with self._lock:
            self.operations.advance(self.clock.now())
            yield

    # -- the scenario

    def scenario(self, values: Mapping[str, Any]) -> None:
        """Change options while the service runs."""
        with self.at_work():
            options = self.options.changed(values)
            if options.assets != self.options.assets:
                raise ValueError("assets is chosen at the start")
            self.options = options
            self._take_scenario(options, set(values))
            if "credits" in values:
                added = values["credits"] - self.project.balance
                self.project.balance += added
                self.project.bought += max(0.0, added)
            if "speed" in values or "clock" in values:
                self.clock = _clock(options, self.clock.now())

    def _take_scenario(self, options: Options, changed: set[str]) -> None:
        for names in (options.switches, *(rule["switches"] for rule in options.rules)):
            switches.check(names)
        if "answers" in changed:
            self.scripted += [Scripted.from_json(rule) for rule in options.answers]
        if "revoked" in changed:
            self.revoked = bool(options.revoked)
        self.cancels_everything = options.cancel == "everywhere"
        self.asks_402 = options.insufficient == "402"
        self.operations.limits = dict(options.limits)

    def scripted_fault(self, host: str, method: str, path: str) -> tuple[Fault, str] | None:
        """Return the scenario's response to a request, and when it must be given."""
        with self._lock:
            for rule in self.scripted:
                if rule.takes(host, method, path):
                    fault = from_json(rule.spec, self.options.retry_after)
                    fault.note = fault.note or "scripted"
                    return fault, rule.when
        return None

    # -- what the contract leaves open

    def authorized(self, request: Request) -> str:
        """Whether the request has a key: `none`, `right` or `wrong`."""
        if not request.headers.get("Authorization"):
            return "none"
        return "right" if request.token == self.key and not self.revoked else "wrong"

    def project_of(self, request: Request) -> Project | None:
        return self.project if self.authorized(request) == "right" else None

    def real_time(self) -> float:
        return self.clock.age_now()

    def is_public(self, url: str) -> bool:
        return url.startswith(("https://", f"{self.files_url}/"))

    def keep_picture(self, id: str, content: bytes, type: str, body: dict[str, Any]) -> str:
        content = content or webp(prompt_words.COLORS["gray"])
        name = body.get("name") or body.get("fileName", "reference").rpartition(".")[0]
        ending = {"image/jpeg": "jpg"}.get(type, prompt_words.slug(type.removeprefix("image/")))
        path = f"images/references/{prompt_words.slug(name)}-{id[:16]}.{ending}"
        self.files[path] = StoredFile(path, content, type, "reference")
        return self.address(path)

    # -- files: links with a signature and an end time in the query

    def address(self, path: str) -> str:
        """Return the present link of a file. The API's own address has a mark, and no end.

        Within the first half of a link's lifetime the same link is returned again, so that a client
        that reads twice gets the same address.
        """
        if path.startswith(API_MARK):
            return f"{self.api_url}/downloads/{path.removeprefix(API_MARK)}"
        file = self.files.get(path)
        if file is None or file.role == "reference":
            return f"{self.files_url}/{path}"
        now = self.clock.age_now()
        if now >= file.issued + self.options.links_expire / 2:
            file.issued = now
        expires = f"{file.issued + self.options.links_expire:.3f}"
        return (
            f"{self.files_url}/{path}?expires={expires}&signature={self._signature(path, expires)}"
        )

    def may_download(self, file: StoredFile, query: Mapping[str, str]) -> bool:
        """Return whether a file may be downloaded with this query."""
        expires = query.get("expires", "")
        is_signed = query.get("signature") == self._signature(file.path, expires)
        return file.role == "reference" or (is_signed and self.clock.age_now() < float(expires))

    def _signature(self, path: str, expires: str) -> str:
        return hashlib.sha256(f"{self.key} {path} {expires}".encode()).hexdigest()[:16]

    # -- switches of starts and reads. Raising a Fault replaces the answer.

    def answer(self, request: Request, now: float) -> Answer:
        answer = super().answer(request, now)
        if answer.status not in {429, 503}:
            return answer
        return Answer(answer.status, answer.document, {"Retry-After": self._retry_after})

    @property
    def _retry_after(self) -> str:
        return f"{self.options.retry_after:g}"

    def check_animate(self, call: Call, model: Resource) -> None:
        chosen = self._refuse(call, call.body["motionPrompt"])
        if "not-humanoid" in chosen:
            raise invalid("/modelId", "humanoidRiggable is null", "not_riggable")

    def check_start(self, call: Call) -> None:
        self._refuse(call, call.body["prompt"])

    def _refuse(self, call: Call, words: str) -> list[str]:
        """Refuse a start if a switch in its words says so, and return its switches."""
        body, options = call.body, self.options
        chosen = switches.selected(words, options.switches, options.rules)
        if "no-credits" in chosen:
            raise Problem("insufficient-credits")
        if "forbidden" in chosen:
            raise Problem("forbidden", "This key has no access to the API beta.")
        if "alpha-names" in chosen and "name" in body:
            raise invalid("/name", "is not a known field", "unrecognized_keys")
        for name in chosen:
            if name.startswith("start-") and name != "start-fails":
                self._fail_once(name, f"{name} {call.key}", self._fired)
        return chosen

    def _estimate(self, call: Call) -> Answer:
        model = self._resource(call.project, "model", call.body.get("modelId", ""))
        chosen = model.operation.switches if model is not None and model.operation else ()
        if call.body["operation"] == "model_animation" and "no-motion-price" in chosen:
            raise Problem("not-found", "There is no such price.")
        return super()._estimate(call)

    def wrong_type(self, animation: Animation) -> Problem:
        if "one-clip-404" in animation.operation.switches:
            return Problem("not-found", "There is no such animation.")
        return super().wrong_type(animation)

    def _list_animation(self, call: Call) -> Answer:
        operation = self._animation(call).operation
        self._reads[operation.id, "files"] += 1
        if self._reads[operation.id, "files"] <= 2 and "motion-settling" in operation.switches:
            raise Problem("service-unavailable")
        return super()._list_animation(call)

    def _animation_file(self, call: Call) -> Answer:
        animation = self._animation(call)
        operation = animation.operation
        if "downloads-off" in operation.switches and "downloads-off" not in operation.fired:
            operation.fired.add("downloads-off")
            raise Problem("downloads-disabled", "Downloads are disabled.")
        is_last = call.words["file"] == list(animation.files)[-1]
        if is_last and "partial" in operation.switches:
            raise Problem("not-found", "There is no such file.")
        return super()._animation_file(call)

    def _fail_once(self, name: str, mark: str, fired: set[str]) -> None:
        if mark not in fired:
            fired.add(mark)
            fault = from_word(name.partition("-")[2], self.options.retry_after)
            fault.note = name
            raise fault

    def _once(self, call: Call, handler: Callable[[Call], Outcome]) -> Answer:
        answer = super()._once(call, handler)
        operation = self.operations.all.get(answer.operation)
        chosen = operation.switches if operation is not None else ()
        if (
            operation is not None
            and "lost-answer" in chosen
            and "lost-answer" not in operation.fired
        ):
            operation.fired.add("lost-answer")
            raise Fault(close=True, note="lost-answer")
        return answer

    def _add(self, operation: Operation, before: Operation | None = None) -> Answer:
        answer = super()._add(operation, before)
        self.revoked |= "revoked" in operation.switches
        return answer

    def delay(self, request: Request, answer: Answer) -> float:
        """Return the real seconds that an answer takes: the first one to a start may be slow."""
        operation = self.operations.all.get(answer.operation)
        if operation is None or not request.path.endswith(":generate"):
            return 0.0
        is_slow = "slow-answer" in operation.switches and "slow-answer" not in operation.fired
        operation.fired.add("slow-answer")
        return 2.0 if is_slow else 0.0

    def carry_on(self, operation: Operation, verb: str, call: Call) -> Answer:
        before = self.operation_document(operation)
        answer = super().carry_on(operation, verb, call)
        if "lagging" not in operation.switches or verb == "resume":
            return answer
        self._lagging[operation.id] = before
        return Answer(answer.status, before, answer.headers, answer.operation)

    def _read_operation(self, call: Call) -> Answer:
        operation = self._operation(call)
        chosen = operation.switches
        self._polls[operation.id] += 1
        if self._polls[operation.id] >= 2:
            if "poll-404" in chosen:
                raise Problem("not-found", "There is no such operation.")
            for name in chosen:
                if name.startswith("poll-") and name != "poll-hint":
                    self._fail_once(name, name, operation.fired)
        answer = super()._read_operation(call)
        if operation.id in self._lagging:
            return Answer(200, self._lagging.pop(operation.id), operation=operation.id)
        if "poll-hint" in chosen and operation.status in {"queued", "running"}:
            hint = {"Retry-After": self._retry_after}
            return Answer(200, answer.document, hint, answer.operation)
        return answer

    def _read_resource(self, call: Call) -> Answer:
        answer, found = super()._read_resource(call), self._demand_resource(call)
        maker = found.operation
        if maker is None or maker.ended is None:
            return answer
        self._reads[found.id, maker.id] += 1
        if self._reads[found.id, maker.id] <= 2:
            if "settling" in maker.switches:
                raise Problem("service-unavailable")
            if "incomplete" in maker.switches:
                answer.document.update(status="running", assets=None, assetStage=None)
        return answer

    def operation_document(self, operation: Operation) -> dict[str, Any]:
        body, chosen = super().operation_document(operation), operation.switches
        if not chosen:
            return body
        if "null-status" in chosen and operation.is_generation and operation.status in DONE:
            body["status"] = None
        if "type-word" in chosen:
            body["type"] = "thing"
            body["resource"] = body["resource"] and body["resource"] | {"type": "Thing"}
        if "error" in body and "reasons" in chosen:
            body["error"] = body["error"] | REASONS
        return body

    def resource_document(self, resource: Resource) -> dict[str, Any]:
        body, maker = super().resource_document(resource), resource.operation
        if maker is not None and "null-status" in maker.switches and resource.status in DONE:
            body["status"] = None
        return body


def _clock(options: Options, start: float | None = None) -> Clock:
    return Clock(0.0 if options.clock == "manual" else options.speed, start)


def _generator(options: Options) -> AssetGenerator:
    if options.assets == "tiny":
        return TinyAssetGenerator()
    if options.assets != "real":
        raise ValueError(f"assets is 'tiny' or 'real', not {options.assets!r}")
    return SampleFiles()
