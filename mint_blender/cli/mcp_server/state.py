# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tools share while the server runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import anyio.to_thread
from mcp.server.mcpserver import Context

from ...delivery.background import BlenderPool
from ...jobs.service import JobService
from ...mint.client import Client
from .. import session
from .job_state import JobState
from .job_thread import JobThread
from .spending.quotes import Quotes

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds in which Mint has to be reached: clients end calls that take much longer than 60."""


@dataclass(frozen=True)
class ServerState:
    """What tools work with: jobs, a background Blender, quotes, and what the client has seen."""

    jobs: JobThread
    blenders: BlenderPool
    """Writes and renders results; it is started for the first of them."""
    quotes: Quotes = field(default_factory=Quotes)
    seen: dict[str, str] = field(default_factory=dict)
    """By job: the state in which a tool has last returned it."""


ToolContext: TypeAlias = Context[ServerState, Any]


def state_of(context: ToolContext) -> ServerState:
    """Return the state of the server that a tool was called on."""
    return context.request_context.lifespan_context


async def with_jobs(context: ToolContext, use: Callable[[JobService], T]) -> T:
    """Return what a function returns for the job service; it runs on the thread of the jobs.

    It must be quick. Raises as `JobThread.run`, and what the function raises.
    """
    return await state_of(context).jobs.run(use)


async def with_client(use: Callable[[Client], T]) -> T:
    """Return what a function returns for a client; it runs on another thread, and may be slow.

    Raises:
        MintError: Mint cannot be asked, or has refused.
        NotAllowedOnline: Blender may not go online.
    """

    def ask() -> T:
        with session.open_client() as client:
            return session.call_mint(lambda: use(client), patience=PATIENCE)

    return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)


def note_seen(context: ToolContext, *states: JobState) -> None:
    """Note that a tool returns these states, so that `wait` waits for the next change."""
    for state in states:
        state_of(context).seen[state.job] = state.change_key
