# SPDX-License-Identifier: GPL-3.0-or-later
"""Import and write results in a background Blender: a crash or a hang fails one result only.

One child process serves many results, one JSON object a line on its standard input and output. It
is started when it is first needed, and again after a crash. It ends when its parent process ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..jobs.child_process import ChildEnded, ChildProcess, ChildTooSlow
from ..jobs.job import Job
from ..jobs.storage import serialization
from ..message import Message
from . import background_worker, blender_runtime
from . import write_files as delivery_write
from .write_files import WrittenFiles

TIME_LIMIT = 15 * 60.0
"""Seconds for one result, including its rendered picture."""

RESULTS_PER_CHILD = 100
"""After so many results a child process is replaced by a new one, which bounds its memory."""

CODE = background_worker.code()


class BackgroundImporter:
    """Writes results as `write_files.write_described` does, but in a child process.

    For one thread, except `stop`. A context manager; otherwise call `close` at the end. With
    `idle_limit`, the child process ends after that many seconds without a result to write.
    """

    def __init__(self, idle_limit: float | None = None) -> None:
        self._idle_limit = idle_limit
        self._child: ChildProcess | None = None
        self._results = 0  # of this child process
        self._is_stopped = False

    def __enter__(self) -> BackgroundImporter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End the child process, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def stop(self) -> None:
        """Kill the child process and start no other, also while another thread waits for it."""
        self._is_stopped = True
        if (child := self._child) is not None:
            child.kill()

    def write(self, job: Job) -> WrittenFiles:
        """Write the files that `job.delivery` names; return what was written.

        A result that crashes Blender is tried once more, in a new child process.

        Raises:
            DeliveryError: The import failed, crashed twice or took longer than `TIME_LIMIT`.
        """
        if not _needs_blender(job):
            return delivery_write.write_described(job)  # a plain copy cannot crash
        request = background_worker.request(job)
        try:
            answer = self._ask(request) or self._ask(request)
        except ChildTooSlow as end:
            self.close()
            delivery_write.remove_parts(job)
            raise delivery_write.DeliveryError(
                f"The import took longer than {TIME_LIMIT / 60:.0f} minutes and was stopped."
            ) from end
        except OSError as error:
            self.close()
            raise delivery_write.DeliveryError(
                f"Blender could not be started for the import: {error.strerror or error}."
            ) from error
        if answer is None:
            delivery_write.remove_parts(job)
            raise delivery_write.DeliveryError(_STOPPED if self._is_stopped else _CRASHED)
        if "problem" in answer:
            raise delivery_write.DeliveryError(Message.from_json(answer["problem"]))
        return WrittenFiles(
            tuple(Message.from_json(note) for note in answer["notes"]),
            serialization.load_placement(answer.get("placement")),
        )

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the child's answer; None if it crashed, or if `stop` was called."""
        try:
            answer = self._running_child().ask(request, TIME_LIMIT)
        except ChildEnded:
            self.close()
            return None
        self._results += 1
        if self._results >= RESULTS_PER_CHILD:
            self.close()
        return answer

    def _running_child(self) -> ChildProcess:
        """Return the child process, started if there is none. Raises ChildEnded, OSError."""
        if self._child is None and not self._is_stopped:
            self._child, self._results = _start_child(self._idle_limit), 0
        if (
            self._child is None or self._is_stopped
        ):  # looked at after the start, so that `stop` misses no child
            raise ChildEnded
        return self._child


def _start_child(idle_limit: float | None) -> ChildProcess:
    code = CODE if idle_limit is None else background_worker.code(idle_limit)
    return ChildProcess(blender_runtime.background_command(code))


_CRASHED = "Blender closed unexpectedly while importing it, twice."
_STOPPED = "The import was stopped."


def _needs_blender(job: Job) -> bool:
    output, render = (
        Path(text) if text else None for text in (job.delivery.output, job.delivery.render)
    )
    return delivery_write.needs_blender(job.kind, output, render)
