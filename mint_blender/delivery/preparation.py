# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare results in a background Blender, so that a window only has to append them.

One child process imports one result after the other and saves each to a .blend file. It starts
with the first request, or earlier with `warm_up`, and ends by itself when it has been idle.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import disk
from ..jobs.child_process import ChildEnded, ChildProcess
from ..jobs.job import Job
from ..jobs.job_values import DeliveryResult, Role
from ..jobs.storage import serialization
from ..message import Message
from ..scene.prepared import PreparedResult
from ..scene.staging_scene import SceneUnits
from . import background, blender_runtime
from .background import TIME_LIMIT

log = logging.getLogger(__name__)

IDLE_LIMIT = 60.0
"""Seconds without a request after which the child process ends."""
SECONDS_PER_BYTE = 5e-8
"""How long a result takes, until the first one has shown it."""
SHORTEST = 0.5
"""Seconds that even a small result is expected to take."""
CRASHED = Message(
    "The background Blender closed unexpectedly while importing this result. Your file has not"
    " changed. Try again, or turn off Import in Background in the preferences."
)
TOO_SLOW = Message(
    "Importing this result took longer than {minutes} minutes and was stopped. Your file has not"
    " changed. Try again, or turn off Import in Background in the preferences.",
    minutes=round(TIME_LIMIT / 60),
)
NOT_PREPARED = DeliveryResult()
"""A failure without a problem: importing the result in this Blender may still work."""

Outcome = PreparedResult | DeliveryResult
"""What was prepared, or why nothing was."""

CODE = background.worker_code(IDLE_LIMIT)


@dataclass(frozen=True)
class _Request:
    job: Job
    units: SceneUnits
    target: Path

    def fits(self, job: Job, units: SceneUnits) -> bool:
        """Return whether this is what the job needs now: it may have other files meanwhile."""
        return (_sources(self.job), self.units) == (_sources(job), units)

    @property
    def size(self) -> int:
        """The bytes of all files of the job that are on disk."""
        paths = [Path(kept.path) for kept in self.job.files]
        return sum(path.stat().st_size for path in paths if path.is_file())


class Preparations:
    """The results that are prepared, or will be. For the main thread; nothing here waits."""

    def __init__(
        self,
        start: Callable[[], ChildProcess] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start or _start_child
        self._clock = clock
        self._child: ChildProcess | None = None
        self._queue: list[_Request] = []
        self._running: _Request | None = None
        self._since = 0.0  # when the running request was sent
        self._expected = SHORTEST  # seconds that it should take
        self._seconds_per_byte = SECONDS_PER_BYTE
        self._results: dict[str, tuple[_Request, Outcome]] = {}
        self.could_not_start = False
        """Whether the last attempt to start a child process failed."""

    def warm_up(self) -> None:
        """Start the child process: a result will arrive soon. Does nothing if it cannot start."""
        with contextlib.suppress(OSError):
            self._ensure_child()

    def request(self, job: Job, units: SceneUnits, folder: Path) -> None:
        """Prepare a job's result for a scene with these units, unless that is done or under way."""
        if self.is_pending(job.id) or self.result(job, units) is not None:
            return
        self.discard(job.id)
        target = folder / f"{uuid.uuid4().hex}.blend"
        self._queue.append(_Request(job, units, target))
        self.poll()

    def is_pending(self, job_id: str) -> bool:
        """Return whether this result is being prepared, or will be."""
        requests = [*self._queue, *([self._running] if self._running else [])]
        return any(request.job.id == job_id for request in requests)

    def progress(self, job_id: str) -> float | None:
        """Return how much of a result is done, below 1; None if it is not being prepared now.

        Blender's importers report nothing, so this is the time in relation to earlier results.
        """
        if self._running is None or self._running.job.id != job_id:
            return None
        return min((self._clock() - self._since) / self._expected, 0.95)

    def result(self, job: Job, units: SceneUnits) -> Outcome | None:
        """Return the outcome of a request; None before that, or with other files or units."""
        request, outcome = self._results.get(job.id, (None, None))
        return outcome if request is not None and request.fits(job, units) else None

    def discard(self, job_id: str) -> None:
        """Delete what was prepared for a job: it was imported, or is no longer wanted."""
        _, outcome = self._results.pop(job_id, (None, None))
        if isinstance(outcome, PreparedResult):
            disk.try_to_remove(outcome.path)

    def poll(self) -> bool:
        """Read the child's answer and send the next request; return whether a request has ended."""
        ended = self._take_answer()
        while self._running is None and self._queue:
            self._send(self._queue.pop(0))
        return ended

    @property
    def is_busy(self) -> bool:
        """Whether anything is being prepared or waits for it."""
        return bool(self._running or self._queue)

    def close(self) -> None:
        """End the child process and delete all prepared files."""
        self._end_child()
        self._queue.clear()
        for job_id in list(self._results):
            self.discard(job_id)

    def _take_answer(self) -> bool:
        request = self._running
        if self._child is None or request is None:
            return False
        try:
            answer = self._child.poll()
        except ChildEnded:
            if self._child.exit_status == 0:  # it ended for being idle as the request was sent
                self._end_child()
                self._send(request)
                return False
            self._end_child()
            return self._settle(request, DeliveryResult(problem=CRASHED))
        if answer is not None:
            outcome = _outcome(answer, request.target)
            if isinstance(outcome, PreparedResult) and (size := request.size):
                self._seconds_per_byte = (self._clock() - self._since) / size
            return self._settle(request, outcome)
        if self._clock() - self._since > TIME_LIMIT:
            self._end_child()
            return self._settle(request, DeliveryResult(problem=TOO_SLOW))
        return False

    def _settle(self, request: _Request, result: Outcome) -> bool:
        self._running = None
        self._results[request.job.id] = request, result
        if isinstance(result, DeliveryResult):
            disk.try_to_remove(request.target)
        return True

    def _send(self, request: _Request) -> None:
        try:
            disk.make_folder(request.target.parent)
            self._ensure_child().send(
                background.request_for(
                    request.job, units=vars(request.units), target=str(request.target)
                )
            )
        except OSError as error:
            log.warning("The background Blender could not be started: %s", error)
            self._end_child()
            self._settle(request, NOT_PREPARED)
            self.could_not_start = True
        else:
            self._running = request
            self._since = self._clock()
            self._expected = max(SHORTEST, request.size * self._seconds_per_byte)

    def _ensure_child(self) -> ChildProcess:
        if self._child is not None and self._child.exit_status is not None:
            self._end_child()
        if self._child is None:
            self.could_not_start = True  # until it is started
            self._child = self._start()
        self.could_not_start = False
        return self._child

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.end()
        self._child = self._running = None


def _sources(job: Job) -> list[str]:
    """Return the paths of the files that are imported."""
    return [kept.path for kept in job.files if kept.role is not Role.PICTURE]


def _outcome(answer: dict[str, Any], target: Path) -> Outcome:
    if "mistake" in answer:
        return NOT_PREPARED
    result = serialization.read(DeliveryResult, answer)
    if result.problem is not None:
        return result
    low, high = answer["extent"] or (None, None)
    return PreparedResult(target, result.notes, (tuple(low), tuple(high)) if low and high else None)


def _start_child() -> ChildProcess:
    return ChildProcess(blender_runtime.bare_background_command(CODE))
