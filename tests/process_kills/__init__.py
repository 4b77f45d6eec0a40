# SPDX-License-Identifier: GPL-3.0-or-later
"""Real processes are killed, at every boundary that instrumenting has found.

The command line generates and runs a batch against the stand-in service; with bpy, it
also writes a .blend in a headless Blender. After each kill the same command, or `resume`, is run
again, sometimes killed too. Run `python3 -m tests.process_kills`. A Blender with a window is killed
by `tests.random_steps`.
"""
