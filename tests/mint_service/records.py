# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored records of the service, which can be converted to JSON and back."""

from __future__ import annotations

import secrets
import string
from dataclasses import asdict, dataclass, field
from typing import Any

ALPHABET = string.ascii_lowercase + string.digits
TERMINAL = frozenset({"succeeded", "partially_succeeded", "failed", "canceled"})
# the statuses that count against the concurrency limit
ACTIVE = frozenset({"queued", "running", "preview_ready"})


def new_id() -> str:
    """Return 32 lower-case letters and digits without a prefix, as in the live service."""
    return "".join(secrets.choice(ALPHABET) for _ in range(32))


@dataclass
class Operation:
    """A long-running operation; `stage` is internal, `status` is returned to the client."""

    id: str
    type: str
    mode: str
    prompt: str
    created: float
    updated: float
    due: float  # service time at which the current stage may end
    status: str = "queued"
    stage: str = "queued"  # queued, preview, shown, final, done
    preset: str | None = None
    kind: str = "model"  # kind of the resource
    resource: str | None = None
    name: str | None = None
    switches: list[str] = field(default_factory=list)
    attempt: int = 1
    feedback: list[str] = field(default_factory=list)
    seen: float | None = None  # when the current Preview was first read
    polls: int = 0
    fired: list[str] = field(default_factory=list)  # switches that act once and have acted
    price: float = 0
    reserved: float = 0
    finalized: float = 0
    preview_spent: float = 0  # the part of it that was spent for Previews
    # members from before an action that the next read still returns
    lag: dict[str, Any] | None = None
    billing: dict[str, Any] | None = None
    paid_before: float = 0  # all Credits ever added until it stopped for billing
    error: dict[str, str] | None = None
    level: str | None = None
    formats: list[str] = field(default_factory=list)
    assets: dict[str, Any] | None = None
    completed: float | None = None
    canceled: float | None = None

    @property
    def generates(self) -> bool:
        """Whether it makes a new model or World, which the concurrency limit counts."""
        return self.type.endswith("_generation")

    @property
    def description(self) -> str:
        """The prompt with every revision, which the picture and the result must follow."""
        return "\n".join([self.prompt, *self.feedback])


@dataclass
class Resource:
    """A model or a World."""

    id: str
    kind: str
    name: str | None
    prompt: str
    created: float
    updated: float
    status: str = "running"
    stage: str | None = None
    assets: dict[str, Any] | None = None
    last_error: str | None = None
    workflow: str | None = None
    preset: str = "standard"
    mode: str = "auto"
    attempts: int = 1
    switches: list[str] = field(default_factory=list)
    finished: float | None = None
    reads: int = 0  # since it was finished
    feedback: list[str] = field(default_factory=list)


@dataclass
class StoredFile:
    """A file of the file host; `path` is the part of its address after the host."""

    path: str
    digest: str  # sha256 of the content
    size: int
    content_type: str
    role: str
    operation: str | None = None
    faults: list[str] = field(default_factory=list)  # switches for files
    fired: list[str] = field(default_factory=list)
    issued: float = 0.0  # on Clock.age_now: when its current link was created


@dataclass
class Replay:
    """The stored response to an idempotency key."""

    scope: str
    body: str  # canonical JSON
    at: float  # on Clock.age_now
    status: int
    operation: str | None
    answer: dict[str, Any] | None


Record = Operation | Resource | StoredFile | Replay


def as_json(record: Record) -> dict[str, Any]:
    """Return the record as JSON members."""
    return asdict(record)
