# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's memory of idempotency keys (contract, 1.3)."""

from __future__ import annotations

from dataclasses import dataclass

from ..mint_model.messages import Request, Response
from .mint_operations import Project
from .surprises import DAY, Surprises

Slot = tuple[str, str, str]


@dataclass(frozen=True)
class Remembered:
    """What the first request with a key has come to: the id of what was made, or a refusal."""

    until: float
    body: str
    made: str = ""
    refusal: Response | None = None


class IdempotencyKeys:
    """The keys that were used, each in its scope."""

    def __init__(self) -> None:
        self._remembered: dict[Slot, Remembered] = {}
        self._busy_until: dict[Slot, float] = {}

    @staticmethod
    def slot(request: Request, project: Project, surprises: Surprises) -> Slot:
        """Return what the key of a request is compared with."""
        scope = {
            "person": project.user,
            "project": str(id(project)),
            "key": request.token,
        }[surprises.key_scope]
        return scope, request.path, request.idempotency_key

    def recall(self, slot: Slot, now: float) -> Remembered | None:
        """Return what is remembered of a key."""
        known = self._remembered.get(slot)
        return known if known is not None and now < known.until else None

    def remember(self, slot: Slot, body: str, made: str, until: float) -> None:
        """Remember what a request has made."""
        self._remembered[slot] = Remembered(until, body, made)

    def remember_refusal(self, slot: Slot, body: str, refusal: Response, now: float) -> None:
        """Remember that a request was refused, unless something is known of its key."""
        if self.recall(slot, now) is None:
            self._remembered[slot] = Remembered(now + DAY, body, refusal=refusal)

    def hold(self, slot: Slot, until: float) -> None:
        """Note that a request is being carried out until a time."""
        self._busy_until[slot] = until

    def is_busy(self, slot: Slot, now: float) -> bool:
        """Return whether a request with this key is being carried out."""
        return now < self._busy_until.get(slot, now)
