# SPDX-License-Identifier: GPL-3.0-or-later
"""The background Blenders of a Dask worker, one for each of its threads and each run of a batch.

A crash of Blender ends such a process only, never the worker. A run that ends, or is interrupted,
ends its own and no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ....delivery.background import IMPORTERS, BackgroundImporter
from ....jobs.child_process import PerThread

IDLE_LIMIT = 15 * 60.0
"""Seconds without a result after which a Blender ends, in case the client is gone."""


class RunBlenders:
    """The background Blenders of one run."""

    def __init__(self) -> None:
        self._all: list[BackgroundImporter] = []
        self._busy: set[BackgroundImporter] = set()
        self._of_thread = PerThread(self._new)
        self._is_stopped = False

    def _new(self) -> BackgroundImporter:
        importer = BackgroundImporter(IDLE_LIMIT)
        self._all.append(importer)
        return importer

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Have `write_result` use this thread's Blender; it is kept for the next result."""
        importer = self._of_thread.get()
        IMPORTERS.set(importer)
        self._busy.add(importer)
        if self._is_stopped:
            importer.stop()
        try:
            yield
        finally:
            self._busy.discard(importer)
            if self._is_stopped:
                importer.close()

    def stop(self) -> None:
        """Kill all of them, now and later: who waits for one gets a problem as the result."""
        self._is_stopped = True
        for importer in self._all:
            importer.stop()
        for importer in set(self._all) - self._busy:
            importer.close()


_runs: dict[str, RunBlenders] = {}


def of_run(run: str) -> RunBlenders:
    """Return the Blenders of a run on this worker."""
    return _runs.setdefault(run, RunBlenders())


def end_run(run: str) -> None:
    """End the Blenders of a run; a task of it that starts later gets none."""
    of_run(run).stop()
