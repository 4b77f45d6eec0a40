# SPDX-License-Identifier: GPL-3.0-or-later
"""A few threads for downloads, so that a slow file delays no poll. They exist only while there is something to fetch.

Not concurrent.futures: its threads are waited for when Python exits, which would delay quitting Blender by a stalled download.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

Work = Callable[[], None]


class Pool:
    """Runs pieces of work on at most `size` daemon threads. Work catches its own errors."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._work: deque[Work] = deque()
        self._threads: set[threading.Thread] = set()
        self._gate = threading.Lock()

    def submit(self, work: Work) -> None:
        """Run it as soon as a thread is free."""
        with self._gate:
            self._work.append(work)
            if len(self._threads) < self._size:
                thread = threading.Thread(target=self._run, name="mint-download", daemon=True)
                self._threads.add(thread)
                thread.start()

    def close(self, timeout: float) -> bool:
        """Forget what has not begun, and wait at most `timeout` seconds for the rest, which was told to stop. True when all ended."""
        with self._gate:
            self._work.clear()
            threads = list(self._threads)
        until = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _run(self) -> None:
        while True:
            with self._gate:
                if not self._work:
                    self._threads.discard(threading.current_thread())
                    return
                work = self._work.popleft()
            work()
