# SPDX-License-Identifier: GPL-3.0-or-later
"""Count in a Blender with a window which functions of the add-on begin."""

COUNT = """
import collections
monitoring, started = sys.monitoring, collections.Counter()

def note(code, offset):
    if "/mint_blender/" in code.co_filename:
        started[code.co_qualname] += 1

if monitoring.get_tool(4) is None:
    monitoring.use_tool_id(4, "mint wake-ups")
monitoring.register_callback(4, monitoring.events.PY_START, note)
monitoring.set_events(4, monitoring.events.PY_START)
sys.mint_started = started
"""
"""Counts by its name each function of the add-on that begins, on any thread."""

STARTED = "[dict(sys.mint_started), sys.mint_started.clear()][0]"
