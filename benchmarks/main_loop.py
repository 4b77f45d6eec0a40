# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure in a Blender window: turns of the main loop, beats of the add-on, and single calls."""

from __future__ import annotations

from pathlib import Path

from tests.window.blender_window import BlenderWindow

MODULE = "sys.modules['main_loop']"
_INSTALL = '''
import types
module = sys.modules["main_loop"] = types.ModuleType("main_loop")
exec("""
import time

last = longest = 0.0
beats = []
phases = {}
jobs = None

def tick():
    global last, longest
    now = time.monotonic()
    longest, last = max(longest, now - last), now
    for job in jobs():
        phases.setdefault(job.id, {}).setdefault(job.phase.value, now)
    return 0.001

def reset():
    global last, longest
    last, longest = time.monotonic(), 0.0
    beats.clear()

def call(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
""", module.__dict__)
module.jobs = lambda: job_service().jobs() if job_service() else ()
bpy.app.timers.register(module.tick, persistent=True)

heartbeat = part("ui.heartbeat")
def timed(beat=heartbeat._beat_once):
    result = []
    module.beats.append(module.call(lambda: result.append(beat())))
    return result[0]
heartbeat._beat_once = timed

import os
imports = part("ui.job_list.auto_import")
def kept(job_id, forget=imports.forget):
    result = imports._preparations()._results.get(job_id)
    if result:
        os.link(result[1].path, path)  # takes no time
    forget(job_id)
imports.forget = kept

builds = part("scene.model.build")
def appended(*values, append=builds.append):
    result = []
    module.appended = module.call(lambda: result.append(append(*values)))
    return result[0]
builds.append = appended
'''


def install(blender: BlenderWindow, kept: Path) -> None:
    """Begin to watch a Blender; prepared results are also copied to `kept`."""
    blender.ask(_INSTALL, path=str(kept))


def reset(blender: BlenderWindow) -> None:
    """Forget what was measured."""
    blender.ask(f"{MODULE}.reset()")


def gap(blender: BlenderWindow) -> float:
    """Return the longest time between two turns of the main loop, drawing included."""
    return float(blender.ask(f"{MODULE}.longest"))


def longest_beat(blender: BlenderWindow) -> float:
    """Return the longest beat of the add-on."""
    return float(blender.ask(f"max({MODULE}.beats)"))


def appended(blender: BlenderWindow) -> float:
    """Return how long Blender took to append the last model that was placed or replaced."""
    return float(blender.ask(f"{MODULE}.appended"))


def phases(blender: BlenderWindow, job_id: str) -> dict[str, float]:
    """Return when a job was first seen in each phase, by the clock `time.monotonic`."""
    found: dict[str, float] = blender.ask(f"{MODULE}.phases[job_id]", job_id=job_id)
    return found


def call(blender: BlenderWindow, code: str, **values: object) -> float:
    """Return how long an expression takes in the 3D Viewport."""
    timed = f"with within('VIEW_3D'):\n    result = {MODULE}.call(lambda: {code})"
    return float(blender.ask(timed, **values))
