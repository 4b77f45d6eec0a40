# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of results share: a finished job."""

from __future__ import annotations

from typing import Any

from .agent import Agent
from .test_generate import LAMP, arguments


def finished(agent: Agent, **request: Any) -> dict[str, Any]:
    """Generate a model without a review, and return its job, whose files are here."""
    quote = agent.ask("estimate", **{**LAMP, "mode": "auto", **request})
    started = agent.ask("generate", **arguments(quote, request_id=str(request)))
    (job,) = agent.ask("wait", jobs=[started["job"]], seconds=60)["jobs"]
    assert job["phase"] == "ready"
    found: dict[str, Any] = job
    return found
