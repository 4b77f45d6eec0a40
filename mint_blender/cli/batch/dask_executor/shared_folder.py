# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder that all workers share for results in progress: `<folder>/.mint-batch/dask-<run>`.

Each worker has to read a token there and write an answer, so that no result can get lost on a disk
that only the worker sees.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ....jobs.batch_folder import line_files
from . import cluster, worker_checks
from .worker_task import TOKEN

if TYPE_CHECKING:
    from distributed import Client

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
        answers = cluster.call_workers(client, worker_checks.answer_token, str(place), token)
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
