# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the simulated services need: requests, a Mint of their own, and chance."""

from __future__ import annotations

import json
import random
from typing import Any

from ..mint_model.messages import Request, Response
from ..mint_model.records import Project
from .mint_service import Habits, SimulatedMint
from .surprises import Surprises

NOW = 1_800_000_000.0
HOST = "api.mint.gg"


class Always(random.Random):
    """Chance that always says yes, and takes the first choice."""

    def random(self) -> float:
        return 0.0

    def choice(self, seq: Any) -> Any:
        return seq[0]


class Mint:
    """A simulated Mint with two projects of one person, and the answers that it gives."""

    def __init__(self, chance: random.Random | None = None, **surprises: Any) -> None:
        self.service = SimulatedMint(
            random.Random(1), Habits(), Surprises(**surprises), chance or random.Random(1)
        )
        self.service.projects = [
            Project("0xowner", HOST, {"key-1", "key-2"}, 30000.0),
            Project("0xowner", HOST, {"key-3"}, 30000.0),
        ]
        self.now = NOW

    def call(self, path: str, *, key: str = "", token: str = "key-1", **body: Any) -> Response:
        """Return the answer to a POST with an idempotency key, or to a GET without one."""
        return self.service.respond(request(path, key=key, token=token, **body), self.now)

    def start(self, key: str, token: str = "key-1", kind: str = "models") -> Response:
        """Return the answer to the start of a generation."""
        return self.call(f"{kind}:generate", key=key, token=token, prompt=" A\ncafe\u0301 ")

    @property
    def operations(self) -> list[str]:
        """The ids of all operations."""
        return list(self.service.operations.all)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.service.operations.advance(self.now)


def request(path: str, *, key: str = "", token: str = "key-1", **body: Any) -> Request:
    """Return a POST with an idempotency key, or a GET without one."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key else {}
    content = json.dumps(body).encode() if key else b""
    return Request("POST" if key else "GET", HOST, f"/v1/{path}", {}, headers, content)


def body(answer: Response) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    found: dict[str, Any] = json.loads(answer.body)
    return found
