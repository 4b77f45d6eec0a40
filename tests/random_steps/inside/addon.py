# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed add-on: its parts, its jobs, and what it must not leave behind."""

from __future__ import annotations

import importlib
import threading
from collections import Counter
from typing import Any

import bpy

from . import facts, snapshot
from .context import within_view

MODULE = "bl_ext.user_default.mint_blender"
MOST_THREADS = 30

_placed: set[str] = set()


def part(name: str) -> Any:
    """Return a module of the add-on, as in `part("ui.session")`."""
    return importlib.import_module(f"{MODULE}.{name}")


def is_enabled() -> bool:
    """Return whether the add-on is enabled."""
    return MODULE in bpy.context.preferences.addons


def enable() -> None:
    """Enable the add-on if it is not."""
    if not is_enabled():
        with within_view():
            bpy.ops.preferences.addon_enable(module=MODULE)


def service() -> Any:
    """Return the job service, opened if it is not."""
    return part("ui.session").service()


def jobs() -> list[Any]:
    """Return the jobs on the list."""
    return list(service().jobs())


def follow_placements() -> None:
    """Note each result that the add-on places, whoever asked for it."""
    if not is_enabled():
        return
    module = part("delivery.import_job")
    real = module.place
    if getattr(real, "is_followed", False):
        return

    def place(job: Any, *arguments: Any, **more: Any) -> Any:
        facts.write("placing", job=job.id)
        delivery, hidden = job.delivery, snapshot.take().hidden
        done = real(job, *arguments, **more)
        hides = delivery.block_out if delivery.block_out not in hidden else None
        snapshot.note_placed(snapshot.Placement(job.id, delivery.replaces, hides))
        facts.write("placed", job=job.id)
        _placed.add(job.id)
        return done

    place.is_followed = True  # type: ignore[attr-defined]
    module.place = place


def note_recorded() -> None:
    """Note the placements that the journal knows: another process would not repeat them."""
    for job in jobs() if _placed and is_enabled() else ():
        if job.id in _placed and job.phase.value == "placed":
            facts.write("recorded", job=job.id)
            _placed.discard(job.id)


def check_leaks() -> None:
    """Complain about a handler or a heartbeat that is there twice, and about many threads."""
    handlers = Counter(
        f"{name} {each.__module__}.{each.__qualname__}"
        for name in dir(bpy.app.handlers)
        if isinstance(found := getattr(bpy.app.handlers, name), list)
        for each in found
        if each.__module__.startswith(MODULE)
    )
    if twice := {name: count for name, count in handlers.items() if count > 1}:
        facts.complain(f"handlers are there twice: {twice}")
    beats = sum(
        _name(each) == "MINT_OT_heartbeat"
        for window in bpy.context.window_manager.windows
        for each in window.modal_operators
    )
    if beats > 1:
        facts.complain(f"{beats} heartbeats run at once")
    if threading.active_count() > MOST_THREADS:
        facts.complain(f"{threading.active_count()} threads: {threading.enumerate()}")


def _name(operator: bpy.types.Operator) -> str:
    """Return the name of an operator; empty if its class was unregistered."""
    try:
        return operator.bl_idname
    except ValueError:
        return ""


def rest() -> dict[str, Any]:
    """Return what still runs, for a Blender in which nothing is in flight."""
    return {
        "beats": part("ui.heartbeat").is_beating(),
        "active": bool(service().has_active_work),
        "threads": [each.name for each in threading.enumerate() if "mint" in each.name],
    }
