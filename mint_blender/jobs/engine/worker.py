# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker: one thread that runs the scheduler while something is in flight.

For the threading rules, see the package. The thread is a daemon: Blender must be able to quit at
any moment, and all state is in the journal.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING

from ...mint.account import Account
from ..presentation import error_messages
from ..storage.journal import JournalError
from .config import EngineConfig
from .thread_messages import Ask, Command, Crashed, Event, SetAccount, SetOnline, Stop, Wake

if TYPE_CHECKING:
    from .scheduler import Scheduler

log = logging.getLogger(__name__)


class Worker:
    """Starts and stops the worker thread, for the main thread. Only `stop` blocks."""

    def __init__(self, config: EngineConfig, account: Account) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._config = config
        self._account = account
        self._online = True
        self._inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._lock = threading.Lock()  # guards whether a thread exists that will read the inbox
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread exists."""
        return self._thread is not None

    def send(self, command: Command) -> None:
        """Queue a command. One that asks for work starts the thread if there is none."""
        with self._lock:
            if isinstance(command, SetAccount):
                self._account = command.account
            elif isinstance(command, SetOnline):
                self._online = command.allowed
            is_work = isinstance(command, Wake | Ask)
            if is_work or self._thread is not None:
                self._inbox.put(command)
            if is_work and self._thread is None:
                self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="mint-worker", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Tell the thread to end and wait at most `timeout` seconds.

        Returns whether it has ended.
        """
        with self._lock:
            thread = self._thread
            if thread is None:
                return True
            self._inbox.put(Stop())
        thread.join(timeout)
        return not thread.is_alive()

    # -- on the thread

    def _run(self) -> None:
        while True:
            self._serve()
            # Only now that the scheduler is closed may another one open: two would take each other
            # for two processes.
            with self._lock:
                left = self._drain_inbox()
                if not left:
                    self._thread = None
                    return
                for command in left:
                    self._inbox.put(command)

    def _serve(self) -> None:
        """Run one scheduler, from opening to closing."""
        try:
            # it imports the network: here, not when the add-on is enabled
            from .scheduler import Scheduler

            scheduler = Scheduler(
                self._config, self._account, self._inbox, self.events, online=self._online
            )
            try:
                while self._step(scheduler):
                    pass
            finally:
                scheduler.close()
        except Exception as error:
            log.exception("The worker ended")
            self._drain_inbox()
            self.events.put(
                Crashed(
                    str(error)
                    if isinstance(error, JournalError)
                    else error_messages.internal(error).message
                )
            )

    def _drain_inbox(self) -> list[Command]:
        """Empty the inbox, and return the commands that still have to be carried out."""
        left: list[Command] = []
        while not self._inbox.empty():
            if isinstance(command := self._inbox.get(), Wake | Ask):
                left.append(command)
        return left

    def _step(self, scheduler: Scheduler) -> bool:
        """Carry out one command or one effect. Returns False when the thread can end."""
        wait = scheduler.run_once()
        if scheduler.is_idle and self._inbox.empty():
            return False
        try:
            command = self._inbox.get(timeout=wait)
        except queue.Empty:
            return True
        if isinstance(command, Stop):
            return False
        scheduler.receive(command)
        return True
