# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the simulated services need: requests, and a Mint of their own."""

from __future__ import annotations

import json
import random
from typing import Any

from ..mint_model.messages import Request, Response
from ..mint_model.records import Project
from .mint_service import Habits, SimulatedMint
from .options import Surprises

NOW = 1_800_000_000.0
HOST = "api.mint.gg"


class Mint:
    """A simulated Mint with two projects of one person, and the answers that it gives."""

    def __init__(self, **surprises: Any) -> None:
        self.service = SimulatedMint(
            random.Random(1), Habits(), Surprises(**surprises), random.Random(1)
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
