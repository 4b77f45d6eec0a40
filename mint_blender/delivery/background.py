# SPDX-License-Identifier: GPL-3.0-or-later
"""Import and write results in a background Blender: a crash or a hang fails one result only.

One child process serves many results, one JSON object a line on its standard input and output. It
is started when it is first needed, and again after a crash. It ends when its parent process ends.
"""

from __future__ import annotations

from pathlib import Path

from ..jobs.child_process import ChildEnded, ChildProcess, ChildTooSlow
from ..jobs.job import Job
from ..message import Message
from . import background_worker, blender_runtime
from . import write_files as delivery_write

TIME_LIMIT = 15 * 60.0
"""Seconds for one result, including its rendered picture."""

CODE = background_worker.code()


class BackgroundImporter:
    """Writes results as `write_files.write` does, but in a child process.

    A context manager; otherwise call `close` at the end.
    """

    def __init__(self) -> None:
        self._child: ChildProcess | None = None

    def __enter__(self) -> BackgroundImporter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child process, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def write(self, job: Job) -> tuple[str, ...]:
        """Write the files that `job.delivery` names; return notes for the user.

        Raises:
            DeliveryError: The import failed, crashed or took longer than `TIME_LIMIT`.
        """
        if not _needs_blender(job):
            return delivery_write.write(job)  # a plain copy cannot crash
        try:
            if self._child is None:
                self._child = ChildProcess(blender_runtime.background_command(CODE))
            answer = self._child.ask(background_worker.request(job), TIME_LIMIT)
        except ChildEnded as end:
            self.close()
            raise delivery_write.DeliveryError(
                "Blender closed unexpectedly while importing it."
            ) from end
        except ChildTooSlow as end:
            self.close()
            raise delivery_write.DeliveryError(
                f"The import took longer than {TIME_LIMIT / 60:.0f} minutes and was stopped."
            ) from end
        except OSError as error:
            self.close()
            raise delivery_write.DeliveryError(
                f"Blender could not be started for the import: {error.strerror or error}."
            ) from error
        if "problem" in answer:
            raise delivery_write.DeliveryError(Message.from_json(answer["problem"]))
        return tuple(Message.from_json(note) for note in answer["notes"])


def _needs_blender(job: Job) -> bool:
    output, render = (
        Path(text) if text else None for text in (job.delivery.output, job.delivery.render)
    )
    return delivery_write.needs_blender(job.kind, output, render)
