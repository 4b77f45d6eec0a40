# SPDX-License-Identifier: GPL-3.0-or-later
"""Import and write results in background Blenders: a crash or a hang fails one result only.

Parent and child exchange one JSON object a line. One child process serves many results. It is
started when it is first needed, and again after a crash. It ends when its parent process ends.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from ..jobs.child_process import ChildEnded, ChildProcess, ChildTooSlow, PerThread, requests
from ..jobs.job import Job
from ..jobs.job_values import DeliveryResult
from ..jobs.phases import Phase
from ..jobs.storage import serialization
from ..message import message_of
from . import blender_runtime, write_files

log = logging.getLogger(__name__)

T = TypeVar("T")

TIME_LIMIT = 15 * 60.0
"""Seconds for one result, including its rendered picture."""

START_LIMIT = 120.0
"""Seconds in which a Blender starts, on a machine that starts several."""

RESULTS_PER_CHILD = 100
"""After so many results a child process is replaced by a new one, which bounds its memory."""

EXTENSIONS = {"list": "extensions"}
"""The request to list the glTF extensions that the child's Blender can read, as `extensions`."""


def request_for(job: Job, **more: Any) -> dict[str, Any]:
    """Return the request to write a job's files, or with `target` and `units` to prepare it."""
    return {"job": serialization.dump_with_requests(job), "phase": job.phase.value, **more}


def worker_code(idle_limit: float | None = None) -> str:
    """Return the code that a background Blender runs, for `blender_runtime`; see `serve`."""
    return f"from {{package}}.delivery.background import serve\nserve({idle_limit})"


def serve(idle_limit: float | None = None) -> None:
    """Answer one request per line until standard input ends.

    With `idle_limit`, the process ends after that many seconds without a request.
    """
    blender_runtime.reserve_standard_output()
    answers = sys.stdout
    from . import import_job  # noqa: F401 - loaded before the first request, which may come later

    for line in requests(sys.stdin, idle_limit):
        print(json.dumps(_carry_out(json.loads(line))), file=answers, flush=True)


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    if order == EXTENSIONS:
        return {"extensions": sorted(blender_runtime.readable_extensions())}
    job = serialization.load(order["job"], Phase(order["phase"]))
    if "target" in order:
        return _prepare(job, order)
    others = [serialization.load(other, Phase.READY) for other in order.get("others", ())]
    return serialization.dump_result(write_files.write(job, others=others))


def _prepare(job: Job, order: dict[str, Any]) -> dict[str, Any]:
    """Prepare a result; return also the size of a model, and the name of an unforeseen error."""
    from ..scene.staging_scene import SceneUnits
    from . import import_job

    try:
        prepared = import_job.prepare(job, SceneUnits(**order["units"]), Path(order["target"]))
    except import_job.SceneImportError as error:
        return serialization.dump_result(DeliveryResult(problem=message_of(error)))
    except Exception as mistake:  # an importer can fail in any way
        log.exception("Job %s could not be prepared", job.id)
        return {"mistake": type(mistake).__name__}
    result = DeliveryResult(prepared.notes)
    return serialization.dump_result(result) | {"extent": prepared.extent}


CODE = worker_code()


def readable_extensions() -> list[str] | None:
    """Start a Blender; return the glTF extensions that it can read, or None if there is none."""
    if not blender_runtime.can_import():
        return None
    try:
        child = ChildProcess(blender_runtime.background_command(CODE))
    except OSError:
        return None
    try:
        found: list[str] = child.ask(EXTENSIONS, START_LIMIT)["extensions"]
    except (ChildEnded, ChildTooSlow):
        return None
    finally:
        child.end()
    return found


class BackgroundImporter:
    """Writes results as `write_files.write` does, but in a child process.

    For one thread, except `stop`; call `close` at the end. With `idle_limit`, the child process
    ends after that many seconds without a result to write.
    """

    def __init__(self, idle_limit: float | None = None) -> None:
        self._idle_limit = idle_limit
        self._child: ChildProcess | None = None
        self._results = 0  # of this child process
        self._is_stopped = False

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

    def write(self, job: Job, others: Sequence[Job] = ()) -> DeliveryResult:
        """Write the files that `job.delivery` names; return what became of it.

        `others` are further motions of the same model.

        A result that crashes Blender is tried once more, in a new child process. One that takes
        longer than `TIME_LIMIT` is not.
        """
        if not write_files.is_imported(job):
            return write_files.write(job)  # a plain copy cannot crash
        request = request_for(
            job, others=[serialization.dump_with_requests(other) for other in others]
        )
        try:
            answer = self._ask(request) or self._ask(request)
        except ChildTooSlow:
            self.close()
            answer = None
            problem = f"The import took longer than {TIME_LIMIT / 60:.0f} minutes and was stopped."
        except OSError as error:
            self.close()
            answer = None
            problem = f"Blender could not be started for the import: {error.strerror or error}."
        else:
            problem = _STOPPED if self._is_stopped else _CRASHED
        if answer is not None:
            return serialization.read(DeliveryResult, answer)
        write_files.remove_parts(job)
        return DeliveryResult(problem=message_of(problem))

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
            code = CODE if self._idle_limit is None else worker_code(self._idle_limit)
            self._child = ChildProcess(blender_runtime.background_command(code))
            self._results = 0
        # looked at after the start, so that `stop` misses no child
        if self._child is None or self._is_stopped:
            raise ChildEnded
        return self._child


_CRASHED = "Blender closed unexpectedly while importing it, twice."
_STOPPED = "The import was stopped."


IMPORTERS = PerThread(BackgroundImporter)
"""The background Blender of each thread; a pool gives its threads those that it can stop."""


def write_result(job: Job, others: Sequence[Job] = ()) -> DeliveryResult:
    """Write the files that `job.delivery` names; return what became of it.

    `others` are further motions of the same model. Never raises for what can go wrong with a
    result, so that a problem concerns this result only.
    """
    try:
        return IMPORTERS.own.write(job, others)
    except Exception as error:  # a bug of ours: it is logged, and the other results continue
        log.exception("Job %s could not be written", job.id)
        sentence = f"Writing it failed unexpectedly ({type(error).__name__}: {error})."
        return DeliveryResult(problem=message_of(sentence))


def default_workers() -> int:
    """Return how many Blenders to run at once: one less than this machine has cores."""
    return max(1, (os.cpu_count() or 1) - 1)


class BlenderPool(Executor):
    """Threads, each with a background Blender that is started for its first import.

    A context manager. At its end nothing more is started, and every Blender is killed: what a
    Blender has answered is on disk.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
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
        IMPORTERS.own = importer
