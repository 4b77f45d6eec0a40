# SPDX-License-Identifier: GPL-3.0-or-later
"""The responses of each address under /v1: plain functions from a call to a response.

This package uses no network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..backend import Mint


@dataclass(frozen=True)
class Call:
    """A request to the API whose key, body and idempotency key are already checked."""

    mint: Mint
    method: str
    path: str
    ids: dict[str, str]
    query: dict[str, str]
    body: Any = None
    key: str | None = None  # Idempotency-Key


@dataclass
class Answer:
    """A response to a call."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    operation: str | None = None  # the operation of the response, for the log and for Location
    delay: float = 0.0
