# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of tools for agents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from mint_blender.cli.mcp_server import job_tools
from mint_blender.jobs.budget.spending import Limits

from ...mint_service.runner import ThreadService
from ..conftest import SetLimits
from .agent import Agent, Connect, connected_agent


@pytest.fixture
def connect(signed_in: ThreadService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Return a function that connects an agent to a new server; all end with the test."""
    monkeypatch.setattr(job_tools, "INTERVAL", 0.02)
    with ExitStack() as stack:

        def connect_one(**options: Any) -> Agent:
            return stack.enter_context(connected_agent(signed_in, **options))

        yield connect_one


@pytest.fixture
def limits(set_limits: SetLimits) -> Limits:
    """Set limits within which an agent may spend."""
    limits = Limits(each=2000, day=5000)
    set_limits(limits)
    return limits


@pytest.fixture
def agent(limits: Limits, connect: Connect) -> Agent:
    """Return an agent that cannot ask a person, with limits within which it need not ask."""
    return connect()
