# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand the lines of a batch to the workers of a Dask cluster: `batch --executor dask://…`.

Each worker runs `batch FILE -o DIR --step write --lines …` as a process of its own. Only these
words and what it prints go through the cluster: no API key, no job and no file.
Imports `distributed` inside functions only, since it is an optional package.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...application.batch.options import Options
from ...jobs.batch_folder import line_files
from ...jobs.batch_lines import Line, line_ranges
from ..exits import Exit, Refused
from ..terminal import Terminal
from .step_options import step_options

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_TIMEOUT = 10.0
"""Seconds to reach the scheduler."""
WORKERS_TIMEOUT = 5 * 60.0
"""Seconds to wait for a worker, which a cluster may have to start first."""
CHECK_INTERVAL = 10.0
"""Seconds between two looks whether there are workers, while results are awaited."""
MOST_LINES = 10
"""Lines that a worker gets at a time."""
MOST_RETRIES = 2
"""How often lines are given to another worker because the process that wrote them was killed."""

_INSTALL = 'from a copy of the repository: pip install ".[bpy,dask]"'
_PACKAGE = Path(__file__).parents[2]


@contextmanager
def open_cluster(options: Options, terminal: Terminal) -> Iterator[Client]:
    """Yield a client of the cluster `--executor`, whose workers see the batch file and the folder.

    Raises:
        Refused: The cluster cannot be used. Nothing was started.
        OSError: The folder cannot be written.
    """
    try:
        from distributed import Client
    except ImportError as error:
        sentence = f"Dask is not installed. Install it {_INSTALL}. Nothing was started."
        raise Refused(sentence, Exit.IMPORT) from error
    address = options.executor or ""
    place = urlsplit(address).hostname or "", urlsplit(address).port or 0
    try:
        # a scheduler speaks first; for a server that does not, Dask would wait without end
        with socket.create_connection(place, CONNECT_TIMEOUT) as scheduler:
            scheduler.recv(1)
        client = Client(address, timeout=CONNECT_TIMEOUT, name="mint-blender")
    except (OSError, ValueError) as error:
        raise Refused(
            f"No Dask scheduler answers at {address}. Check the address, and that dask scheduler"
            " runs there. Nothing was started.",
            Exit.UNREACHABLE,
        ) from error
    with client:
        _wait_for_worker(client, terminal)
        _check_workers(client, options.file.absolute(), options.folder)
        yield client


def _wait_for_worker(client: Client, terminal: Terminal) -> None:
    if not client.nthreads():
        terminal.note("The Dask cluster has no workers. Waiting for one, at most 5 minutes…")
    try:
        # with a task, since some clusters start workers only when there is something to do
        client.submit(os.getpid, pure=False).result(timeout=WORKERS_TIMEOUT)
    except TimeoutError as error:
        sentence = "The Dask cluster has no workers. Start some: dask worker HOST:PORT."
        raise Refused(f"{sentence} Nothing was started.", Exit.UNREACHABLE) from error


def _check_workers(client: Client, file: Path, folder: Path) -> None:
    """Raise Refused if a worker has other code, or does not see the batch file or the folder."""
    token = folder / line_files.FOLDER / client.id
    token.parent.mkdir(parents=True, exist_ok=True)
    token.touch()
    proofs = {str(file): str(file), str(folder): str(token)}
    try:
        answers = client.run(problem_here, package_digest(), proofs, on_error="return")
    finally:
        token.unlink()
    problems = [
        f"The worker {worker} cannot be used: {why}." for worker, why in answers.items() if why
    ]
    if problems:
        raise Refused(
            f"{' '.join(problems[:3])} Install the same version everywhere, {_INSTALL}. Share the"
            " batch file and the folder under the same paths. Nothing was started.",
            Exit.IMPORT,
        )


def write(client: Client, options: Options, lines: list[Line], terminal: Terminal) -> Exit:
    """Have the workers write these lines, and print what they print.

    Returns the first status that is not done. Ctrl-C ends what runs on the workers.
    """
    words = ["batch", str(options.file.absolute()), "-o", str(options.output.absolute())]
    words += ["--workers", "1", *step_options(options, "write")]
    words += ["--json"] if terminal.as_json else []
    numbers = [line.number for line in lines]
    size = min(MOST_LINES, len(lines) // max(sum(client.nthreads().values()), 1) + 1)
    ranges = [line_ranges(numbers[at : at + size]) for at in range(0, len(lines), size)]
    commands = [[*words, "--lines", each] for each in ranges]
    futures = client.map(run_command, commands, run=client.id, pure=False, retries=MOST_RETRIES)
    lines_of = dict(zip(futures, ranges, strict=True))
    statuses = dict.fromkeys(futures, Exit.UNREACHABLE)
    try:
        for future in _ended(client, set(futures), terminal):
            statuses[future] = _report(future, lines_of[future], terminal)
    except CancelledError:
        terminal.error("The connection to the Dask scheduler was lost. Run the same command again.")
    except BaseException:
        client.cancel(futures, force=True)
        client.run(stop, client.id)
        raise
    return next((status for status in statuses.values() if status is not Exit.DONE), Exit.DONE)


def _ended(client: Client, left: set[Future[Any]], terminal: Terminal) -> Iterator[Future[Any]]:
    """Yield each task when it has ended. Raises CancelledError if the scheduler is gone."""
    from distributed import wait

    while left:
        try:
            ended = wait(left, timeout=CHECK_INTERVAL, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            if not client.nthreads():
                terminal.note("The Dask cluster has no workers any more. Waiting for new ones…")
        else:
            yield from ended
            left -= ended


def _report(future: Future[Any], lines: str, terminal: Terminal) -> Exit:
    """Print what a worker has printed for some lines; return its status."""
    if (error := future.exception()) is not None:
        terminal.error(f"lines {lines}: The Dask workers that wrote them have failed ({error}).")
        return Exit.IMPORT
    status, output, notes = future.result()
    terminal.table(output)
    for note in notes.splitlines():
        terminal.note(note)
    return Exit(status)


# -- what runs on the workers


def package_digest() -> str:
    """Return a digest of this package's source."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def problem_here(digest: str, proofs: dict[str, str]) -> str:
    """Return why this worker cannot be used; empty if it can.

    It has to have the package with this digest, and to see a file as the proof of each path.
    """
    if package_digest() != digest:
        return "it has another version of mint-blender"
    unseen = [path for path, proof in proofs.items() if not Path(proof).is_file()]
    return f"it does not see {unseen[0]}" if unseen else ""


_running: dict[str, list[Popen[str]]] = {}


def run_command(words: list[str], run: str) -> tuple[int, str, str]:
    """Run a command in a process of its own; return its status, output and notes.

    Raises:
        ChildProcessError: It was killed. Dask has another worker try again.
    """
    command = [sys.executable, "-X", "utf8", "-m", "mint_blender", *words]
    with Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, encoding="utf-8") as process:
        _running.setdefault(run, []).append(process)
        output, notes = process.communicate()
    _running[run].remove(process)
    if process.returncode not in set(Exit):
        raise ChildProcessError(f"a process has ended with {process.returncode}")
    return process.returncode, output, notes


def stop(run: str) -> None:
    """End the commands of a run on this worker."""
    for process in _running.get(run, ()):
        process.terminate()
