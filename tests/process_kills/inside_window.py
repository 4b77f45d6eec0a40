# SPDX-License-Identifier: GPL-3.0-or-later
"""Run inside a Blender with a window: count its steps, and kill it at one of them.

Steps are those of `kill_steps`, and before and after a background Blender is started, is
asked, and has answered, a result is placed, and the .blend is saved. The add-on takes up what was
interrupted when `begin` is called, and not before: else Blender might be killed before anybody is
connected to it.
"""

from __future__ import annotations

import importlib
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .kill_steps import Steps, watch_every_boundary, watch_files

PACKAGE = "bl_ext.user_default.mint_blender"
POLL_SECONDS = 0.05

steps = Steps(None)


def _part(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{name}")


def prepare(folder: str) -> None:
    """Count the steps from now on. Files count if they are in this folder."""
    watch_every_boundary(steps, PACKAGE)
    watch_files(steps, folder)
    steps.around(_part("delivery.import_job"), "place")
    background = _part("delivery.preparation")
    for name in ("__init__", "send"):
        steps.around(background.ChildProcess, name)
    steps.around(background.Preparations, "_settle")
    bpy.app.handlers.save_pre.append(_before_save)
    bpy.app.handlers.save_post.append(_after_save)
    bpy.app.timers.unregister(_part("ui.heartbeat")._resume)
    _hurry()


@persistent
def _before_save(_path: str) -> None:
    steps("before save of the .blend")


@persistent
def _after_save(_path: str) -> None:
    steps("after save of the .blend")


def _hurry() -> None:
    """Poll often, and take it at once that the process before is dead."""
    context, retry = _part("jobs.workflow.context"), _part("mint.retry")
    intervals = retry.PollIntervals(
        first=POLL_SECONDS, factor=1.0, longest=POLL_SECONDS, min_retry_after=POLL_SECONDS
    )
    readable = _part("scene.gltf.gltf_extensions").readable_extensions
    _part("ui.session").workflow_config = lambda: context.WorkflowConfig(intervals, readable())
    _part("jobs.storage.job_cache").JUST_NOW = 0.0


def begin(last: int | None) -> None:
    """Take up what was interrupted, and kill this process at that step, counted from here."""
    steps.begin(last)
    bpy.app.timers.register(_part("ui.heartbeat")._resume, persistent=True)


def look(jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return these jobs, how many results are in the file, and whether one will place itself."""
    is_result = ["mint_job_id" in each for each in bpy.data.objects]
    service = _part("ui.session").existing_service()
    waits = service is not None and bool(_part("ui.job_list.auto_import").is_waiting(service))
    return {"jobs": jobs, "results": sum(is_result), "is_about_to_place": waits}
