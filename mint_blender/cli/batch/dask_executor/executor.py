# SPDX-License-Identifier: GPL-3.0-or-later
"""An executor that has the workers of a Dask cluster write results.

A few threads wait for Dask, one for each result in flight. They bound what the scheduler and the
workers hold, and Dask still decides which worker does what.
"""

from __future__ import annotations

import contextlib
import logging
import math
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....delivery.background import write_result
from ....files import disk
from ....jobs.batch_folder import line_files
from ....jobs.job import Job
from ....jobs.job_values import DeliveryResult
from ....message import message_of
from ... import exits
from . import cluster, worker_side
from .worker_side import TOKEN, Task, TaskResult

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

SHIPPED_AT_ONCE = 4
"""Results whose content the client holds at a time."""

MOST_IN_FLIGHT = 256

_CHECK_INTERVAL = 10.0  # seconds between two looks at the cluster while a result is awaited


@contextlib.contextmanager
def open_executor(
    address: str,
    folder: Path,
    *,
    ships_results: bool,
    local_files: bool,
    least: int = 1,
    note: Callable[[str], None] = lambda sentence: None,
) -> Iterator[DaskExecutor]:
    """Yield an executor for `write_result`, after checking the cluster.

    When it ends with an exception, such as Ctrl+C, all tasks are canceled.

    Args:
        address: The scheduler's address, as Dask writes it.
        folder: The folder of the results.
        ships_results: Whether workers return the files instead of writing into the folder.
        local_files: Whether Mint's API is a server on this computer.
        least: How many workers to wait for.
        note: Tells the user that it waits.

    Raises:
        ClusterError: The cluster cannot be used.
        OSError: The folder cannot be written.
    """
    run = uuid.uuid4().hex
    with contextlib.ExitStack() as stack:
        client = cluster.connect(address)
        stack.callback(client.close)
        stack.enter_context(cluster.workers(client, least, note))
        cluster.check_workers(client)
        readable = cluster.readable_extensions(client)
        shared = None if ships_results else stack.enter_context(staging(client, folder, run))
        yield stack.enter_context(DaskExecutor(client, run, shared, local_files, readable))


