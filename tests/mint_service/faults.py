# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty responses: errors, empty bodies, bodies of a gateway, closed connections."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..mint_model.problems import Problem, for_status

# pages that a gateway returns when it, and not the service, has failed
GATEWAY = (408, 425, 499, 507, *range(520, 531))
HTML = "<!DOCTYPE html><html><head><title>Something is wrong</title></head><body><h1>Please stand by</h1></body></html>"


@dataclass
class Fault(Exception):
    """A response to return instead of the service's own.

    With `close` the connection is closed without a response. With `status` None and without
    `close`, the response is only delayed.
    """

    status: int | None = None
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False
    delay: float = 0.0  # real seconds
    note: str = ""
    problem: Problem | None = None

    def __post_init__(self) -> None:
        super().__init__(self.note)


PROBLEMS = {"429": "rate-limited", "503": "service-unavailable"}
PAGES = {"502": 502, "html": 500, **{str(status): status for status in GATEWAY}}


def from_word(word: str, retry_after: float) -> Fault:
    """Return the fault of a word such as `429` or `html`."""
    if word in PROBLEMS:
        headers = {"Retry-After": f"{retry_after:g}"}
        problem = Problem(PROBLEMS[word], headers=headers)
        return Fault(problem.status, headers=headers, problem=problem)
    if word in PAGES:
        return Fault(PAGES[word], HTML.encode(), "text/html")
    if word == "closed":
        return Fault(close=True)
    raise ValueError(f"unknown fault word {word!r}")


MEMBERS = {
    *("status", "problem", "detail", "headers", "json"),
    *("text", "content_type", "close", "delay", "word"),
}
"""What a scripted answer may say."""


def _check(spec: Mapping[str, Any], known: set[str], what: str) -> None:
    if unknown := sorted(set(spec) - known):
        names = f"{', '.join(unknown)}; known: {', '.join(sorted(known))}"
        raise ValueError(f"unknown member(s) of {what}: {names}")


def from_json(spec: Mapping[str, Any], retry_after: float) -> Fault:
    """Return the fault that a scenario describes."""
    _check(spec, MEMBERS, "an answer")
    fault = from_word(spec["word"], retry_after) if "word" in spec else Fault()
    fault.headers.update(spec.get("headers", {}))
    fault.delay = float(spec.get("delay", 0))
    fault.close = bool(spec.get("close", fault.close))
    if "json" in spec:
        fault.body, fault.content_type = json.dumps(spec["json"]).encode(), "application/json"
    elif "text" in spec:
        fault.body, fault.content_type = spec["text"].encode(), "text/plain; charset=utf-8"
    elif "problem" in spec or (spec.get("status", 0) >= 400):
        fault.problem = Problem(
            spec.get("problem") or for_status(spec["status"]), spec.get("detail")
        )
        fault.problem.status = spec.get("status", fault.problem.status)
    fault.status = spec.get("status", fault.problem.status if fault.problem else fault.status)
    fault.content_type = spec.get("content_type", fault.content_type)
    if fault.status is None and fault.body:
        fault.status = 200
    return fault


@dataclass
class Scripted:
    """A scenario's response to the requests that match it."""

    spec: Mapping[str, Any]
    method: str = "*"
    path: str = "*"
    host: str = "api"
    # "after": the request is executed first, and its response is then replaced
    when: str = "before"
    skip: int = 0
    times: int = 1

    @classmethod
    def from_json(cls, rule: Mapping[str, Any]) -> Scripted:
        """Check and read one entry of `answers`."""
        _check(rule, {"answer", *(each.name for each in fields(cls))} - {"spec"}, "answers")
        from_json(rule["answer"], 1.0)
        values = {name: value for name, value in rule.items() if name != "answer"}
        return cls(**values, spec=rule["answer"])

    def takes(self, host: str, method: str, path: str) -> bool:
        """Return whether the rule applies to this request, and count it."""
        if (
            self.times <= 0
            or self.host != host
            or self.method not in ("*", method)
            or not fnmatch.fnmatchcase(path, self.path)
        ):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True
