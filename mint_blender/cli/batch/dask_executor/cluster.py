# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect to a Dask cluster, and check its workers before anything is started."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ....delivery import background, blender_runtime
from ...exits import Exit, Refused
from . import worker_side

if TYPE_CHECKING:
    from distributed import Client

CONNECT_TIMEOUT = 10.0
"""Seconds to reach the scheduler."""
WORKERS_TIMEOUT = 5 * 60.0
"""Seconds to wait for workers, which a cluster may have to start first."""

_INSTALL = 'from a copy of the repository: pip install ".[bpy,dask]"'
_PYTHON = ".".join(str(part) for part in sys.version_info[:2])
_NAMED = 3
"""Workers that a sentence names, at most."""


class ClusterError(Refused):
    """The cluster cannot be used; the text is a sentence for the user. Nothing was started."""

    status = Exit.IMPORT


class ClusterUnreachable(ClusterError):
    """There is no scheduler, or there are too few workers: the same command may succeed later."""

    status = Exit.UNREACHABLE


def connect(address: str) -> Client:
    """Return a client of the scheduler at an address; `close` it at the end.

    Raises:
        ClusterUnreachable: The scheduler cannot be reached.
        ClusterError: The package `distributed` is missing.
    """
    if blender_runtime.PACKAGE.startswith("bl_ext."):
        raise ClusterError(
            "Dask needs the pip package, because workers cannot load an extension. Install it"
            f" {_INSTALL}. Then use python3 -m mint_blender. Nothing was started."
        )
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            f"Dask is not installed. Install it {_INSTALL}. Nothing was started."
        ) from error
    _check_scheduler(address)
    try:
        with warnings.catch_warnings(action="ignore"):  # of versions, which `check_workers` names
            return Client(
                address, timeout=CONNECT_TIMEOUT, set_as_default=False, name="mint-blender"
            )
    except (OSError, ValueError) as error:
        raise _no_scheduler(address) from error


def _check_scheduler(address: str) -> None:
    """Raise ClusterUnreachable unless something at the address speaks first, as a scheduler does.

    Dask itself would wait without end for the first byte of anything else.
    """
    parts = urlsplit(address)
    try:
        with socket.create_connection(
            (parts.hostname or "", parts.port or 0), CONNECT_TIMEOUT
        ) as connection:
            if not connection.recv(1):
                raise _no_scheduler(address)
    except OSError as error:
        raise _no_scheduler(address) from error


def _no_scheduler(address: str) -> ClusterUnreachable:
    return ClusterUnreachable(
        f"No Dask scheduler answers at {address}. Check the address, and that dask scheduler runs"
        " there. Nothing was started."
    )


