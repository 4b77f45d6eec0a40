# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls to Mint that are in flight, on small thread pools: a slow answer delays nothing else.

Results go into the scheduler's inbox; the threads touch neither the journal nor a job. Connections
are checked out and returned, the one used last first: as long as one call follows another, one
connection serves them all.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable
from enum import StrEnum

from ...mint.account import Account
from ...mint.client import Client
from .config import EngineConfig
from .thread_messages import CallEnded, Command

# One count for all schedulers of a process: an answer to a call of an earlier scheduler must not be
# taken for one of this scheduler's, which may talk to another account.
_numbers = itertools.count(1)

Work = Callable[[Client], object]


class Lane(StrEnum):
    """Kinds of calls that do not wait for each other. A person waits for decisions and queries."""

    CALL = "mint-call"
    DECISION = "mint-decision"
    UPLOAD = "mint-upload"


SIZES = {Lane.CALL: 4, Lane.DECISION: 2, Lane.UPLOAD: 2}
IDLE_TIMEOUT = 30.0
"""Seconds that an idle thread waits for the next call: polls of one job come every 15 s."""


class CallPool:
    """The calls that a scheduler has sent. For its thread; only the work runs on others."""

    def __init__(
        self, config: EngineConfig, account: Account, inbox: queue.SimpleQueue[Command]
    ) -> None:
        self._config = config
        self._account = account
        self._inbox = inbox
        self._lanes = {
            lane: config.executor(lane.value, SIZES[lane], IDLE_TIMEOUT) for lane in Lane
        }
        self._lock = threading.Condition()  # guards the following
        self._free: list[Client] = []  # connected to the present account
        # by number of the call: its client, and whether it changes something at Mint
        self._busy: dict[int, tuple[Client | None, bool]] = {}
        self._is_stopped = False
        self.clock_offset: float | None = None
        """Seconds that this computer's clock is ahead of Mint's, from the latest answer."""

    def ask(self, work: Work) -> int:
        """Make a call that only reads, for no job; the rest is as in `send`."""
        return self.send("", 0, work, Lane.DECISION, changes=False)

    def send(self, job_id: str, serial: int, work: Work, lane: Lane, *, changes: bool) -> int:
        """Make a call for a job; `CallEnded` with the returned number comes back in any case.

        `changes` says whether the call changes something at Mint.
        """
        number, account = self._begin(changes), self._account

        def run() -> None:
            found: object = None
            error: Exception | None = None
            try:
                found = self._with_client(number, account, work)
            except Exception as caught:  # noqa: BLE001 - handed to the scheduler
                error = caught
            self._inbox.put(CallEnded(job_id, serial, number, found, error, account))
            self._end(number)

        self._lanes[lane].submit(run)
        return number

    def set_account(self, account: Account) -> None:
        """Connect with another account from now on. Calls in flight report the earlier one."""
        self._account = account
        with self._lock:
            idle, self._free = self._free, []
        for client in idle:
            client.close()

    def close(self, timeout: float) -> bool:
        """Stop everything within `timeout` seconds. Returns whether all calls have ended.

        Calls that change something get a third of that time to be answered.
        """
        end = time.monotonic() + timeout
        with self._lock:
            self._stop(only_reads=True)
            self._lock.wait_for(
                lambda: not any(changes for _, changes in self._busy.values()), timeout / 3
            )
            self._is_stopped = True
            self._stop(only_reads=False)
        ended = [lane.close(max(0.0, end - time.monotonic())) for lane in self._lanes.values()]
        self.set_account(self._account)
        return all(ended)

    def _stop(self, *, only_reads: bool) -> None:
        for client, changes in self._busy.values():
            if client is not None and not (changes and only_reads):
                client.stop()

    def _begin(self, changes: bool) -> int:
        number = next(_numbers)
        with self._lock:
            self._busy[number] = None, changes
        return number

    def _end(self, number: int) -> None:
        with self._lock:
            del self._busy[number]
            self._lock.notify_all()

    def _with_client(self, number: int, account: Account, work: Work) -> object:
        """Make a call over a connection that no other call uses until it ends.

        On a thread of the pool.
        """
        with self._lock:
            client = self._free.pop() if self._free and account == self._account else None
        if client is None:
            client = self._config.connect(account)
        with self._lock:
            self._busy[number] = client, self._busy[number][1]
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
