# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the server: its tools, and what they share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.server.mcpserver import MCPServer

from ...delivery.background import BlenderPool
from .. import exits
from . import account, export, generate, job_tools, place
from .tools import JobThread, Server, ServerState

log = logging.getLogger(__name__)

TOOLS = (*account.TOOLS, *generate.TOOLS, *job_tools.TOOLS, *place.TOOLS, *export.TOOLS)
"""All tools, in the order in which a client lists them."""

KEEP_UP_INTERVAL = 2.0
"""Seconds between two looks at the jobs while no tool is called."""

INSTRUCTIONS = """\
Generate 3D Models and Worlds with Mint (mint.gg) for Blender.

Credits are money of a person. Show the price of an estimate and ask before you spend them, and
never call generate, approve, revise or resume in a loop. approved_credits is what the person has
agreed to, not a guess of yours.

The usual way: estimate; ask the person; generate with a new request_id; wait; look at the Preview
and show it; approve, revise or cancel with the revision that you have seen; wait for the result.
After a timeout or a restart, repeat the same call with the same request_id: nothing is paid twice.
"""


def make_server() -> MCPServer[ServerState]:
    """Return the server. Jobs are opened when a tool first needs them."""
    server: Server[ServerState] = Server(
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
    with JobThread() as jobs, BlenderPool(1) as blenders:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_keep_up, jobs)
            yield ServerState(jobs, blenders)
            tasks.cancel_scope.cancel()


async def _keep_up(jobs: JobThread) -> None:
    """Resume what an earlier server has left, then follow the jobs between calls.

    An error is said by the next tool that needs the jobs, so that it ends nothing here.
    """
    last_error = ""
    while True:
        try:
            await jobs.run(lambda job_service: job_service.unfinished.take_over())
        except Exception as error:
            if not exits.is_expected(error) and last_error != repr(error):
                last_error = repr(error)
                log.exception("between calls")
        await anyio.sleep(KEEP_UP_INTERVAL)
