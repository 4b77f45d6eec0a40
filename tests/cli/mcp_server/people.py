# SPDX-License-Identifier: GPL-3.0-or-later
"""A person who answers the questions of the server in the client's dialog."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mcp_types import ElicitRequestFormParams, ElicitResult


@dataclass
class Person:
    """Gives the same answer to each question, and remembers the questions."""

    action: Literal["accept", "decline", "cancel"] = "accept"
    content: dict[str, Any] | None = field(default_factory=lambda: {"spend": True})
    asked: list[str] = field(default_factory=list)

    async def answer(self, context: object, params: ElicitRequestFormParams) -> ElicitResult:
        """Answer one question."""
        self.asked.append(params.message)
        return ElicitResult(
            action=self.action, content=self.content if self.action == "accept" else None
        )