def call_workers(client: Client, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Run a function on all workers; return each worker's result, or the exception it raised.

    Raises:
        ClusterUnreachable: The scheduler cannot be reached any more, or has no workers.
    """
    try:
        answers: dict[str, Any] = client.run(function, *arguments, on_error="return")
    except OSError as error:
        raise ClusterUnreachable(
            "The connection to the Dask scheduler was lost. Nothing was started."
        ) from error
    if not answers:
        raise ClusterUnreachable("The Dask cluster has no workers any more. Nothing was started.")
    return answers


@contextlib.contextmanager
def workers(client: Client, least: int, note: Callable[[str], None]) -> Iterator[None]:
    """Wait until a cluster has so many workers; while inside, an adaptive one keeps them.

    Raises:
        ClusterUnreachable: There are still too few after `WORKERS_TIMEOUT`.
    """
    waiting: list[Any] = []
    try:
        _ask_for_threads(client, least, waiting)
        if (there := len(client.nthreads())) < least:
            note(
                f"The Dask cluster has {there} of {least} workers. Waiting for the others, at most"
                f" {WORKERS_TIMEOUT / 60:.0f} minutes…"
            )
            _wait_for_workers(client, least, waiting)
        yield
    finally:
        client.cancel(waiting)


def _wait_for_workers(client: Client, least: int, waiting: list[Any]) -> None:
    deadline = time.monotonic() + WORKERS_TIMEOUT
    while (left := deadline - time.monotonic()) > 0:
        with contextlib.suppress(TimeoutError):
            client.wait_for_workers(least, timeout=min(left, 1.0))
        threads = client.nthreads()
        # a worker may have more than one
        _ask_for_threads(client, least * max(threads.values(), default=1), waiting)
        if len(threads) >= least:
            return
    raise ClusterUnreachable(
        f"The Dask cluster has {len(client.nthreads())} workers, not {least}. Start some: dask"
        " worker HOST:PORT. Or change --min-workers. Nothing was started."
    )


def _ask_for_threads(client: Client, count: int, waiting: list[Any]) -> None:
    """Have an adaptive cluster start workers, with tasks that can never run: add them to a list.

    Dask takes such a task for half a second of work, and gives a thread five seconds of it.
    """
    for _ in range(10 * count - len(waiting)):
        name = f"mint-wait-{uuid.uuid4().hex}"
        nowhere = {"mint-blender": 1}
        waiting.append(client.submit(bool, key=name, resources=nowhere))


def check_workers(client: Client) -> None:
    """Check that all workers have the Python and the version of this package used here.

    Raises:
        ClusterError: Some workers cannot be used. It names them.
    """
    # Dask asks for this itself; code of another Python could not be loaded.
    versions: Any = client.get_versions()
    _refuse(
        {worker: _python(described) for worker, described in versions["workers"].items()},
        "Use the same version of Python everywhere.",
    )
    here = worker_side.package_digest()
    answers = call_workers(client, worker_side.package_digest)
    _refuse(
        {worker: _code(answer, here) for worker, answer in answers.items()},
        f"Install the same version everywhere, {_INSTALL}.",
    )


def readable_extensions(client: Client) -> frozenset[str]:
    """Return the glTF extensions that the Blenders of all workers can read.

    Raises:
        ClusterError: Some workers have no Blender. It names them.
    """
    answers = call_workers(client, background.readable_extensions)
    _refuse(
        {
            worker: "" if isinstance(found, list) else "cannot start Blender"
            for worker, found in answers.items()
        },
        "Install the bpy package for its Python: pip install bpy.",
    )
    return frozenset.intersection(*map(frozenset, answers.values()))


def refuse_folder(workers: list[str], folder: Path) -> None:
    """Raise ClusterError for workers that do not see the folder of the results, if any."""
    _refuse(
        dict.fromkeys(workers, f"does not see the folder {folder}"),
        "Use a folder that all machines share under the same path, or --ship-results.",
    )


def _python(described: Mapping[str, Any] | None) -> str:
    """Return what is wrong with the Python of a worker; empty if it is the one used here."""
    text = described["host"]["python"] if described else "unknown"
    there = ".".join(text.split(".")[:2])
    return "" if there == _PYTHON else f"has Python {there}, not {_PYTHON}"


def _code(answer: str | Exception, here: str) -> str:
    """Return what is wrong with this package on a worker; empty if it is the one used here."""
    if isinstance(answer, ImportError):
        return f"cannot load mint-blender ({answer})"
    if isinstance(answer, Exception):
        return f"cannot be asked for its version ({type(answer).__name__}: {answer})"
    return "" if answer == here else "has another version of mint-blender"


def _refuse(problems: Mapping[str, str], advice: str) -> None:
    """Raise ClusterError for the workers that have a problem, if any."""
    named = [f"The worker {worker} {problem}." for worker, problem in problems.items() if problem]
    if not named:
        return
    more = f" {len(named) - _NAMED} more workers cannot be used." if len(named) > _NAMED else ""
    raise ClusterError(f"{' '.join(named[:_NAMED])}{more} {advice} Nothing was started.")
