# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate a model with the command line while calls fail, then go on as a person would."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mint_blender.application import session
from mint_blender.cli import main
from mint_blender.delivery import blender_runtime
from mint_blender.files.download import Downloader
from mint_blender.mint.retry import PollIntervals, RetryPolicy

from ..mint_service.runner import Service
from ..process_kills.kills import REVIEWED, Broken, Killer
from .failing_calls import FailingCall, failing

NOT_FOR_PEOPLE = (
    "Traceback",
    "Logging error",
    "Unexpected error",
    "Errno",
    "Exception ignored",
    "Another process",  # there is none
    "is not possible now",  # nobody has clicked twice
)
"""What no command may print."""


@dataclass(frozen=True)
class Case:
    """Call number `number` of a kind fails, once or with `for_good` from then on."""

    kind: str
    number: int
    for_good: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.number} {'for good' if self.for_good else 'once'}"


class FailingCommands:
    """Runs commands in this process. Calls fail while the first one runs."""

    def __init__(self, service: Service, case: Case, fail: FailingCall) -> None:
        self._service = service
        self._case = case
        self._fail = fail
        self.printed = ""

    def run(self, home: Path, *arguments: str, **_more: Any) -> dict[str, Any]:
        """Run a command. Raises Broken if no person can read its errors."""
        out, err = io.StringIO(), io.StringIO()
        with ExitStack() as stack:
            stack.enter_context(surroundings(self._service, home))
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            if not self.printed:
                stack.enter_context(failing(self._case.kind, self._fail))
            status = main(list(arguments))
        text = out.getvalue() + err.getvalue()
        self.printed += f"$ {' '.join(arguments)} -> {status}\n{text}"
        if self._service.key in text:
            raise Broken("the key was printed")
        if found := [word for word in NOT_FOR_PEOPLE if word in text]:
            raise Broken(f"{found[0]!r} was printed")
        if status and not err.getvalue().strip():
            raise Broken(f"nothing says why the status is {status}")
        return {"status": status, "printed": text}


def run_case(service: Service, folder: Path, case: Case) -> tuple[FailingCall, str]:
    """Run a generation in which calls fail; return the calls, and what is wrong, if anything."""
    fail = FailingCall(folder, case.number, for_good=case.for_good)
    commands = FailingCommands(service, case, fail)
    try:
        Killer(service, commands.run, folder).run(REVIEWED, None, random.Random(0), str(case))
        if parts := [each.name for each in folder.glob("*/out/*") if each.name != "lamp.glb"]:
            raise Broken(f"{parts} were left beside the file")
    except Exception as error:
        return fail, f"{type(error).__name__}: {error}\n{commands.printed}"
    return fail, ""


@contextmanager
def surroundings(service: Service, home: Path) -> Iterator[None]:
    """Let commands in this process use the service, without long waits and without Blender."""
    environment = {
        "MINT_API_KEY": service.key,
        "MINT_API_BASE_URL": service.api,
        "MINT_BLENDER_HOME": str(home),
        "COLUMNS": "100",
    }
    polls = PollIntervals(first=0.01, factor=1.0, longest=0.01, min_retry_after=0.01)
    retries = RetryPolicy(
        first=0.01, factor=1.0, give_up_after=0.3, min_retry_after=0.01, max_retry_after=0.01
    )
    without_pauses: dict[str, Any] = {"sleep": lambda seconds: None}
    with ExitStack() as stack:
        for each in (
            patch.dict(os.environ, environment),
            patch.object(session, "POLL_INTERVALS", polls),
            patch.object(session, "RETRIES", retries),
            patch.object(blender_runtime, "can_import", lambda: False),
            patch.dict(Downloader.__init__.__kwdefaults__, without_pauses),
        ):
            stack.enter_context(each)
        yield
