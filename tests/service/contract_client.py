# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain client for these tests that checks every response against the OpenAPI document."""

from __future__ import annotations

import itertools
import re
from typing import Any

import requests
from jsonschema import Draft202012Validator

from tests.mint_model import contract
from tests.mint_service.runner import Service

# The text of mint-api.md allows responses that the OpenAPI document does not list: a bad id in a
# path is a 400 (section 1.4); canceling is a 405 (5.2).
BEYOND_THE_TWIN = {("GET", 400), ("POST", 405)}
WORD_ENUMS = ("status", "type")  # extensible enums: two switches return unknown values on purpose


def templates() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Return the paths of the OpenAPI document as regular expressions."""
    paths = contract.document()["paths"]
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/:]+", re.escape(path))), item)
        for path, item in paths.items()
    ]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node of the OpenAPI document with its reference resolved."""
    while "$ref" in node:
        found: Any = contract.document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def check_against_openapi(
    method: str, path: str, answer: requests.Response, *, words_are_free: bool = False
) -> None:
    """Fail when status, media type, headers or body differ from the OpenAPI document."""
    item = next((item for pattern, item in templates() if pattern.fullmatch(path)), None)
    assert answer.headers["X-Request-Id"], "every answer carries a request id"
    if item is None or method.lower() not in item:
        assert answer.status_code in (401, 404, 405), f"{method} {path}: {answer.status_code}"
        return
    documented = item[method.lower()]["responses"].get(str(answer.status_code))
    if documented is None:
        assert (method, answer.status_code) in BEYOND_THE_TWIN, (
            f"{method} {path}: the twin knows no {answer.status_code}"
        )
        return
    response = resolved(documented)
    for name in response.get("headers", {}):
        if name == "Location" or (name == "Retry-After" and answer.status_code in (429, 503)):
            assert name in answer.headers, f"{method} {path}: no {name}"
    media = answer.headers["Content-Type"].partition(";")[0]
    assert media in response["content"], f"{method} {path}: {media}"
    schema = response["content"][media]["schema"]
    validator = Draft202012Validator(
        {**schema, "components": contract.document()["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    for error in validator.iter_errors(answer.json()):
        if not (
            words_are_free and error.validator == "enum" and error.absolute_path[-1] in WORD_ENUMS
        ):
            raise AssertionError(
                f"{method} {path} {answer.status_code}: {error.message} at {list(error.absolute_path)}"
            )


class ContractClient:
    """Calls the service over one connection.

    With `strict`, each response must follow the OpenAPI document.
    """

    def __init__(
        self, service: Service, *, key: str | None = None, words_are_free: bool = False
    ) -> None:
        self.service = service
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key or service.key}"
        self._keys = (f"test-{number}" for number in itertools.count(1))
        self._free = words_are_free

    def call(
        self, method: str, path: str, *, twin: bool = True, **options: Any
    ) -> requests.Response:
        """Send any request; `path` begins after /v1."""
        answer = self.session.request(
            method, self.service.api + path, timeout=10, allow_redirects=False, **options
        )
        if twin:
            check_against_openapi(
                method, "/v1" + path.partition("?")[0], answer, words_are_free=self._free
            )
        return answer

    def get(self, path: str, **options: Any) -> requests.Response:
        """Send a GET."""
        return self.call("GET", path, **options)

    def post(
        self, path: str, body: Any = None, key: str | None = None, **options: Any
    ) -> requests.Response:
        """Send a POST with a new idempotency key, or with the given one."""
        headers = {"Idempotency-Key": key or next(self._keys), **options.pop("headers", {})}
        return self.call(
            "POST", path, json={} if body is None else body, headers=headers, **options
        )

    def start(
        self, prompt: str, kind: str = "model", *, key: str | None = None, **body: Any
    ) -> dict[str, Any]:
        """Start a generation that must be accepted."""
        answer = self.post(f"/{kind}s:generate", {"prompt": prompt, **body}, key)
        assert answer.status_code == 202, answer.text
        started: dict[str, Any] = answer.json()
        return started

    def operation(self, operation: dict[str, Any] | str) -> dict[str, Any]:
        """Read an operation."""
        name = operation if isinstance(operation, str) else operation["id"]
        answer = self.get(f"/operations/{name}")
        assert answer.status_code == 200, answer.text
        read: dict[str, Any] = answer.json()
        return read

    def until(self, operation: dict[str, Any], *statuses: str) -> dict[str, Any]:
        """Advance the manual clock and poll until the operation has one of the statuses."""
        for _ in range(30):
            read = self.operation(operation)
            if read["status"] in statuses:
                return read
            self.service.advance(20)
        raise AssertionError(f"never {statuses}: {read}")

    def finished(self, prompt: str, kind: str = "model", **body: Any) -> dict[str, Any]:
        """Return an operation that has finished in auto mode."""
        return self.until(
            self.start(prompt, kind, **body),
            "succeeded",
            "partially_succeeded",
            "failed",
            "canceled",
        )
