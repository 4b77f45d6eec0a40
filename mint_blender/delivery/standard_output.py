# SPDX-License-Identifier: GPL-3.0-or-later
"""Standard output belongs to our results: what Blender prints to it (each rendered tile, each saved
file) goes nowhere.
"""

from __future__ import annotations

import os
import sys


def reserve_for_results() -> None:
    """From here to the end of the process, file descriptor 1 is the null device, and `sys.stdout`
    what descriptor 1 was.

    Blender prints past Python, and from a buffer that may be written at the very end; so nothing is
    put back.
    """
    try:
        results = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        return  # no standard output: nothing to keep
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout = os.fdopen(results, "w", encoding=encoding, errors="backslashreplace", buffering=1)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def discard_output() -> None:
    """The reader of our results has gone: what is still in the buffer goes nowhere, and Python's
    last flush finds no broken pipe.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
