# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate a model with the command line while calls fail, then go on as a person would."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mint_blender.cli import main, session
from mint_blender.delivery import blender_runtime
from mint_blender.files.download import Downloader
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Role
from mint_blender.jobs.phases import Phase
from mint_blender.mint.retry import PollIntervals, RetryPolicy

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import Service
from ..process_kills.kills import Broken, check_paid_once, check_table, jobs_in, made_of
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


class Generation:
    """One generation in a folder of its own: what was typed, and what it has printed."""

    def __init__(self, service: Service, folder: Path, prompt: str) -> None:
        self.service = service
        self.folder = folder
        self.prompt = prompt
        self.home, self.output = folder / "home", folder / "out" / "lamp.glb"
        self.picture = folder / "lamp.png"
        self.printed = ""

    def run(self, *arguments: str) -> int:
        """Run a command; return its exit status. Raises Broken if no person can read its errors."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = main(list(arguments))
        text = out.getvalue() + err.getvalue()
        self.printed += f"$ {' '.join(arguments)} -> {status}\n{text}"
        if self.service.key in text:
            raise Broken("the key was printed")
        if found := [word for word in NOT_FOR_PEOPLE if word in text]:
            raise Broken(f"{found[0]!r} was printed")
        if status and not err.getvalue().strip():
            raise Broken(f"nothing says why the status is {status}")
        return status

    def generate(self) -> int:
        """Type the command that starts it."""
        more = ("--preset", "fast", "--mode", "review", "--approve", "--image", str(self.picture))
        return self.run("generate", "--prompt", self.prompt, *more, "-o", str(self.output))

    def finish(self) -> None:
        """Type what continues the job until its file is there. Raises Broken."""
        for _ in range(4):
            job = self.job()
            if job is not None and job.phase is Phase.PLACED and self.output.is_file():
                return
            if job is None:
                self.generate()
            elif job.phase in {Phase.READY, Phase.PLACED}:
                self.run("place", job.id, "-o", str(self.output))
            elif job.phase is Phase.REVIEW and job.decision is None:
                self.run("approve", job.id)
            elif job.phase is Phase.FAILED and not made_of(self.service, self.prompt):
                self.run("retry", job.id)
            else:
                self.run("resume", job.id)
        raise Broken("it does not come to an end")

    def job(self) -> Job | None:
        """Return the job, or None if none was committed."""
        jobs = jobs_in(self.home)
        if len(jobs) > 1:
            raise Broken(f"there are {len(jobs)} jobs")
        return jobs[0] if jobs else None

    def check(self) -> None:
        """Raise Broken unless it was paid once and its file is complete."""
        check_paid_once(self.service, self.prompt)
        check_table(self.home)
        job = self.job()
        model = job.file(Role.MODEL) if job is not None else None
        if model is None or not Path(model.path).is_file():
            raise Broken("the downloaded model is missing")
        if self.output.read_bytes() != Path(model.path).read_bytes():
            raise Broken("the file is not what was downloaded")
        parts = [path.name for path in self.output.parent.iterdir() if path != self.output]
        if parts:
            raise Broken(f"{parts} were left beside the file")


def run_case(service: Service, folder: Path, case: Case) -> tuple[FailingCall, str]:
    """Run a generation in which calls fail; return the calls, and what is wrong, if anything."""
    generation = Generation(service, folder, f"a lamp, {case}")
    folder.mkdir(parents=True)
    generation.picture.write_bytes(PIXEL)
    fail = FailingCall(folder, case.number, for_good=case.for_good)
    try:
        with surroundings(service, generation.home):
            with failing(case.kind, fail):
                generation.generate()
            generation.finish()
            generation.check()
    except Exception as error:
        return fail, f"{type(error).__name__}: {error}\n{generation.printed}"
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
