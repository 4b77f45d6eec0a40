# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that runs one whole job and kills itself with SIGKILL at a given step.

A step is each boundary between two effects: see `kill_steps`. Run as `python -m
tests.jobs.kill_script`, it reads orders as lines of JSON and forks a child for each one. `test_kill`
uses it.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from mint_blender.files import download  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.files.glb import checks  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.files.spz import decode  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.jobs.engine import scheduler, worker  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import job_cache
from mint_blender.jobs.transfers import fetch_file  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Format, Kind, Mode, OptimizationLevel

from .fast_config import fast_config
from .kill_steps import Steps, watch_every_boundary

FEEDBACK = "make it green"


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
    job_cache.JUST_NOW = 0.0  # the process that started it is dead
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
