# SPDX-License-Identifier: GPL-3.0-or-later
"""One thread that owns the job service while the server runs.

The job service belongs to one thread, and its calls may block. Tools run in an event loop, which
must not block: they hand functions to this thread and wait for the results.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self, TypeVar

import anyio.to_thread

from ...jobs.service import JobService
from .. import session

T = TypeVar("T")


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
