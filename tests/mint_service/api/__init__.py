# SPDX-License-Identifier: GPL-3.0-or-later
"""What each address under /v1 answers: plain functions from a call to an answer.

No network in here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..backend import Mint


@dataclass(frozen=True)
class Call:
    """One request to the API, already checked for its key, its body and its idempotency key."""

    mint: Mint
    method: str
    path: str
    ids: dict[str, str]
    query: dict[str, str]
    body: Any = None
    key: str | None = None  # Idempotency-Key


@dataclass
class Answer:
    """What goes back."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    operation: str | None = None  # whose it is, for the log and for Location
    delay: float = 0.0
