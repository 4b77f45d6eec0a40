# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that a benchmark runs inside Blender: how long its main loop stands still.

`RECORDER` installs a module `main_loop` in Blender. `reset()` begins, `gap()` returns the longest
time between two turns of the main loop since then, in seconds, drawing included. `call(work)`
returns how long a call took.
"""

RECORDER = '''
import sys, time, types
module = types.ModuleType("main_loop")
exec("""
import time, bpy
last = longest = 0.0
beats = []
phases = {}

def tick():
    global last, longest
    now = time.perf_counter()
    longest, last = max(longest, now - last), now
    for job in watched():
        phases.setdefault((job.id, job.phase.value), now)
    return 0.001

def watched():
    return ()

def reset():
    global last, longest
    last, longest = time.perf_counter(), 0.0
    beats.clear()

def gap():
    return longest

def call(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
""", module.__dict__)
sys.modules["main_loop"] = module
bpy.app.timers.register(module.tick, persistent=True)
heartbeat = part("ui.heartbeat")
real = heartbeat._beat_once
def timed():
    begun = time.perf_counter()
    try:
        return real()
    finally:
        module.beats.append(time.perf_counter() - begun)
heartbeat._beat_once = timed
module.watched = lambda: job_service().jobs() if job_service() else ()
'''
