# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests read of the service: copies, which can be converted to JSON and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..mint_model import records as model


@dataclass
class Operation:
    """An operation; `finalized` are the Credits that it has cost."""

    id: str
    type: str
    mode: str
    prompt: str
    status: str = "queued"
    preset: str | None = None
    resource: str | None = None
    name: str | None = None
    level: str | None = None
    feedback: list[str] = field(default_factory=list)
    finalized: float = 0.0

    @classmethod
    def of(cls, each: model.Operation) -> Operation:
        """Return a copy."""
        same = {
            name: getattr(each, name)
            for name in ("id", "type", "mode", "prompt", "status", "preset", "name", "level")
        }
        resource = each.resource.id if each.resource else None
        return cls(**same, resource=resource, feedback=[*each.feedback], finalized=each.paid)

    @property
    def generates(self) -> bool:
        """Whether it makes a new Model or World."""
        return self.type.endswith("_generation")


@dataclass
class Resource:
    """A Model or World."""

    id: str
    kind: str
    name: str | None
    prompt: str
    status: str
    assets: dict[str, Any] | None

    @classmethod
    def of(cls, each: model.Resource) -> Resource:
        """Return a copy."""
        return cls(each.id, each.kind, each.name, each.prompt, each.status, each.assets)
