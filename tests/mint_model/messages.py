# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP requests and responses as values, between a front end and the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """A request as it arrives. `path` has no query; `headers` keep their spelling."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        key = f" key {self.idempotency_key[-4:]}" if self.idempotency_key else ""
        words = self.body[:60].decode("latin-1") if ":generate" in self.path else ""
        return f"{self.method} {self.path}{key} {words}"

    @property
    def token(self) -> str:
        """The API key that it carries; empty without one."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def idempotency_key(self) -> str:
        """Its idempotency key; empty without one."""
        return self.headers.get("Idempotency-Key", "")


@dataclass(frozen=True)
class Response:
    """A response."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
