# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's own time: it can run faster than real time, or only when it is moved."""

from __future__ import annotations

import threading
import time


class Clock:
    """A clock of seconds since 1970 for the service.

    `speed` multiplies the passing of real time; with 0 the clock moves only through `advance`.
    `start` continues an earlier clock.
    """

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        if speed < 0:
            raise ValueError("a clock cannot run backwards: speed must be 0 or more")
        self.speed = speed
        self._base = time.time() if start is None else start
        self._began: float | None = time.monotonic()  # None while it is paused
        self._advanced = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the service's time, in seconds."""
        with self._lock:
            return self._base + self._advanced + self._passed()

    def _passed(self) -> float:
        return 0.0 if self._began is None else (time.monotonic() - self._began) * self.speed

    def age_now(self) -> float:
        """Return the time for expiry: advanced by hand like the clock, but never sped up.

        Otherwise a fast clock would expire idempotency keys (24 h) while a test is still running.
        """
        with self._lock:
            return time.time() + self._advanced

    def pause(self) -> None:
        """Let no time pass until `resume`."""
        with self._lock:
            self._base += self._passed()
            self._began = None

    def resume(self) -> None:
        """Let time pass again."""
        with self._lock:
            self._began = self._began or time.monotonic()

    def advance(self, seconds: float) -> None:
        """Advance the service's time by `seconds` at once."""
        if seconds < 0:
            raise ValueError("a clock cannot run backwards")
        with self._lock:
            self._advanced += seconds