class DaskExecutor(Executor):
    """Runs `write_result` on the workers of a cluster; a context manager.

    Args:
        client: The client of the cluster.
        run: The id of this run.
        staging: The shared folder for results in progress; None has the files sent here.
        local_files: Whether Mint's API is a server on this computer.
        readable: The glTF extensions that all workers can read.

    Attributes:
        readable: As the argument.
    """

    def __init__(
        self,
        client: Client,
        run: str,
        staging: Path | None,
        local_files: bool = False,
        readable: frozenset[str] = frozenset(),
    ) -> None:
        self._client = client
        self._run = run
        self._staging = staging
        self._local_files = local_files
        self.readable = readable
        self._seen = (0, -math.inf)  # threads of all workers, and when they were counted
        self._threads = ThreadPoolExecutor(MOST_IN_FLIGHT, "mint-dask")
        self._receivers = ThreadPoolExecutor(SHIPPED_AT_ONCE, "mint-dask-receive")
        self._in_flight: set[Any] = set()  # Dask's futures
        self._is_stopped = False

    def in_flight(self) -> int:
        """Return how many results are with the cluster at a time; the others wait here.

        Each thread of a worker finds its next result there when it ends one, and an adaptive
        cluster sees that it needs more workers.
        """
        threads, counted = self._seen
        if time.monotonic() - counted > _CHECK_INTERVAL:
            threads = sum(self._client.nthreads().values())
            self._seen = (threads, time.monotonic())
        return min(max(2 * threads, 1), MOST_IN_FLIGHT)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.shutdown(cancel_futures=kind is not None)

    def submit(self, call: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        """Have a worker write a result; `call` is `write_result`, with its arguments."""
        if call is not write_result:
            raise TypeError("This executor runs write_result only.")
        return self._threads.submit(self._write, *args, **more)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the run: its Blenders on all workers, too.

        With `cancel_futures`, without waiting for results.
        """
        if cancel_futures:
            self._is_stopped = True
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._client.cancel(list(self._in_flight), force=True)
            self._end_blenders()
        self._threads.shutdown(wait=wait)
        self._receivers.shutdown(wait=wait)
        if not cancel_futures:
            self._end_blenders()

    def _end_blenders(self) -> None:
        with contextlib.suppress(cluster.ClusterError):
            cluster.call_workers(self._client, worker_side.end_run, self._run)

    def _write(self, job: Job, others: Sequence[Job] = ()) -> DeliveryResult:
        """Write one result; on a thread of ours, which waits for Dask."""
        try:
            outcome = self._outcome(self._task((job, *others)))
        except _Unfinished as problem:
            return DeliveryResult(problem=message_of(str(problem)).with_code(exits.NO_CLUSTER))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            file = error.filename or "a file"
            return DeliveryResult(problem=message_of(f"{reason}: {file} cannot be used."))
        except Exception as error:  # a bug: it is logged, and the other results continue
            log.exception("Job %s could not be written", job.id)
            sentence = f"A Dask worker failed unexpectedly ({type(error).__name__}: {error})."
            return DeliveryResult(problem=message_of(sentence))
        if outcome.problem is not None:
            return DeliveryResult(problem=outcome.problem)
        for path in job.delivery.files:
            if not Path(path).is_file():
                return DeliveryResult(problem=message_of(_VANISHED.format(path=path)))
        # the worker knows the path under which it wrote the file first
        place = outcome.placement
        file = job.delivery.output
        return DeliveryResult(outcome.notes, placement=place and replace(place, file=file))

    def _task(self, jobs: tuple[Job, ...]) -> Task:
        sizes = {
            file.path: path.stat().st_size
            for file in worker_side.imported_files(*jobs)
            if (path := Path(file.path)).is_file()
        }
        return Task(
            self._run,
            f"mint-{self._run}-{uuid.uuid4().hex}",
            tuple(map(job_for_worker, jobs)),
            sizes,
            self._local_files,
            str(self._staging) if self._staging else None,
        )

    def _outcome(self, task: Task) -> TaskResult:
        """Return what became of a task; Mint's files are sent if the worker needs them."""
        from distributed import Variable

        attempts = Variable(task.attempts, client=self._client)
        attempts.set(0)
        try:
            outcome = self._attempt_twice(task, {})
            if outcome.needed:
                # a worker gets no other file of this machine
                ours = {file.path for file in worker_side.imported_files(*task.jobs)}
                sent = {path: Path(path).read_bytes() for path in ours & {*outcome.needed}}
                outcome = self._attempt_twice(task, sent)
            return outcome
        finally:
            attempts.delete()

    def _attempt_twice(self, task: Task, sent: dict[str, bytes]) -> TaskResult:
        """Submit a task, and once more if workers died before it even began."""
        from distributed import KilledWorker

        for _ in range(worker_side.MOST_ATTEMPTS):
            try:
                return self._attempt(task, sent)
            except (KilledWorker, CancelledError):
                self._check_connection()
        return TaskResult(problem=worker_side.KILLED_WORKERS)

    def _attempt(self, task: Task, sent: dict[str, bytes]) -> TaskResult:
        # as an argument, files would stay in the scheduler's memory
        files = self._client.scatter([sent], hash=False)[0] if sent else sent
        future = self._client.submit(
            worker_side.carry_out,
            task,
            files,
            pure=False,
            retries=0,
            key=f"mint-{uuid.uuid4().hex}",
        )
        self._in_flight.add(future)
        try:
            self._wait(future)
            return self._receivers.submit(self._received, future).result()
        finally:
            self._in_flight.discard(future)
            future.release()

    def _wait(self, future: Any) -> None:
        """Wait until a task has ended; its result stays on the worker."""
        alone = 0.0
        while True:
            try:
                error = future.exception(timeout=_CHECK_INTERVAL)
            except TimeoutError:
                self._check_connection()
                alone = 0.0 if self._client.nthreads() else alone + _CHECK_INTERVAL
                if alone >= cluster.WORKERS_TIMEOUT:
                    raise _Unfinished(_NO_WORKERS) from None
                continue
            if error is not None:
                raise error
            return

    def _received(self, future: Any) -> TaskResult:
        """Fetch the result of a task, and write the files that came with it."""
        outcome: TaskResult = future.result()
        for path, content in outcome.content.items():
            with disk.replacing(Path(path)) as part:
                part.write_bytes(content)
        return replace(outcome, content={})

    def _check_connection(self) -> None:
        if self._is_stopped:
            raise _Unfinished("The batch was stopped.")
        if self._client.status != "running":
            raise _Unfinished(_LOST)


class _Unfinished(Exception):
    """A result that nobody will write; the text is a sentence."""


def job_for_worker(job: Job) -> Job:
    """Return a job without what only its own client needs, to start or to pay for something."""
    return replace(
        job, requests=(), image_urls=(), owner=None, decision=None, refused=(), hold=None
    )


_VANISHED = (
    "A Dask worker wrote {path}, but it is not there. Use a folder that all machines share, or"
    " --ship-results."
)
_LOST = "The connection to the Dask scheduler was lost. Run the same command again."
_NO_WORKERS = (
    "The Dask cluster has no workers any more. Start some, then run the same command again."
)


ABANDONED_AFTER = 24 * 3600.0
"""Seconds without a new file after which a folder for results in progress is removed."""

ANSWER_TIMEOUT = 5.0
"""Seconds until an answer has to be seen here: network file systems show new files late."""


@contextmanager
def staging(client: Client, folder: Path, run: str) -> Iterator[Path]:
    """Yield the folder for results in progress, which all workers see; it is removed at the end.

    Raises:
        ClusterError: Some workers do not see it. It names them.
        OSError: It cannot be created.
    """
    place = folder / line_files.FOLDER / f"dask-{run}"
    place.mkdir(parents=True)
    _remove_abandoned(place.parent)
    try:
        token = uuid.uuid4().hex
        (place / TOKEN).write_text(token, encoding="utf-8")
        answers = cluster.call_workers(client, worker_side.answer_token, str(place), token)
        deadline = time.monotonic() + ANSWER_TIMEOUT
        cluster.refuse_folder(
            [
                worker
                for worker, name in answers.items()
                if not isinstance(name, str) or not _is_seen(place / name, token, deadline)
            ],
            folder,
        )
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove what a command has left that was killed: nothing was written there for a day."""
    for place in folder.glob("dask-*"):
        newest = max((each.stat().st_mtime for each in (place, *place.iterdir())), default=0.0)
        if time.time() - newest > ABANDONED_AFTER:
            shutil.rmtree(place, ignore_errors=True)


def _is_seen(answer: Path, token: str, deadline: float) -> bool:
    while True:
        try:
            if answer.read_text(encoding="utf-8") == token:
                return True
        except OSError:
            pass
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
