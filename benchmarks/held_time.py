# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure in a Blender with a window for how long code of the add-on holds the main thread.

A stretch begins when Blender calls a function of the add-on, and ends when that returns. Time in
which the system ran something else on the processor does not count, since a busy machine is no
fault of the add-on; waiting for anything else does.
"""

from __future__ import annotations

from tests.window.blender_window import BlenderWindow

_INSTALL = '''
import os, threading, time, types

module = sys.modules["held_time"] = types.ModuleType("held_time")
exec("""
import os, sys, threading, time

main = threading.main_thread().ident
status = os.open(f"/proc/self/task/{threading.main_thread().native_id}/schedstat", os.O_RDONLY)
stretches = {}
depth, begun, waited, outermost = 0, 0.0, 0.0, ""

def run_delay():
    return int(os.pread(status, 100, 0).split()[1]) / 1e9

def enter(code, *more):
    global depth, begun, waited, outermost
    if "/mint_blender/" not in code.co_filename:
        return
    if threading.get_ident() != main:
        return
    depth += 1
    if depth == 1:
        outermost, waited, begun = code.co_qualname, run_delay(), time.monotonic()

def leave(code, *more):
    global depth
    if "/mint_blender/" not in code.co_filename or threading.get_ident() != main or not depth:
        return
    depth -= 1
    if not depth:
        held = time.monotonic() - begun - (run_delay() - waited)
        stretches.setdefault(outermost, []).append(held)

monitoring = sys.monitoring
events = monitoring.events
monitoring.use_tool_id(3, "mint held time")
for event in (events.PY_START, events.PY_RESUME, events.PY_THROW):
    monitoring.register_callback(3, event, enter)
for event in (events.PY_RETURN, events.PY_YIELD, events.PY_UNWIND):
    monitoring.register_callback(3, event, leave)
monitoring.set_events(
    3,
    events.PY_START | events.PY_RESUME | events.PY_THROW
    | events.PY_RETURN | events.PY_YIELD | events.PY_UNWIND,
)
""", module.__dict__)
'''


def install(blender: BlenderWindow) -> None:
    """Begin to measure."""
    blender.ask(_INSTALL)


def reset(blender: BlenderWindow) -> None:
    """Forget what was measured."""
    blender.ask("sys.modules['held_time'].stretches.clear()")


def stretches(blender: BlenderWindow) -> dict[str, list[float]]:
    """Return the seconds of each stretch, by the function that Blender has called."""
    found: dict[str, list[float]] = blender.ask("sys.modules['held_time'].stretches")
    return found
