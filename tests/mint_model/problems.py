# SPDX-License-Identifier: GPL-3.0-or-later
"""Problem documents (RFC 9457) as section 1.4 of the contract lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

BASE = "https://api.mint.gg/problems/"

# slug -> (HTTP status, title)
KNOWN: Mapping[str, tuple[int, str]] = {
    "invalid-request": (400, "The request is not valid"),
    "unauthorized": (401, "The API key is missing or not accepted"),
    "insufficient-credits": (402, "Not enough Credits to start"),
    "forbidden": (403, "This key may not do that"),
    "downloads-disabled": (403, "Downloads are disabled for this asset"),
    "not-found": (404, "No such thing in this API project"),
    "method-not-allowed": (405, "This address does not offer that method"),
    "idempotency-conflict": (409, "This idempotency key was already used with other input"),
    "request-in-progress": (409, "The first request with this key is being carried out"),
    "invalid-operation-state": (409, "The operation is not in a state that allows this"),
    "model-already-optimized": (409, "The model is optimized already"),
    "model-optimization-in-progress": (409, "The model is being optimized"),
    "payload-too-large": (413, "The picture is larger than 5 MB"),
    "validation": (422, "The request is not valid"),
    "rate-limited": (429, "Too many requests"),
    "concurrency-limit-reached": (429, "Too many active generations"),
    "internal-error": (500, "Something went wrong on our side"),
    "bad-gateway": (502, "A service behind this one did not answer"),
    "service-unavailable": (503, "Temporarily not available"),
    "gateway-timeout": (504, "A service behind this one took too long"),
}


class Problem(Exception):
    """An error response with all values for its document and headers."""

    def __init__(
        self,
        slug: str,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.slug = slug
        self.status, self.title = KNOWN[slug]
        self.detail = detail or f"{self.title}."
        self.errors = list(errors)
        self.headers = dict(headers or {})
        super().__init__(self.detail)

    def document(self, instance: str | None = None) -> dict[str, Any]:
        """Return the JSON body."""
        body: dict[str, Any] = {
            "type": BASE + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if instance:
            body["instance"] = instance
        if self.errors:
            body["errors"] = self.errors
        return body


def for_status(status: int) -> str:
    """Return the usual slug of an HTTP status."""
    return next((slug for slug, (known, _) in KNOWN.items() if known == status), "internal-error")


def invalid(path: str, message: str, code: str = "invalid") -> Problem:
    """Return a 400 about one member of the request."""
    return Problem(
        "invalid-request",
        f"{path.lstrip('/') or 'body'}: {message}",
        errors=[{"path": path, "code": code, "message": message}],
    )
