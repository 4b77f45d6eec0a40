# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out one step, and look at what has changed before it and by it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from random import Random
from typing import Any

import bpy

from ..steps import BLOCK_OUT_STEPS, EDITING_STEPS, FILE_STEPS, MINT_STEPS
from . import addon, editing, facts, files, mint, snapshot
from .context import NotNow, call

DEFERRED = {"switch_workspace", "switch_scene", "open_window", "close_window", "change_area"}
DEFERRED |= {"open_file", "revert", "new_file", "render", "render_in_background"}
"""Blender finishes these after the step, so scene, mode and active object change afterwards."""
RESTORING = {"undo", "redo", "undo_and_redo", "undo_history", "adjust_last_operation"}
RESTORING |= {"repeat_last", "open_file", "revert", "new_file", "duplicate", "add_scene"}
"""These bring back, or copy, what is in the file."""
HARMLESS = {"save", "save_as", "toggle_sidebar", "change_area", "refresh_library"}
"""These change nothing that an undo or an adjustment would return to."""


class _State:
    with_addon: bool = True
    last: snapshot.Snapshot | None = None


_state = _State()


def begin(folder: str, left_of_addon: Callable[[], dict[str, Any]], with_addon: bool) -> None:
    """Prepare a Blender that has just started."""
    facts.begin(folder)
    facts.set_left_of_addon(left_of_addon)
    _state.with_addon = with_addon
    bpy.context.preferences.view.render_display_type = "NONE"
    bpy.context.preferences.filepaths.save_version = 0


def run(name: str, number: int) -> dict[str, Any]:
    """Carry out a step; return what became of it and which rules were broken."""
    if not _state.with_addon:
        outcome = _attempt(_without_addon(name), number)
        return {"outcome": outcome, "violations": []}
    addon.follow_placements()
    before = snapshot.take()
    placed = snapshot.take_placements()
    if _state.last is not None:
        snapshot.check_added(_state.last, before, placed, f"before {name}")
        snapshot.check_kept(_state.last, before, placed, f"before {name}")
    outcome = _attempt(_function(name), number)
    _check_after(name, before)
    addon.check_leaks()
    addon.note_recorded()
    return {"outcome": outcome, "violations": facts.take_violations()}


def _check_after(name: str, before: snapshot.Snapshot) -> None:
    now, placed = snapshot.take(), snapshot.take_placements()
    if name in MINT_STEPS:
        snapshot.check_kept(before, now, placed, name)
    elif name not in HARMLESS:
        snapshot.forget_last_placed()
    if name not in RESTORING:
        snapshot.check_added(before, now, placed, name)
    _state.last = None if name in DEFERRED else now


def _attempt(function: Callable[[Random], None], number: int) -> str:
    """Call a step. A refusal is an answer; any other exception breaks a rule."""
    try:
        function(Random(number))
    except NotNow as reason:
        return f"not now: {reason}"
    except RuntimeError as refusal:
        if "Traceback" in str(refusal):
            facts.complain(str(refusal))
        return f"refused: {str(refusal).strip()}"
    except Exception:
        facts.complain(traceback.format_exc())
        return "failed"
    return "done"


def _function(name: str) -> Callable[[Random], None]:
    if name in MINT_STEPS or name in BLOCK_OUT_STEPS:
        if name != "toggle_addon":
            addon.enable()
        return getattr(mint, name)
    return getattr(editing if name in EDITING_STEPS else files, name)


def _without_addon(name: str) -> Callable[[Random], None]:
    """Return what is done instead where the add-on is not installed."""
    if name in EDITING_STEPS or name in FILE_STEPS:
        return _function(name)
    return _place_cube if name in {"generate", "place", "use_form"} else lambda chance: None


def _place_cube(chance: Random) -> None:
    """Add an object as a script does, instead of a result."""
    mesh = bpy.data.meshes.new("Result")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Result", mesh))
    call("ed.undo_push", message="Result")
