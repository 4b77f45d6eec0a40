# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring splats into the window as the add-on does, inside Blender, and take the time."""

from __future__ import annotations

import importlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

MODULE = "bl_ext.user_default.mint_blender"
_PAUSE = 0.005

times: dict[str, float] = {}
"""Seconds, once all is measured: prepared, appended, visible, gap, drawing."""


def part(name: str) -> Any:
    """Return a module of the installed add-on."""
    return importlib.import_module(f"{MODULE}.{name}")


class _Arrival:
    def __init__(self, path: Path, folder: Path) -> None:
        self._folder = folder
        values, schema = part("jobs.job_values"), part("mint.schema")
        request = part("mint.generation_request").GenerationRequest(schema.Kind.WORLD, "a room")
        job = part("jobs.new_jobs").new_job(request, values.Delivery(), now=1.0)
        kept = values.LocalFile(values.Role.SPLATS, str(path), "https://files.example/a.spz")
        self._job = replace(job, phase=part("jobs.phases").Phase.READY, files=(kept,))
        self._units = part("scene.staging_scene").SceneUnits.of(bpy.context.scene)
        self._preparations = part("delivery.preparation").Preparations()
        self._preparations.warm_up()  # as the add-on does while Mint is still working
        self._found: dict[str, float] = {}
        self._last = self._begun = 0.0

    def begin(self) -> float:
        self._begun = time.perf_counter()
        self._preparations.request(self._job, self._units, self._folder)
        bpy.app.timers.register(self._wait, first_interval=_PAUSE)
        return self._begun

    def _wait(self) -> float | None:
        self._preparations.poll()
        result = self._preparations.result(self._job.id, self._units)
        if result is None:
            return _PAUSE
        self._note("prepared")
        part("delivery.import_job").place(self._job, prepared=result)
        self._note("appended")
        bpy.app.timers.register(self._after_drawing, first_interval=0)
        return None

    def _after_drawing(self) -> None:
        self._note("visible")
        self._found["gap"] = self._found["visible"] - self._found["prepared"]
        self._last = time.perf_counter()
        for area in bpy.data.window_managers[0].windows[0].screen.areas:
            area.tag_redraw()
        bpy.app.timers.register(self._after_drawing_again, first_interval=0)

    def _after_drawing_again(self) -> None:
        self._found["drawing"] = time.perf_counter() - self._last
        self._preparations.close()
        times.update(self._found)

    def _note(self, what: str) -> None:
        self._found[what] = time.perf_counter() - self._begun


def start(path: str, folder: str) -> None:
    """Import the splats; `times` is filled when they have been drawn twice."""
    times.clear()
    arrival = _Arrival(Path(path), Path(folder))
    bpy.app.timers.register(lambda: arrival.begin() and None, first_interval=8)
