# SPDX-License-Identifier: GPL-3.0-or-later
"""Background Blenders that write results side by side: an executor for `write_result`.

A crash or a hang concerns one result. Memory is bounded, since each Blender is replaced after a
number of results.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar

from .background import BackgroundImporter
from .write_result import IMPORTERS

T = TypeVar("T")


def default_workers() -> int:
    """Return how many Blenders to run at once: one less than this machine has cores."""
    return max(1, (os.cpu_count() or 1) - 1)


class BlenderPool(Executor):
    """Threads, each with a background Blender that is started for its first import.

    A context manager. At its end nothing more is started, and every Blender is killed: what a
    Blender has answered is on disk.
    """

    def __init__(self, workers: int) -> None:
        self._importers: list[BackgroundImporter] = []
        self._threads = ThreadPoolExecutor(workers, "mint-write", self._set_up_thread)

    def submit(self, call: Callable[..., T], /, *args: Any, **more: Any) -> Future[T]:
        """Run a call on one of the threads."""
        return self._threads.submit(call, *args, **more)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """End all threads and Blenders. With `cancel_futures`, without waiting for results."""
        if cancel_futures:
            self._threads.shutdown(wait=False, cancel_futures=True)
            for importer in self._importers:
                importer.stop()
        self._threads.shutdown(wait=wait)
        if wait:
            for importer in self._importers:
                importer.close()

    def _set_up_thread(self) -> None:
        importer = BackgroundImporter()
        self._importers.append(importer)
        IMPORTERS.set(importer)
