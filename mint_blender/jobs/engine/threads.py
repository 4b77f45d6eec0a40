# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in flight at Mint and its file host, on small thread pools: nothing slow delays the rest.

Results go into the scheduler's inbox; the threads touch neither the journal nor a job. Connections
to Mint are checked out and returned, the one used last first: as long as one call follows another,
one connection serves them all. All downloads share the connections to the file host, which are
closed after a pause.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable
from functools import partial

from ...files.download import Downloader
from ...mint.account import Account
from ...mint.client import Client, connect
from ..workflow.effects import Lane
from .config import EngineConfig
from .thread_messages import Command, Ended

# One count for all schedulers of a process: what an earlier scheduler has sent must not be taken
# for something of this scheduler, which may talk to another account.
_numbers = itertools.count(1)

Call = Callable[[Client], object]


DOWNLOADS = frozenset({Lane.DOWNLOAD, Lane.PICTURE})
# one upload at a time: of several jobs with one picture, the first sends it
SIZES = {Lane.CALL: 4, Lane.DECISION: 2, Lane.UPLOAD: 1, Lane.DOWNLOAD: 3, Lane.PICTURE: 2}
IDLE_TIMEOUT = 30.0
"""Seconds that an idle thread waits for the next call (polls of one job come every 15 s), and until
the connections to the file host are closed."""


class Threads:
    """What a scheduler has sent. For its thread; only the work itself runs on others.

    `Ended` with the returned number comes back in any case.
    """

    def __init__(
        self, config: EngineConfig, account: Account, inbox: queue.SimpleQueue[Command]
    ) -> None:
        self._config = config
        self._account = account
        self._inbox = inbox
        self._pools = {
            lane: config.executor(lane, SIZES[lane], 0.0 if lane in DOWNLOADS else IDLE_TIMEOUT)
            for lane in Lane
        }
        self._lock = threading.Condition()  # guards the following
        self._free: list[Client] = []  # connected to the present account
        # calls by number: the client, and whether the call changes something at Mint
        self._calls: dict[int, tuple[Client | None, bool]] = {}
        self._is_stopped = False
        self._downloads: set[int] = set()
        self._last_download = 0.0
        # by whether the API, and so its files, are on this computer
        self._downloaders: dict[bool, Downloader] = {}
        self.is_closing = False
        """Whether all downloads have to stop."""
        self.clock_offset: float | None = None
        """Seconds that this computer's clock is ahead of Mint's, from the latest answer."""

    def call(self, work: Call, lane: Lane, *, changes: bool = False) -> int:
        """Make a call to Mint. `changes` says whether it changes something there."""
        number = next(_numbers)
        account = self._account
        with self._lock:
            self._calls[number] = None, changes
        self._submit(number, lane, partial(self._with_client, number, account, work))
        return number

    def download(
        self, work: Callable[[Downloader], object], lane: Lane, *, first: bool = False
    ) -> int:
        """Download something; with `first`, before all that is waiting. It obeys `is_closing`."""
        number = next(_numbers)
        is_local = self._account.is_local
        if is_local not in self._downloaders:
            make = self._config.downloader
            self._downloaders[is_local] = (
                make(is_local) if make else Downloader(local_files=is_local)
            )
        downloader = self._downloaders[is_local]
        with self._lock:
            self._downloads.add(number)
        self._submit(number, lane, partial(work, downloader), first=first)
        return number

    def _submit(
        self, number: int, lane: Lane, work: Callable[[], object], *, first: bool = False
    ) -> None:
        def run() -> None:
            try:
                outcome = work()
            except Exception as error:  # noqa: BLE001 - handed to the scheduler
                outcome = error
            self._inbox.put(Ended(number, outcome))
            with self._lock:
                self._calls.pop(number, None)
                if number in self._downloads:
                    self._downloads.remove(number)
                    self._last_download = self._config.clock()
                self._lock.notify_all()

        self._pools[lane].submit(run, first=first)

    def _with_client(self, number: int, account: Account, work: Call) -> object:
        """Make a call over a connection that no other call uses until it ends.

        On a thread of the pool.
        """
        with self._lock:
            client = self._free.pop() if self._free and account == self._account else None
        if client is None:
            client = (self._config.connect or connect)(account)
        with self._lock:
            self._calls[number] = client, self._calls[number][1]
            if self._is_stopped:
                client.stop()
        try:
            return work(client)
        finally:
            with self._lock:
                if client.clock_offset is not None:
                    self.clock_offset = client.clock_offset
                is_wanted = account == self._account and not self._is_stopped
                if is_wanted:
                    self._free.append(client)
            if not is_wanted:
                client.close()

    def set_account(self, account: Account) -> None:
        """Connect with another account from now on. What is in flight keeps the earlier one."""
        self._account = account
        with self._lock:
            idle, self._free = self._free, []
        for client in idle:
            client.close()

    def close_idle(self, *, at_once: bool) -> None:
        """Close the connections to the file host if they have not been used for a while."""
        limit = 0.0 if at_once else IDLE_TIMEOUT
        with self._lock:
            is_used = self._downloads or self._config.clock() - self._last_download < limit
        if not is_used:
            self._close_downloaders()

    def _close_downloaders(self) -> None:
        for downloader in self._downloaders.values():
            downloader.close()
        self._downloaders.clear()

    def close(self, timeout: float) -> None:
        """Stop everything within `timeout` seconds.

        Calls that change something get a fifth of that time to be answered.
        """
        end = time.monotonic() + timeout
        self.is_closing = True
        with self._lock:
            self._stop(only_reads=True)
            self._lock.wait_for(
                lambda: not any(changes for _, changes in self._calls.values()), timeout / 5
            )
            self._is_stopped = True
            self._stop(only_reads=False)
        for lane, pool in self._pools.items():
            until = end if lane in DOWNLOADS else end - 0.4 * timeout
            pool.close(max(0.0, until - time.monotonic()))
        self.set_account(self._account)
        self._close_downloaders()

    def _stop(self, *, only_reads: bool) -> None:
        for client, changes in self._calls.values():
            if client is not None and not (changes and only_reads):
                client.stop()
