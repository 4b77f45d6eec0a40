# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the boundaries between two effects, and kill this process at one of them.

That is with SIGKILL, or with TerminateProcess on Windows: it has no time to do anything more.

A step is before and after each commit of the journal, each exchange with Mint, each rename, write
and removal of a file, and each block of a download. `watch_files` adds each sync, each folder and
each file that is opened for writing.
"""

from __future__ import annotations

import builtins
import importlib
import io
import itertools
import json
import os
import pathlib
import signal
import sys
from collections.abc import Callable, Container
from functools import wraps
from pathlib import Path
from typing import Any

WRITES = ("add", "save", "decide", "order", "claim", "release", "take_slot", "dismiss")
RECORD_WRITES = ("begin", "answer", "refuse", "cancel")
JOURNAL_AND_MINT = frozenset({*WRITES, *RECORD_WRITES, "request"})
"""What Mint and the journal see: what becomes of money is decided there."""
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""What kills a process: on Windows, `os.kill` with this is TerminateProcess."""
CAN_FORK = hasattr(os, "fork")
"""Otherwise, on Windows, each command is carried out by a process that was started for it."""


class Steps:
    """Counts the steps, or those around some calls, and kills the process at one of them."""

    def __init__(self, last: int | None, only: Container[str] | None = None) -> None:
        self.names: list[str] = []
        self._only = only
        self._last = last
        # one atomic step of the interpreter: downloads count too, on threads of their own
        self._count = itertools.count(1)

    def __call__(self, name: str) -> None:
        if self._only is not None and name.split()[-1] not in self._only:
            return
        self.names.append(name)
        if next(self._count) == self._last:
            if not CAN_FORK:
                print(json.dumps({"killed": KILL}), file=sys.__stdout__, flush=True)
            os.kill(os.getpid(), KILL)

    def around(self, place: Any, name: str) -> None:
        """Put a step before and a step after each call of `place.name`."""
        function: Callable[..., Any] = getattr(place, name)

        @wraps(function)
        def counted(*arguments: Any, **more: Any) -> Any:
            self(f"before {name}")
            result = function(*arguments, **more)
            self(f"after {name}")
            return result

        setattr(place, name, counted)


def watch_every_boundary(steps: Steps) -> None:
    """Put a step around every call that leaves a trace outside this process."""

    def module(name: str) -> Any:
        return importlib.import_module(f"mint_blender.{name}")

    for name in WRITES:
        steps.around(module("jobs.storage.journal").Journal, name)
    for name in RECORD_WRITES:
        steps.around(module("jobs.paid_requests.table").PaidRequests, name)
    steps.around(module("jobs.storage.tables").UploadCache, "add")
    steps.around(module("mint.transport").Transport, "request")
    for name in ("replace", "rename", "unlink", "write_text"):
        steps.around(pathlib.Path, name)
    steps.around(os, "link")
    connections = module("net.connections")
    blocks = connections.blocks

    def counted(*arguments: Any) -> Any:
        for block in blocks(*arguments):
            for half in (block[: len(block) // 2], block[len(block) // 2 :]):
                if half:
                    yield half
                    steps("a part of a file")

    connections.blocks = counted


def watch_files(steps: Steps, folder: str | Path) -> None:
    """Put a step around each sync, folder, and file that is opened for writing in this folder."""
    steps.around(os, "fsync")
    steps.around(os, "mkdir")
    real: Callable[..., Any] = builtins.open

    @wraps(real)
    def counted(file: Any, mode: str = "r", *arguments: Any, **more: Any) -> Any:
        is_ours = isinstance(file, str | os.PathLike) and os.fspath(file).startswith(str(folder))
        is_written = is_ours and bool(set(mode) & set("wax+"))
        if is_written:
            steps("before open")
        opened = real(file, mode, *arguments, **more)
        if is_written:
            steps("after open")
        return opened

    builtins.open = counted
    io.open = counted
