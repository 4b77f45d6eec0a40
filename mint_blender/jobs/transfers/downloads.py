# SPDX-License-Identifier: GPL-3.0-or-later
"""The downloads that are in flight, on threads of two pools: thumbnails never delay paid files.

All threads share the connections to the file host, which are closed after a pause.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ...files.download_folder import DownloadFolder
from ...files.errors import FileError
from ...mint.account import Account
from ..engine.config import EngineConfig
from ..engine.thread_messages import Command, DownloadEnded, Event, Progress, QueryEnded
from ..job_values import Role
from ..presentation import error_messages
from ..queries import Thumbnail
from ..workflow.effects import Fetch
from . import fetch_file, file_queries

if TYPE_CHECKING:
    from ...files.download import Downloader

log = logging.getLogger(__name__)

MAX_THUMBNAIL_DOWNLOADS = 2  # at a time
IDLE_TIMEOUT = 30.0
"""Seconds after the last download until the connections are closed."""

# One count for all schedulers of a process, as for the calls to Mint, which have positive numbers.
_numbers = itertools.count(-1, -1)


class Downloads:
    """The downloads of a scheduler. For its thread; only the work runs on others."""

    def __init__(
        self,
        config: EngineConfig,
        account: Account,
        inbox: queue.SimpleQueue[Command],
        outbox: queue.SimpleQueue[Event],
    ) -> None:
        self._config = config
        self._account = account
        self._inbox = inbox
        self._outbox = outbox
        self._files = config.executor("mint-download", config.downloads, 0.0)
        self._pictures = config.executor("mint-picture", MAX_THUMBNAIL_DOWNLOADS, 0.0)
        self._in_flight: set[tuple[str, str]] = set()  # files of jobs, still wanted or not
        self._queries: set[int] = set()  # numbers of those that are being answered
        # by whether the API, and so its files, are on this computer
        self._downloaders: dict[bool, Downloader] = {}
        self._last_used = 0.0
        self._stopped = threading.Event()

    def set_account(self, account: Account) -> None:
        """Allow or forbid local files, which depends on the API.

        Running downloads keep their rule.
        """
        self._account = account

    def fetch(
        self,
        job_id: str,
        serial: int,
        effect: Fetch,
        is_wanted: Callable[[], bool],
        *,
        is_optional: bool = False,
    ) -> None:
        """Download a file of a job; `DownloadEnded` comes back.

        With `is_optional`, no workflow waits for it.
        """
        if (job_id, effect.name) in self._in_flight:
            # it is running, or an unwanted download of the file has not ended yet: see `ended`
            return
        self._in_flight.add((job_id, effect.name))
        downloader = self._downloader()

        def unwanted() -> bool:
            return self._stopped.is_set() or not is_wanted()

        def run() -> None:
            self._inbox.put(self._download(job_id, serial, effect, unwanted, downloader))

        if is_optional or effect.role is Role.PICTURE:
            self._pictures.submit(run, first=True)  # before the Library's thumbnails
        else:
            self._files.submit(run)

    def _download(
        self,
        job_id: str,
        serial: int,
        effect: Fetch,
        stop: Callable[[], bool],
        downloader: Downloader,
    ) -> DownloadEnded:
        """Download one file, on a thread of the pool. Never raises."""

        def report(done: int, total: int | None) -> None:
            self._outbox.put(Progress(job_id, effect.role, done, total))

        try:
            folder = DownloadFolder(self._config.home).job_folder(job_id)
            outcome = fetch_file.fetch(
                effect, folder, downloader=downloader, stop=stop, progress=report
            )
            log.debug("Job %s: downloaded %s", job_id, effect.role)
            return DownloadEnded(job_id, serial, effect.name, outcome)
        except FileError as error:
            return DownloadEnded(job_id, serial, effect.name, error)
        except Exception as error:
            log.exception("The download of %s for job %s failed", effect.role, job_id)
            internal = FileError(error_messages.internal(error).message)
            return DownloadEnded(job_id, serial, effect.name, internal)

    def ended(self, fetched: DownloadEnded) -> None:
        """Note that a job's download has ended."""
        self._in_flight.discard((fetched.job_id, fetched.name))
        self._last_used = self._config.clock()

    def ask(self, query: Thumbnail, number_of_ask: int, is_allowed: Callable[[], bool]) -> int:
        """Answer a query from the file host; `QueryEnded` with the returned number comes back."""
        number = next(_numbers)
        self._queries.add(number)
        downloader = self._downloader()

        def unwanted() -> bool:
            return self._stopped.is_set() or not is_allowed()

        def run() -> None:
            answered = file_queries.run(query, self._config.home, downloader, unwanted)
            self._outbox.put(replace(answered, number=number_of_ask))
            self._inbox.put(QueryEnded(number))

        self._pictures.submit(run)
        return number

    def answered(self, number: int) -> None:
        """Note that a query has been answered, if it was one of these."""
        if number in self._queries:
            self._queries.remove(number)
            self._last_used = self._config.clock()

    def _downloader(self) -> Downloader:
        """Return the downloader for files of the current account, which all threads share."""
        local_files = self._account.is_local
        if local_files not in self._downloaders:
            self._downloaders[local_files] = self._config.downloader(local_files)
        return self._downloaders[local_files]

    def close_idle(self, *, at_once: bool = False) -> None:
        """Close the connections if they have not been used for a while."""
        limit = 0.0 if at_once else IDLE_TIMEOUT
        is_used = bool(self._in_flight or self._queries)
        if self._downloaders and not is_used and self._config.clock() - self._last_used >= limit:
            self._close_connections()

    def _close_connections(self) -> None:
        for downloader in self._downloaders.values():
            downloader.close()
        self._downloaders.clear()

    def stop(self) -> None:
        """Tell all downloads to stop."""
        self._stopped.set()

    def close(self, timeout: float) -> bool:
        """Stop all downloads within `timeout` seconds. Returns whether all have ended."""
        self.stop()
        end = time.monotonic() + timeout
        ended = [
            pool.close(max(0.0, end - time.monotonic())) for pool in (self._files, self._pictures)
        ]
        self._close_connections()
        return all(ended)
