# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure our drawing functions inside Blender, and make jobs and library entries to draw."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import bpy

MODULE = "bl_ext.user_default.mint_blender"
_costs: list[tuple[str, str, float]] = []  # kind, name and seconds of each outermost call
_running: list[str] = []


def part(name: str) -> Any:
    """Return a module of the installed add-on."""
    return sys.modules[f"{MODULE}.{name}"]


def start() -> None:
    """Measure from now on."""
    for panel in bpy.types.Panel.__subclasses__():
        place = getattr(panel, "bl_space_type", ""), getattr(panel, "bl_region_type", "")
        if place == ("VIEW_3D", "UI") and panel.is_registered:
            _measure(panel, "ours" if panel.bl_category == "Mint" else "Blender's")
    bar: Any = bpy.types.STATUSBAR_HT_header
    bar.draw._draw_funcs[:] = [
        _timed(each, "bar") if each.__module__.startswith(MODULE) else each
        for each in bar.draw._draw_funcs
    ]


def _measure(panel: Any, kind: str) -> None:
    for name in ("draw", "draw_header", "draw_header_preset"):
        if name in panel.__dict__:
            setattr(panel, name, _timed(panel.__dict__[name], kind))
    if isinstance(panel.__dict__.get("poll"), classmethod):
        panel.poll = classmethod(_timed(panel.__dict__["poll"].__func__, kind))


def _timed(draw: Callable[[Any, Any], Any], kind: str) -> Callable[[Any, Any], Any]:
    name = f"{draw.__module__}.{draw.__qualname__}"

    def timed(self: Any, context: Any) -> Any:  # Blender counts the arguments
        _running.append(kind)
        begun = time.thread_time()
        try:
            return draw(self, context)
        finally:
            seconds = time.thread_time() - begun
            _running.pop()
            if not _running:
                _costs.append((kind, name, seconds))

    return timed


def redraw(times: int) -> Iterator[None]:
    """Redraw so many times; return the seconds of each redraw by kind. Waits between them."""
    found = []
    for _ in range(times):
        _costs.clear()
        part("ui.heartbeat").redraw()
        yield
        yield
        sums: dict[str, dict[str, float]] = {}
        for kind, name, seconds in _costs:  # the last of each: Blender may have drawn twice
            sums.setdefault(kind, {})[name] = seconds
        found.append({kind: sum(each.values()) for kind, each in sums.items()})
    return found  # type: ignore[return-value]  # the test's server sends it


def fill_jobs(phases: Mapping[str, int]) -> None:
    """Replace the jobs in memory by so many in each phase; older ones stay in the journal."""
    service = part("ui.session").service()
    with service.cache.single_commit():
        for job in list(service.jobs()):
            service.cache.dismiss(job.id)
    service._active.clear()
    jobs = [_job(phase, number) for phase, count in phases.items() for number in range(count)]
    service.cache.add(*jobs)
    for job in jobs:
        if job.phase.value == "working":
            service._active.begin(job.id)
    part("ui.heartbeat").jobs_changed(service)


def _job(phase: str, number: int) -> Any:
    schema, values = part("mint.schema"), part("jobs.job_values")
    words = f"a ceramic lamp with an orange shade, no {number}"
    request = part("mint.generation_request").GenerationRequest(schema.Kind.MODEL, words)
    job = part("jobs.new_jobs").new_job(
        request, values.Delivery(), now=time.time() - number, estimate=800.0
    )
    text = part("message").Message("The generation failed at Mint. Retry, or change the prompt.")
    problem = values.Problem(values.Cause.WORK, text) if phase in {"paused", "failed"} else None
    return replace(job, phase=part("jobs.phases").Phase(phase), problem=problem)


def fill_library(count: int) -> None:
    """Replace the library's entries by so many models."""
    schema, list_page = part("mint.schema"), part("jobs.queries").ListPage
    state = part("ui.library_browser.properties").library_state()
    state.library = part("jobs.library.view_model").Library()
    models = tuple(
        schema.Asset.from_json(
            schema.Kind.MODEL,
            {
                "id": f"id_{number}",
                "prompt": f"a rock no {number}",
                "status": "succeeded",
                "createdAt": datetime.fromtimestamp(1.7e9 + number, UTC).isoformat(),
                "assets": {"glbUrl": f"https://files.example/{number}.glb"},
            },
        )
        for number in range(count, 0, -1)
    )
    state.library.add_page(list_page(schema.Kind.MODEL), schema.Page(models, None))
    state.library.add_page(list_page(schema.Kind.WORLD), schema.Page((), None))
