# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process that answers requests, one JSON object per line, within a time limit.

Its output is read on a thread, so that waiting for it can end on every platform.
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
from collections.abc import Sequence
from typing import Any

log = logging.getLogger(__name__)

LOG_TAIL = 4000
"""Bytes of a child's standard error that are logged when it has ended."""


class ChildEnded(Exception):
    """The child process ended without an answer, for example in a crash."""


class ChildTooSlow(Exception):
    """The child process did not answer in time."""


class ChildProcess:
    """One child process. For one thread.

    After an error, `end` it and make another one.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
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
            )
        except OSError:
            self._stderr.close()
            raise
        # None: it has ended
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="mint-child", daemon=True)
        self._reader.start()

    def ask(self, request: dict[str, Any], time_limit: float) -> dict[str, Any]:
        """Send a request and return the answer. `time_limit` is in seconds.

        Raises:
            ChildEnded: It ended without an answer.
            ChildTooSlow: It did not answer in time.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=time_limit)
        except queue.Empty:
            raise ChildTooSlow from None
        except OSError:
            answer = None
        if answer is None:
            self._log_end()
            raise ChildEnded
        return answer

    def end(self) -> None:
        """Kill the process. Everything that it has answered is on disk."""
        self._process.kill()
        self._process.wait()
        self._reader.join(1.0)
        with contextlib.suppress(OSError):  # a request that it never read
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._stderr.close()

    def _log_end(self) -> None:
        self._process.kill()
        status = self._process.wait()
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - LOG_TAIL))
        log.error(
            "A child process ended with status %s:\n%s",
            status,
            self._stderr.read().decode("utf-8", "replace"),
        )

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                with contextlib.suppress(ValueError):  # anything else is Blender's own output
                    if isinstance(answer := json.loads(line), dict):
                        self._answers.put(answer)
        self._answers.put(None)
