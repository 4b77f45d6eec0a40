# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Dask worker does: write one result. Values in, values out; no API key is needed.

Files are written in a folder of their own and moved to their places when all are complete. So a
worker that dies, and a Blender that outlives it for a moment, leave nothing incomplete in place.
"""

from __future__ import annotations

import logging
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ....delivery.background import write_result
from ....delivery.write_files import with_real_paths
from ....files import disk
from ....jobs.job import Job
from ....jobs.job_values import DeliveryResult, Role
from ....message import message_of
from . import worker_blenders
from .input_files import FilesNeeded, InputFiles, with_files_here

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 2
"""A result that killed so many workers is not tried again."""

TOKEN = "token"  # noqa: S105 - the name of a file
"""A file in the folder for results in progress, which shows that it is the client's folder."""

_VARIABLE_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True)
class Task:
    """One result to write.

    Attributes:
        run: The id of the batch's run.
        attempts: The name of the Dask variable that counts the attempts that did not end.
        job: The job, without what only the client needs.
        output: The path of the .blend or .glb, None for none.
        render: The path of the picture, None for none.
        inputs: What is known about Mint's files.
        staging: The shared folder for results in progress; None returns the content of the files.
    """

    run: str
    attempts: str
    job: Job = field(repr=False)
    output: str | None
    render: str | None
    inputs: InputFiles = field(repr=False)
    staging: str | None


@dataclass(frozen=True)
class TaskResult(DeliveryResult):
    """What became of a task.

    Attributes:
        needed: The files that the client has to send first.
        content: The content of each file, by the path where the client writes it.
    """

    needed: tuple[Role, ...] = ()
    content: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def carry_out(task: Task, sent: Mapping[Role, bytes]) -> TaskResult:
    """Write one result on this worker, unless it has killed too many workers already.

    Dask gives a task to another worker when one dies, several times if the cluster is set up so.
    The count of attempts is kept by the scheduler, which outlives the workers.
    """
    from distributed import Variable

    attempts = Variable(task.attempts)
    try:
        begun = attempts.get(timeout=_VARIABLE_TIMEOUT)
    except TimeoutError:  # the client has removed it
        return TaskResult(problem=message_of("The batch was stopped."))
    if begun >= MOST_ATTEMPTS:
        return TaskResult(problem=KILLED_WORKERS)
    attempts.set(begun + 1)
    outcome = _write(task, sent)
    attempts.set(begun)
    return outcome


KILLED_WORKERS = message_of(
    "A Dask worker died while it wrote this, twice. The workers' logs may say why; often their"
    " memory was too small."
)


def _write(task: Task, sent: Mapping[Role, bytes]) -> TaskResult:
    try:
        with tempfile.TemporaryDirectory(prefix="mint-", ignore_cleanup_errors=True) as folder:
            here = Path(folder)
            job = with_files_here(task.job, task.inputs, sent, here)
            if task.staging is None:
                return _write_and_read(task, job, here / "results")
            return _write_and_move(task, job, Path(task.staging))
    except FilesNeeded as needed:
        return TaskResult(needed=needed.roles)
    except OSError as error:
        file, reason = error.filename or "a file", error.strerror or error
        return TaskResult(problem=message_of(f"A Dask worker could not write {file}: {reason}."))
    # A bug. Dask's client would wait without end for a traceback that cannot be pickled.
    except Exception as error:
        log.exception("Job %s could not be written", task.job.id)
        sentence = f"A Dask worker failed unexpectedly ({type(error).__name__}: {error})."
        return TaskResult(problem=message_of(sentence))


def _write_and_read(task: Task, job: Job, staging: Path) -> TaskResult:
    """Write the files in a folder of this worker and return their content."""
    staging.mkdir()
    outcome, places = _write_staged(task, job, staging)
    if outcome.problem is not None:
        return outcome
    content = {final: staged.read_bytes() for staged, final in places.items()}
    return replace(outcome, content=content)


def _write_and_move(task: Task, job: Job, staging: Path) -> TaskResult:
    """Write the files in the shared folder and move them to their places."""
    if not (staging / TOKEN).is_file():  # a worker that has joined the cluster since the check
        return TaskResult(problem=message_of(f"A Dask worker does not see {staging}."))
    own = staging / uuid.uuid4().hex
    own.mkdir()
    outcome, places = _write_staged(task, job, own)
    if outcome.problem is None:
        for staged, final in places.items():
            disk.replace(staged, Path(final))
        own.rmdir()
    return outcome


def _write_staged(task: Task, job: Job, staging: Path) -> tuple[TaskResult, dict[Path, str]]:
    """Write the files into a folder; return what became of it, and the final path of each."""
    output, render = (
        staging / _name(path) if path else None for path in (task.output, task.render)
    )
    pairs = ((output, task.output), (render, task.render))
    places = {staged: final for staged, final in pairs if staged and final}
    with worker_blenders.of_run(task.run).in_use():
        result = write_result(job, output, render)
    problem = result.problem and with_real_paths(result.problem, places)
    return TaskResult(result.notes, problem, result.placement), places


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
