# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports of a batch, in a Blender of their own: one that crashes or hangs costs its own line and
no other.

One child process serves many lines, one JSON object a line on its standard input and output. It is
started when it is first needed, and anew after a crash. It ends by itself when the process that
started it is gone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ..jobs.child_process import ChildEnded, ChildProcess, ChildTooSlow
from ..jobs.job import Job, Phase
from ..jobs.storage import records
from . import standard_output
from . import write as delivery_write

PACKAGE = __name__.rpartition(".delivery.")[0]
TIME_LIMIT = 15 * 60.0
"""Seconds for one line, its still included."""

# Leaves without Python's shutdown: everything is on disk by then, and add-ons of the user's may
# take their time.
CODE = """
import os, sys
sys.path[:0] = {paths!r}
from {package}.delivery.background import serve
serve()
os._exit(0)
"""


class BackgroundImporter:
    """Writes results as `writing.write` does, in a child process.

    `close()` when done, or use it as a context manager.
    """

    def __init__(self) -> None:
        self._child: ChildProcess | None = None

    def __enter__(self) -> BackgroundImporter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def write(self, job: Job) -> tuple[str, ...]:
        """Write what `job.target` names; returns remarks for a person.

        Raises NotImported, also when the import crashed.
        """
        if not _needs_blender(job):
            return delivery_write.write(job)  # a plain copy cannot crash
        try:
            if self._child is None:
                self._child = ChildProcess(_command())
            answer = self._child.ask(
                {"job": records.dump(job), "phase": job.phase.value}, TIME_LIMIT
            )
        except ChildEnded as end:
            self.close()
            raise delivery_write.NotImported(
                "Blender closed unexpectedly while importing it."
            ) from end
        except ChildTooSlow as end:
            self.close()
            raise delivery_write.NotImported(
                f"The import took longer than {TIME_LIMIT / 60:.0f} minutes and was stopped."
            ) from end
        except OSError as error:
            self.close()
            raise delivery_write.NotImported(
                f"Blender could not be started for the import: {error.strerror or error}."
            ) from error
        if "problem" in answer:
            raise delivery_write.NotImported(str(answer["problem"]))
        return tuple(answer["notes"])


def _needs_blender(job: Job) -> bool:
    output, render = (
        Path(text) if text else None for text in (job.target.output, job.target.render)
    )
    return delivery_write.needs_blender(job.kind, output, render)


def _command() -> list[str]:
    """The same Blender once more, without a window and without a network; where Blender is a
    module, the same Python.
    """
    # An extension is found by Blender itself.
    paths = (
        []
        if PACKAGE.startswith("bl_ext.")
        else [str(Path(sys.modules[PACKAGE].__file__ or "").parents[1])]
    )
    code = CODE.format(paths=paths, package=PACKAGE)
    bpy = sys.modules.get("bpy")
    binary = bpy.app.binary_path if bpy is not None else ""
    if not binary:
        return [sys.executable, "-c", code]
    return [
        binary,
        "--background",
        "--offline-mode",
        "--python-exit-code",
        "1",
        "--python-expr",
        code,
    ]


def serve() -> None:
    """The child: write one result after the other until nobody asks any more."""
    standard_output.keep_for_results()
    answers = sys.stdout
    for line in sys.stdin:
        print(json.dumps(_carry_out(json.loads(line))), file=answers, flush=True)


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    try:
        return {
            "notes": delivery_write.write(records.load(order["job"], None, Phase(order["phase"])))
        }
    except delivery_write.NotImported as trouble:
        return {"problem": str(trouble)}
