# SPDX-License-Identifier: GPL-3.0-or-later
"""Run inside Blender: start a job, install the update as a click does, and finish the job.

Blender disables the old version while its job runs, forgets its modules, and enables the new one.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import bpy

PACKAGE = "bl_ext.mint.mint_blender"


def load(name: str) -> Any:
    """Return a module of the installed version."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def wait_for(service: Any, job_id: str, is_reached: Callable[[Any], bool]) -> Any:
    """Apply what the worker reports, as the timer of a window does, until the job is there."""
    until = time.monotonic() + 240
    while not is_reached(job := service.job(job_id)):
        assert time.monotonic() < until, f"the job stays {job.phase}"
        service.catch_up()
        time.sleep(0.02)
    return job


def workers() -> list[str]:
    """Return the names of the threads that run."""
    return [each.name for each in threading.enumerate() if each is not threading.main_thread()]


service = load("ui.session").service()
schema = load("mint.schema")
asked = load("mint.generation_request").GenerationRequest(
    schema.Kind.MODEL, "a sword [slow-start]", schema.Preset.FAST
)
started = wait_for(service, service.start(asked).id, lambda job: job.operation is not None)
old = sys.modules[f"{PACKAGE}.jobs.service"]
assert workers(), "no thread runs for the job"

bpy.ops.extensions.repo_sync_all()
bpy.ops.extensions.package_upgrade_all()

assert load("jobs.service") is not old, "the old version is still loaded"
assert not workers(), f"the old version still runs: {workers()}"
service = load("ui.session").service()
service.unfinished.resume_all()
job = service.job(started.id)
keys = [[each.key for each in each_job.requests] for each_job in (job, started)]
assert job.operation.id == started.operation.id and keys[0] == keys[1]
print("UPDATED", flush=True)
wait_for(service, started.id, lambda job: job.phase.name == "READY")
print("FINISHED", flush=True)
