# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain client for these tests that checks every response against the OpenAPI document."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import requests
import schemathesis

from tests.mint_model import contract
from tests.mint_service.runner import Service


def is_offered(path: str) -> bool:
    """Whether the service has an address: what the add-on never asks for is left out."""
    return not path.startswith("/v1/assets/")


def twin() -> dict[str, Any]:
    """Return what is offered of the OpenAPI document.

    By the text of mint-api.md, a malformed id in a path is 400 (section 1.4).
    """
    document = copy.deepcopy(contract.document())
    document["paths"] = {path: each for path, each in document["paths"].items() if is_offered(path)}
    for item in document["paths"].values():
        for operation in item.values():
            operation["responses"].setdefault("400", {"$ref": "#/components/responses/BadRequest"})
    return document


SCHEMA = schemathesis.openapi.from_dict(twin())


class ContractClient:
    """Calls the service over one connection."""

    def __init__(self, service: Service, *, key: str | None = None) -> None:
        self.service = service
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key or service.key}"
        self._keys = (f"test-{number}" for number in itertools.count(1))

    def call(
        self, method: str, path: str, *, twin: bool = True, **options: Any
    ) -> requests.Response:
        """Send any request; `path` begins after /v1. With `twin`, its answer is as documented."""
        answer = self.session.request(
            method, self.service.api + path, timeout=10, allow_redirects=False, **options
        )
        assert answer.headers["X-Request-Id"], "every answer carries a request id"
        documented = SCHEMA.find_operation_by_path(method, "/v1" + path.partition("?")[0])
        if documented is None:
            assert not twin or answer.status_code in (401, 404, 405)
        elif twin:
            documented.validate_response(answer)
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
