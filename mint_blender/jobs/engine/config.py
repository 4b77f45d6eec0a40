# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of the engine, and the threads for work that would block the worker.

Threads exist only while there is work. They are not those of concurrent.futures, for which Python
waits at exit: a stalled download would delay quitting Blender. The network is imported by the
worker itself, so that enabling the add-on does not slow down Blender's start.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...mint.account import Account
from ...mint.retry import RetryPolicy
from ...mint.schema import Kind
from ..workflow.context import WorkflowConfig

if TYPE_CHECKING:
    from ...files.download import Downloader
    from ...mint.client import Client


class Pool:
    """Runs work on at most `size` daemon threads called `name`. Work catches its own errors.

    An idle thread waits `idle_timeout` seconds for more before it ends.
    """

    def __init__(self, name: str, size: int, idle_timeout: float = 0.0) -> None:
        self._name = name
        self._size = size
        self._idle_timeout = idle_timeout
        self._work: deque[Callable[[], None]] = deque()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._is_closed = False
        self._lock = threading.Condition()

    def submit(self, work: Callable[[], None], *, first: bool = False) -> None:
        """Run work as soon as a thread is free; with `first`, before all that is waiting."""
        with self._lock:
            if self._is_closed:
                return
            (self._work.appendleft if first else self._work.append)(work)
            if self._idle >= len(self._work):
                self._lock.notify()
            elif len(self._threads) < self._size:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._threads.add(thread)
                thread.start()

    def close(self, timeout: float) -> None:
        """Drop the work that has not started, and wait for the rest, which was told to stop.

        Waits at most `timeout` seconds.
        """
        with self._lock:
            self._is_closed = True
            self._work.clear()
            self._lock.notify_all()
            threads = list(self._threads)
        until = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._work and self._idle_timeout and not self._is_closed:
                    self._idle += 1
                    self._lock.wait_for(lambda: self._work or self._is_closed, self._idle_timeout)
                    self._idle -= 1
                if not self._work:
                    self._threads.discard(threading.current_thread())
                    return
                work = self._work.popleft()
            work()


@dataclass(frozen=True)
class EngineConfig:
    """Settings of the engine, and the functions that it depends on.

    `slots` is how many generations of a kind may be active at Mint. `executor` makes a thread pool
    from its name, its number of threads, and the seconds that an idle thread waits for more work.
    """

    home: Path
    workflow_config: WorkflowConfig = WorkflowConfig()
    retries: RetryPolicy = RetryPolicy()
    slots: dict[Kind, int] = field(default_factory=lambda: {Kind.MODEL: 10, Kind.WORLD: 10})
    connect: Callable[[Account], Client] | None = None
    """Makes a client; `mint.client.connect` if it is None."""
    downloader: Callable[[bool], Downloader] | None = None
    """Makes a downloader; called with whether the API, and so its files, are on this computer."""
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    executor: Callable[[str, int, float], Pool] = Pool
