# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile input for everything that reads what others wrote: answers, files, journals, tools.

`targets/` has one target for each subject. The tests try some inputs of each, which are always
the same; `python3 -m tests.fuzzing` tries millions, guided by the lines that they reach. An input
that has failed is kept in `cases/` and is a test from then on.
"""
