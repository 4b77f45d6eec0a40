# SPDX-License-Identifier: GPL-3.0-or-later
"""Another process that is asked and answers, one JSON object a line, with a time limit for each
answer.

What it answers is read on a thread, so that waiting for it can end on every platform.
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
"""Bytes of what a process that ended has said on standard error, for our log."""


class ChildEnded(Exception):
    """It ended without an answer: it has crashed, say."""


class ChildTooSlow(Exception):
    """It did not answer in time."""


class ChildProcess:
    """For one thread.

    After an error it is of no use any more: `end` it, and make another one. Raises OSError when it
    cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                command,
                stdin=pipe,
                stdout=pipe,
                stderr=self._said,
                creationflags=hidden,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError:
            self._said.close()
            raise
        # None: it has ended
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="mint-child", daemon=True)
        self._reader.start()

    def ask(self, order: dict[str, Any], time_limit: float) -> dict[str, Any]:
        """What it answers within so many seconds. Raises ChildEnded or ChildTooSlow."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=time_limit)
        except queue.Empty:
            raise ChildTooSlow from None
        except OSError:
            answer = None
        if answer is None:
            self._log_its_end()
            raise ChildEnded
        return answer

    def end(self) -> None:
        """Kill it; what it has answered for is on disk."""
        self._process.kill()
        self._process.wait()
        self._reader.join(1.0)
        with contextlib.suppress(OSError):  # an order that it never read
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._said.close()

    def _log_its_end(self) -> None:
        self._process.kill()
        status = self._process.wait()
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - LOG_TAIL))
        log.error(
            "A child process ended with status %s:\n%s",
            status,
            self._said.read().decode("utf-8", "replace"),
        )

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                with contextlib.suppress(ValueError):  # anything else is Blender talking to itself
                    if isinstance(answer := json.loads(line), dict):
                        self._answers.put(answer)
        self._answers.put(None)
