# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that runs one whole job and kills itself with SIGKILL at a given step.

A step is each boundary between two effects: before and after each commit of the journal, each
exchange with Mint, each rename, write and removal of a file, and each block of a download. Run as
`python -m tests.jobs.kill_script`, it reads orders as lines of JSON and forks a child for each one.
`test_kill` uses it.
"""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import signal
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

from mint_blender.files import download, download_attempt  # noqa: F401 - download is loaded before the fork, once for all children
from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.files.glb import checks  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.files.spz import decode  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.jobs.engine import dispatch, scheduler, worker  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import unsent_jobs
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.storage.tables.upload_cache import UploadCache
from mint_blender.jobs.transfers import fetch_file  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Format, Kind, Mode, OptimizationLevel
from mint_blender.mint.transport import Transport

from .fast_config import fast_config

FEEDBACK = "make it green"
WRITES = ("add", "save", "decide", "claim", "release", "take_slot", "dismiss")


class Steps:
    """Counts the steps and kills the process at one of them."""

    def __init__(self, last: int | None) -> None:
        self._last = last
        # one atomic step of the interpreter: downloads count too, on threads of their own
        self._count = itertools.count(1)
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if next(self._count) == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

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
    for name in WRITES:
        steps.around(Journal, name)
    steps.around(UploadCache, "add")
    steps.around(Transport, "request")
    for name in ("replace", "rename", "unlink", "write_text"):
        steps.around(pathlib.Path, name)
    steps.around(os, "link")
    blocks = download_attempt._body

    def counted(*arguments: Any) -> Any:
        for block in blocks(*arguments):
            for half in (block[: len(block) // 2], block[len(block) // 2 :]):
                if half:
                    yield half
                    steps("a part of a file")

    download_attempt._body = counted


def do_the_job(home: Path, account: Account, job_request: dict[str, Any]) -> Phase:
    """Start one job, or continue it after a crash, as a user would.

    A click that is already in the journal is not repeated.
    """
    job_service = JobService(fast_config(home, readable=OPTIMIZED_NEEDS), account)
    kind, mode = Kind(job_request["kind"]), Mode(job_request["mode"])
    if not job_service.jobs() and job_request["convert"]:
        model = Asset.from_json(Kind.MODEL, {"id": job_request["convert"], "name": "Lamp"})
        job_service.convert(model, [Format.FBX, Format.STL], home / "chosen")
    elif not job_service.jobs():
        request = GenerationRequest(
            kind, job_request["prompt"], mode=mode, images=tuple(job_request["images"])
        )
        level = OptimizationLevel(job_request["optimize"]) if job_request["optimize"] else None
        job_service.start(request, Delivery(splats=job_request["splats"]), optimize=level)
    job_id = job_service.jobs()[0].id
    job_service.unfinished.resume_all()
    unsent_jobs.JUST_NOW = 0.0  # the process that started it is dead
    job_service.unfinished.continue_queue()
    while True:
        job_service.watch([job_id])
        job = job_service.job(job_id)
        if job.phase is not Phase.REVIEW:
            break
        if job.revision == 0:
            job_service.revise(job_id, FEEDBACK)
        else:
            job_service.approve(job_id)
    job_service.close()
    return job.phase


def _child(order: dict[str, Any]) -> NoReturn:
    status = 1
    try:
        steps = Steps(order["die_at"])
        watch_every_boundary(steps)
        phase = do_the_job(
            Path(order["home"]), Account(order["key"], order["api"]), order["job_request"]
        )
        print(json.dumps({"phase": phase.value, "steps": steps.names}), flush=True)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def serve(run: Callable[[dict[str, Any]], NoReturn]) -> None:
    """Run each order on standard input in a forked child; report one that was killed or failed."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(json.loads(line))
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print(json.dumps({"killed": os.WTERMSIG(status)}), flush=True)
        elif os.WEXITSTATUS(status):
            print(json.dumps({"broken": os.WEXITSTATUS(status)}), flush=True)


if __name__ == "__main__":
    serve(_child)
