# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are on their way from the file host, on threads of two pools: small pictures never
stand in front of what was paid for.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from ...files.download import Downloader
from ...files.download_folder import DownloadFolder
from ...files.errors import FileError
from ...mint.account import Account
from .. import error_messages
from ..engine.config import EngineConfig
from ..engine.messages import Command, Event, Fetched, Progress, QueryEnded
from ..job import Role
from ..queries import RemoteGlbHeader, Thumbnail
from ..workflow.effects import Fetch
from . import fetch_file, file_queries

log = logging.getLogger(__name__)

PICTURES = 2  # at a time


class Downloads:
    """What this scheduler has sent for.

    For the scheduler's thread; only the work runs on others.
    """

    def __init__(
        self,
        setup: EngineConfig,
        account: Account,
        inbox: queue.SimpleQueue[Command],
        outbox: queue.SimpleQueue[Event],
    ) -> None:
        self._setup = setup
        self._account = account
        self._inbox = inbox
        self._outbox = outbox
        self._files = setup.executor("mint-download", setup.downloads, 0.0)
        self._pictures = setup.executor("mint-picture", PICTURES, 0.0)
        self._numbers = itertools.count(-1, -1)  # calls to Mint count the other way
        self._in_flight: set[tuple[str, str]] = set()  # files of jobs, wanted or not
        # one for all questions: many small files from one host
        self._small_downloader: Downloader | None = None
        self._halted = threading.Event()

    def set_account(self, account: Account) -> None:
        """Where files may lie depends on the API; what is under way goes on as it was begun."""
        self._account = account
        self._small_downloader = None

    def fetch(
        self,
        job_id: str,
        serial: int,
        want: Fetch,
        is_wanted: Callable[[], bool],
        *,
        in_passing: bool = False,
    ) -> None:
        """Have a file of a job brought; `Fetched` comes back.

        `in_passing`: nothing waits for it.
        """
        if (job_id, want.name) in self._in_flight:
            # or one that nobody wants any more is still letting go of the same file: see `ended`
            return
        self._in_flight.add((job_id, want.name))

        def unwanted() -> bool:
            return self._halted.is_set() or not is_wanted()

        def report(done: int, total: int | None) -> None:
            self._outbox.put(Progress(job_id, want.role, done, total))

        local_files = self._account.is_local

        def run() -> None:
            try:
                folder = DownloadFolder(self._setup.home).job_folder(job_id)
                with self._setup.downloader(local_files) as downloader:
                    outcome = fetch_file.fetch(
                        want, folder, downloader=downloader, stop=unwanted, progress=report
                    )
                self._inbox.put(Fetched(job_id, serial, want.name, outcome))
            except FileError as trouble:
                self._inbox.put(Fetched(job_id, serial, want.name, trouble))
            except Exception as mistake:
                log.exception("The download of %s for job %s broke", want.role, job_id)
                self._inbox.put(
                    Fetched(
                        job_id,
                        serial,
                        want.name,
                        FileError(error_messages.internal(mistake).sentence),
                    )
                )

        if in_passing or want.role is Role.PICTURE:
            self._pictures.submit(run, first=True)  # before the Library's thumbnails
        else:
            self._files.submit(run)

    def ended(self, fetched: Fetched) -> None:
        """A download of a job has come back."""
        self._in_flight.discard((fetched.job_id, fetched.name))

    def ask(
        self, query: Thumbnail | RemoteGlbHeader, number_of_ask: int, is_allowed: Callable[[], bool]
    ) -> int:
        """Have a question answered that the file host knows the answer to; `QuestionEnded` with
        this number comes back.
        """
        number = next(self._numbers)
        if self._small_downloader is None:
            self._small_downloader = self._setup.downloader(self._account.is_local)
        downloader, local_files = self._small_downloader, self._account.is_local

        def unwanted() -> bool:
            return self._halted.is_set() or not is_allowed()

        def run() -> None:
            answered = file_queries.run(
                query, self._setup.home, downloader, unwanted, local_files=local_files
            )
            self._outbox.put(replace(answered, number=number_of_ask))
            self._inbox.put(QueryEnded(number))

        self._pictures.submit(run)
        return number

    def stop(self) -> None:
        """Tell all of it to stop."""
        self._halted.set()

    def close(self, timeout: float) -> bool:
        """Stop everything, within a bound. True when all has ended."""
        self.stop()
        end = time.monotonic() + timeout
        ended = [
            pool.close(max(0.0, end - time.monotonic())) for pool in (self._files, self._pictures)
        ]
        if self._small_downloader is not None:
            self._small_downloader.close()
        return all(ended)
