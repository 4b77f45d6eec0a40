# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks, one module for each subject; run with `python3 scripts/dev.py bench`.

Each subject has a function `measure`, which yields rows of the table and plots. It runs in a
process of its own, with the Python of the default test environment (which has the `bpy` module).
"""
