# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand finished lines to Blenders, which write their files while other lines go on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace

from ...delivery.background import BlenderPool, write_result
from ...delivery.write_files import is_imported
from ...jobs.batch_lines import Line
from ...jobs.job import Job
from ...jobs.job_values import DeliveryResult

CHECK_INTERVAL = 0.5
"""Seconds after which a wait for results notices Ctrl-C."""


Written = tuple[Line, Job, DeliveryResult]
"""A line with its job, and what became of its files."""


class ResultWriter:
    """Submits lines to a pool of Blenders, some at a time; the others wait here.

    `notify` is called, on any thread, when one of them has been written.
    """

    def __init__(self, pool: BlenderPool, notify: Callable[[], None] = lambda: None) -> None:
        self._pool = pool
        self._at_once = 2 * pool.workers
        self._notify = notify
        self._waiting: deque[tuple[Line, Job, Sequence[Job]]] = deque()
        self._running: dict[Future[DeliveryResult], tuple[Line, Job]] = {}
        self._ended: list[Written] = []

    def add(self, line: Line, job: Job, motions: Sequence[Job] = ()) -> None:
        """Write the files that the job's delivery names: of its model, or of these motions of it.

        Where Blender is not needed, they are copied here and now: that takes moments.
        """
        if motions or is_imported(job):
            self._waiting.append((line, job, motions))
            self._submit()
        else:
            self._ended.append((line, job, write_result(job)))

    @property
    def is_busy(self) -> bool:
        """Whether any line is being written, waits for it, or was not taken yet."""
        return bool(self._waiting or self._running or self._ended)

    @property
    def has_room(self) -> bool:
        """Whether another line would be submitted at once."""
        return len(self._running) < self._at_once

    def take(self) -> list[Written]:
        """Return the lines that have been written since the last call."""
        for future in [each for each in self._running if each.done()]:
            line, job = self._running.pop(future)
            self._ended.append((line, job, future.result()))
        self._submit()
        ended, self._ended = self._ended, []
        return ended

    def wait(self, timeout: float | None = None) -> list[Written]:
        """Return the lines that have been written, after waiting for one for `timeout` seconds."""
        if self._running and not self._ended:
            # never without a limit, which hides Ctrl-C on Windows
            limit = CHECK_INTERVAL if timeout is None else timeout
            while not wait(self._running, limit, FIRST_COMPLETED).done and timeout is None:
                pass
        return self.take()

    def rest(self) -> Iterator[Written]:
        """Yield all other lines as they are written."""
        while self.is_busy:
            yield from self.wait()

    def drop_waiting(self) -> list[Line]:
        """Forget the lines that no worker has begun, and return them."""
        dropped = [line for line, *_ in self._waiting]
        self._waiting.clear()
        canceled = [each for each in self._running if each.cancel()]
        return dropped + [self._running.pop(future)[0] for future in canceled]

    def _submit(self) -> None:
        while self._waiting and self.has_room:
            line, job, motions = self._waiting.popleft()
            first, *others = [replace(motion, delivery=job.delivery) for motion in motions] or [job]
            future = self._pool.submit(write_result, first, others)
            self._running[future] = line, job
            future.add_done_callback(lambda _: self._notify())
