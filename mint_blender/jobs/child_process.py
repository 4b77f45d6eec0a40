# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process that answers requests or reports events, one JSON object per line.

Threads read its output and write its input: nothing waits for it longer than its caller wants.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ..mint.account import KEY_VARIABLE

log = logging.getLogger(__name__)

T = TypeVar("T")

END_LIMIT = 5.0
"""Seconds to wait for a killed child. One that waits for a network drive ends when that answers."""

ERRORS_TAIL = 4000
"""Bytes of a child's standard error that are kept when it has ended."""


class ChildEnded(Exception):
    """The child process ended without an answer, for example in a crash."""


class ChildTooSlow(Exception):
    """The child process did not answer in time."""


class ChildProcess:
    """One child process. For one thread. After an error, `end` it and make another one.

    Args:
        command: What to run.
        environment: Variables beside those of this process. The API key is among them only if it
            is named here.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] = {}) -> None:
        inherited = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                command,
                stdin=pipe,
                stdout=pipe,
                stderr=self._stderr,
                creationflags=hidden,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**inherited, **environment},
            )
        except OSError:
            self._stderr.close()
            raise
        # None: it has ended
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._unsent: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None: no more
        self._threads = [
            threading.Thread(target=target, name="mint-child", daemon=True)
            for target in (self._read, self._write)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, request: dict[str, Any], time_limit: float) -> dict[str, Any]:
        """Send a request and return the answer. `time_limit` is in seconds.

        Raises:
            ChildEnded: It ended without an answer.
            ChildTooSlow: It did not answer in time.
        """
        self.send(request)
        try:
            answer = self._answers.get(timeout=time_limit)
        except queue.Empty:
            raise ChildTooSlow from None
        return self._checked(answer)

    def send(self, request: dict[str, Any]) -> None:
        """Send a request after all earlier ones, without waiting until it is read or answered."""
        self._unsent.put(json.dumps(request) + "\n")

    def poll(self) -> dict[str, Any] | None:
        """Return its next answer, or None if there is none yet. Raises ChildEnded."""
        try:
            answer = self._answers.get_nowait()
        except queue.Empty:
            return None
        return self._checked(answer)

    def _checked(self, answer: dict[str, Any] | None) -> dict[str, Any]:
        if answer is None:
            self._answers.put(None)  # for the next question
            self._process.kill()
            if (status := self.wait()) != 0:
                log.error("A child process ended with status %s:\n%s", status, self.errors)
            raise ChildEnded
        return answer

    @property
    def exit_status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    @property
    def errors(self) -> str:
        """The last that it has written to standard error. Only once it has ended."""
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - ERRORS_TAIL))
        return self._stderr.read().decode("utf-8", "replace")

    def wait(self) -> int:
        """Wait until it ends by itself; return the exit status."""
        return self._process.wait()

    def kill(self) -> None:
        """Kill the process, from any thread: a thread that waits for an answer gets ChildEnded."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process. Everything that it has answered is on disk."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_LIMIT)
        self._unsent.put(None)
        for thread in self._threads:
            thread.join(1.0)
        self._stderr.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                with contextlib.suppress(ValueError):  # anything else is Blender's own output
                    if isinstance(answer := json.loads(line), dict):
                        self._answers.put(answer)
        self._answers.put(None)
        self._unsent.put(None)  # it reads no more

    def _write(self) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as requests:
                for request in iter(self._unsent.get, None):
                    requests.write(request)
                    requests.flush()
        except OSError:  # it reads no more, so it will not answer
            self._process.kill()


class PerThread(threading.local, Generic[T]):
    """An object of each thread's own, such as its child process, dropped when the thread ends."""

    def __init__(self, make: Callable[[], T]) -> None:
        self.own = make()  # in each thread, when it first asks


def requests(stream: Iterable[str], idle_limit: float | None = None) -> Iterator[str]:
    """Yield the lines of a stream: for the child's side.

    With `idle_limit`, this process ends with status 0 once it has waited that many seconds for a
    line. Nothing is lost then: it holds no request.
    """
    lines = iter(stream)
    while True:
        timer = threading.Timer(idle_limit or 0.0, os._exit, (0,))
        timer.daemon = True
        if idle_limit is not None:
            timer.start()
        line = next(lines, None)
        timer.cancel()
        if line is None:
            return
        yield line
