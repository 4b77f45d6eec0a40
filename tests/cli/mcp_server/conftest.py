# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of tools for agents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ...mint_service.runner import ThreadService
from .agent import Agent, Connect, connected_agent


@pytest.fixture
def connect(signed_in: ThreadService) -> Iterator[Connect]:
    """Return a function that connects an agent to a new server; all end with the test."""
    with ExitStack() as stack:

        def connect_one(**options: Any) -> Agent:
            return stack.enter_context(connected_agent(signed_in.key, **options))

        yield connect_one


@pytest.fixture
def agent(connect: Connect) -> Agent:
    """Return an agent that cannot ask a person."""
    return connect()
