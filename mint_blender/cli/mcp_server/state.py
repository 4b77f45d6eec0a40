# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tools share while the server runs: the jobs, Mint's client, and a background Blender.

The job service belongs to one thread, and its calls may block. Tools run in an event loop, which
must not block: they hand functions to that thread and wait for the results.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, TypeVar

import anyio.to_thread
from mcp.server.mcpserver import Context

from ...delivery.background import BlenderPool
from ...jobs.service import JobService
from ...mint.client import Client
from .. import session
from .quotes import Quotes

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds in which Mint has to be reached: clients end calls that take much longer than 60."""


class JobThread:
    """Runs functions with the job service, one after the other. A context manager.

    The job service is opened by the first function, so that the server also starts without a key,
    and is closed at the end.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="jobs")
        self._open = ExitStack()
        self._job_service: JobService | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.submit(self._open.close).result()
        self._pool.shutdown()

    async def run(self, use: Callable[[JobService], T]) -> T:
        """Return what a function returns for the job service, which knows the latest changes.

        Raises:
            MintError: There is no usable key.
            NotAllowedOnline: Blender may not go online.
            JournalError: The journal cannot be opened or read.
        """
        future = self._pool.submit(self._use, use)
        return await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True)

    def _use(self, use: Callable[[JobService], T]) -> T:
        if self._job_service is None:
            self._job_service = self._opened()
        self._job_service.catch_up()
        return use(self._job_service)

    def _opened(self) -> JobService:
        with ExitStack() as opening:
            job_service = opening.enter_context(
                session.open_job_service(opens_results=False, waits_for_owner=False)
            )
            # the tools ask, on other threads: this one must not wait inside a commit
            job_service.ask_price = lambda query: None
            job_service.unfinished.resume_all()
            self._open = opening.pop_all()
        return job_service


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
