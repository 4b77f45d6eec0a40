# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the server: its tools, and what they share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.mcpserver import MCPServer

from . import account
from .job_thread import JobThread
from .state import ServerState

TOOLS = (*account.TOOLS,)
"""All tools, in the order in which a client lists them."""

INSTRUCTIONS = """\
Generate 3D Models and Worlds with Mint (mint.gg). Credits are money of a person: show the price
of every estimate and ask before you spend them.
"""


def make_server() -> MCPServer[ServerState]:
    """Return the server. Jobs are opened when a tool first needs them."""
    server = MCPServer(
        "mint-blender",
        title="Mint for Blender",
        instructions=INSTRUCTIONS,
        lifespan=_lifespan,
        log_level="WARNING",
    )
    for tool in TOOLS:
        tool.add_to(server)
    return server


@asynccontextmanager
async def _lifespan(_server: MCPServer[Any]) -> AsyncIterator[ServerState]:
    with JobThread() as jobs:
        yield ServerState(jobs)
