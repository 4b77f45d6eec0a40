# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a Dask worker: write one result, and tell the client about this worker.

Values in, values out; no API key is needed: the links to Mint's file host are signed.

Files are written in a folder of their own and moved to their places when all are complete. So a
worker that dies, and a Blender that outlives it for a moment, leave nothing incomplete in place.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath

from ....delivery.background import IMPORTERS, BackgroundImporter, write_result
from ....delivery.write_files import with_real_paths
from ....files import disk
from ....files.download import Downloader, DownloadLimits
from ....files.errors import FileError
from ....jobs.child_process import PerThread
from ....jobs.job import Job
from ....jobs.job_values import DeliveryResult, LocalFile, Role
from ....jobs.transfers import fetch_file
from ....jobs.workflow.effects import Fetch
from ....message import message_of

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
        jobs: The job, or all motions of one model, without what only the client needs. The delivery
            of the first one says what is written.
        sizes: The sizes of Mint's files in bytes, by their path at the client.
        local_files: Whether Mint's API is a server on this computer, and so its files may be, too.
        staging: The shared folder for results in progress; None returns the content of the files.
    """

    run: str
    attempts: str
    jobs: tuple[Job, ...] = field(repr=False)
    sizes: Mapping[str, int] = field(repr=False)
    local_files: bool
    staging: str | None


@dataclass(frozen=True)
class TaskResult(DeliveryResult):
    """What became of a task.

    Attributes:
        needed: The files that the client has to send first, by their path there.
        content: The content of each file, by the path where the client writes it.
    """

    needed: tuple[str, ...] = ()
    content: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def carry_out(task: Task, sent: Mapping[str, bytes]) -> TaskResult:
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


def _write(task: Task, sent: Mapping[str, bytes]) -> TaskResult:
    try:
        with tempfile.TemporaryDirectory(prefix="mint-", ignore_cleanup_errors=True) as folder:
            here = Path(folder)
            return _write_result(task, with_files_here(task, sent, here), here / "results")
    except FilesNeeded as needed:
        return TaskResult(needed=needed.paths)
    except OSError as error:
        file = error.filename or "a file"
        reason = error.strerror or error
        return TaskResult(problem=message_of(f"A Dask worker could not write {file}: {reason}."))
    # A bug. Dask's client would wait without end for a traceback that cannot be pickled.
    except Exception as error:
        log.exception("Job %s could not be written", task.jobs[0].id)
        sentence = f"A Dask worker failed unexpectedly ({type(error).__name__}: {error})."
        return TaskResult(problem=message_of(sentence))


def _write_result(task: Task, jobs: Sequence[Job], own: Path) -> TaskResult:
    """Write the files into a folder, and move them to their places or return their content.

    That folder is `own`, on this worker, or one in the shared folder.
    """
    if task.staging is not None:
        if not Path(task.staging, TOKEN).is_file():  # of a worker that has joined since the check
            return TaskResult(problem=message_of(f"A Dask worker does not see {task.staging}."))
        own = Path(task.staging) / uuid.uuid4().hex
    own.mkdir()
    first, *others = jobs
    final = first.delivery.output, first.delivery.render
    output, render = (str(own / _name(path)) if path else None for path in final)
    places = {own / _name(path): path for path in first.delivery.files}
    staged = replace(first.delivery, output=output, render=render)
    with of_run(task.run).in_use():
        result = write_result(replace(first, delivery=staged), others)
    if result.problem is not None:
        return TaskResult(result.notes, with_real_paths(result.problem, places), result.placement)
    done = TaskResult(result.notes, placement=result.placement)
    if task.staging is None:
        return replace(done, content={place: part.read_bytes() for part, place in places.items()})
    for part, place in places.items():
        disk.replace(part, Path(place))
    own.rmdir()
    return done


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


IMPORTED = (Role.MODEL, Role.COLLIDER, Role.PANORAMA, Role.SPLATS)
"""The files that an import reads: the newest of each. A motion has several files."""

LIMITS = DownloadLimits(tries=2, total=600.0)
"""A worker soon gives up, since the client can send what it cannot fetch."""


class FilesNeeded(Exception):
    """Files that are neither here nor can be fetched: the client has to send them."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(paths)
        self.paths = paths


def imported_files(*jobs: Job) -> list[LocalFile]:
    """Return the files of jobs that an import reads."""
    found: list[LocalFile] = []
    for job in jobs:
        if job.motion is not None:
            found += [each for each in job.files if each.role in {Role.CHARACTER, Role.CLIP}]
        else:
            found += [file for role in IMPORTED if (file := job.file(role)) is not None]
    return found


def with_files_here(task: Task, sent: Mapping[str, bytes], folder: Path) -> list[Job]:
    """Return the jobs of a task with paths of complete files on this machine.

    Files that the client has sent, or that are fetched, are written into `folder`.

    Raises:
        FilesNeeded: The client has to send some of the files.
        OSError: A file cannot be written.
    """
    jobs: list[Job] = []
    missing: list[str] = []
    with Downloader(LIMITS, local_files=task.local_files) as downloader:
        for number, job in enumerate(task.jobs):
            own, files = folder / str(number), []  # files of two motions may have one name
            own.mkdir()
            for file in imported_files(job):
                size = task.sizes.get(file.path)
                path = (
                    _on_disk(file, size)
                    or _sent(file, sent, own)
                    or _fetched(file, size, downloader, own, job.is_only_copied)
                )
                if path is None:
                    missing.append(file.path)
                else:
                    files.append(replace(file, path=str(path)))
            jobs.append(replace(job, files=tuple(files)))
    if missing:
        raise FilesNeeded(tuple(missing))
    return jobs


def _on_disk(file: LocalFile, size: int | None) -> Path | None:
    path = Path(file.path)
    try:
        return path if path.stat().st_size == size else None
    except OSError:
        return None


def _sent(file: LocalFile, sent: Mapping[str, bytes], folder: Path) -> Path | None:
    if file.path not in sent:
        return None
    path = folder / _file_name(file)
    path.write_bytes(sent[file.path])
    return path


def _fetched(
    file: LocalFile, size: int | None, downloader: Downloader, folder: Path, only_copied: bool
) -> Path | None:
    """Download and check a file; return None if that fails or its size is another one."""
    effect = Fetch(file.role, file.url, Path(_file_name(file)).stem, only_copied=only_copied)
    try:
        fetched = fetch_file.fetch(effect, folder, downloader=downloader)
    except FileError:
        return None
    path = Path(fetched.path)
    return path if path.stat().st_size == size else None


def _file_name(file: LocalFile) -> str:
    """Return the file's own name, which says which variant it is; the client may be on Windows."""
    return PureWindowsPath(file.path).name


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


_PACKAGE = Path(__file__).parents[3]


def package_digest() -> str:
    """Return a digest of this package's source: versions that differ must not exchange values."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def answer_token(staging: str, token: str) -> str | None:
    """Write an answer beside the client's token and return its name.

    None if the token is not here, is another one, or nothing can be written.
    """
    folder = Path(staging)
    name = f"answer-{uuid.uuid4().hex}"
    try:
        if (folder / TOKEN).read_text(encoding="utf-8") != token:
            return None
        (folder / name).write_text(token, encoding="utf-8")
    except OSError:
        return None
    return name
