# SPDX-License-Identifier: GPL-3.0-or-later
"""The one thread that tells all stories.

It exists only while something is in flight, and ends within a bound when asked.

Threading rules: commands go in and news comes out through queues; the scheduler (journal, stories)
is made, used and closed on the thread, and has calls and downloads done on a few others, whose
results come in through the same queue; nothing here knows Blender. The threads are daemons: Blender
must be able to quit at any moment, and the journal has it all.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING

from ...mint.account import Account
from .. import error_messages
from ..queries import Query
from ..storage.journal import JournalError
from .config import EngineConfig
from .messages import Ask, Command, Crashed, Event, Halt, SetAccount, SetOnline, Wake

if TYPE_CHECKING:
    from .scheduler import Scheduler

log = logging.getLogger(__name__)


class Worker:
    """The main thread's handle. Every method returns at once, but for `stop`."""

    def __init__(self, setup: EngineConfig, account: Account) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._setup = setup
        self._account = account
        self._online = True
        self._inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._gate = threading.Lock()  # guards: "is there a thread that will read this?"
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Is the thread there?"""
        return self._thread is not None

    def wake(self, job_id: str, number: int = 0) -> None:
        """The journal has news of this job; `number` comes back with the `Idle` that ends this
        look.
        """
        self._send(Wake(job_id, number))

    def ask(self, query: Query, number: int = 0) -> None:
        """Ask Mint something that is no job; the answer comes as news, with this number."""
        self._send(Ask(query, number))

    def set_account(self, account: Account) -> None:
        """Talk to Mint with another key or base URL from now on."""
        with self._gate:
            self._account = account
            if self._thread is not None:
                self._inbox.put(SetAccount(account))

    def allow_online(self, allowed: bool) -> None:
        """Send nothing while it is not allowed; what is in flight stands still."""
        with self._gate:
            self._online = allowed
            if self._thread is not None:
                self._inbox.put(SetOnline(allowed))

    def _send(self, command: Command) -> None:
        """Put a command before the thread, which is started if there is none."""
        with self._gate:
            self._inbox.put(command)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mint-worker", daemon=True)
                self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Ask the thread to end and wait at most `timeout` seconds. True when it has ended."""
        with self._gate:
            thread = self._thread
            if thread is None:
                return True
            self._inbox.put(Halt())
        thread.join(timeout)
        return not thread.is_alive()

    # -- on the thread
    # ------------------------------------------------------------------------------------------------  # noqa: E501

    def _run(self) -> None:
        while True:
            self._serve()
            # Only now that the scheduler is closed may another one open: two would take each other
            # for two processes.
            with self._gate:
                left = self._left_over()
                if not left:
                    self._thread = None
                    return
                for command in left:
                    self._inbox.put(command)

    def _serve(self) -> None:
        """One scheduler, from opening to closing."""
        try:
            # with it comes the network: loaded here, not when the add-on is enabled
            from .scheduler import Scheduler

            scheduler = Scheduler(
                self._setup, self._account, self._inbox, self.events, online=self._online
            )
            try:
                while self._go_on(scheduler):
                    pass
            finally:
                scheduler.close()
        except Exception as mistake:
            log.exception("The worker ended")
            self._left_over()
            self.events.put(
                Crashed(
                    str(mistake)
                    if isinstance(mistake, JournalError)
                    else error_messages.internal(mistake).sentence
                )
            )

    def _left_over(self) -> list[Command]:
        """Empty the inbox; returns what was sent after the end had begun and still wants to be
        done.
        """
        left: list[Command] = []
        while not self._inbox.empty():
            left.append(self._inbox.get())
        return [command for command in left if isinstance(command, Wake | Ask)]

    def _go_on(self, scheduler: Scheduler) -> bool:
        """One message or one want.

        False when there is nothing left to do, or the end was asked for.
        """
        wait = scheduler.run_once()
        if scheduler.is_idle and self._inbox.empty():
            return False
        try:
            command = self._inbox.get(timeout=wait)
        except queue.Empty:
            return True
        if isinstance(command, Halt):
            return False
        scheduler.receive(command)
        return True
