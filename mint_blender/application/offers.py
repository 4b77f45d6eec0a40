# SPDX-License-Identifier: GPL-3.0-or-later
"""What would be started, and for how many Credits: shown before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..mint.generation_request import GenerationRequest

LONGEST_SUBJECT = 100
"""Characters of a prompt in a title."""


@dataclass(frozen=True)
class Offer:
    """What would be started, and its price.

    Attributes:
        title: What would be started, such as 'Generate the model "a lamp" (fast, auto)'.
        credits: The price in Credits; None if Mint returns none.
        available: The Credits of the account; None if Mint does not say.
    """

    title: str
    credits: float | None
    available: float | None = None

    @property
    def text(self) -> str:
        """The title, the price, and what would be left, as a sentence each."""
        if self.credits == 0:
            return f"{self.title}: free."
        if self.credits is None:
            return f"{self.title}: Mint returns no price."
        text = f"{self.title}: about {self.credits:,.0f} Credits."
        if self.available is None:
            return text
        left = self.available - self.credits
        rest = f"{-left:,.0f} are missing" if left < 0 else f"{left:,.0f} would be left"
        return f"{text} You have {self.available:,.0f}; {rest}."

    def to_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "event": "price",
            "title": self.title,
            "credits": self.credits,
            "available": self.available,
        }


def generation_title(request: GenerationRequest) -> str:
    """Return what a request generates, and how."""
    subject = " ".join((request.name or request.prompt).split())
    how = f"({request.preset}, {request.mode})"
    if not subject:
        pictures = " from pictures" if request.images else ""
        return f"Generate a {request.kind}{pictures} {how}"
    if len(subject) > LONGEST_SUBJECT:
        subject = f"{subject[: LONGEST_SUBJECT - 1].rstrip()}…"
    return f'Generate the {request.kind} "{subject}" {how}'
