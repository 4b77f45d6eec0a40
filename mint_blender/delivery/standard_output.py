# SPDX-License-Identifier: GPL-3.0-or-later
"""Reserve standard output for our results.

What Blender prints there (each rendered tile, each saved file) is discarded.
"""

from __future__ import annotations

import os
import sys


def reserve_for_results() -> None:
    """Redirect file descriptor 1 to the null device and keep `sys.stdout` for our results.

    Blender writes to the descriptor directly, from a buffer that may be flushed at the very end, so
    this lasts until the process ends.
    """
    try:
        results = os.dup(1)
        null_device = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        return  # there is no standard output
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout = os.fdopen(results, "w", encoding=encoding, errors="backslashreplace", buffering=1)
    os.dup2(null_device, 1)
    os.close(null_device)


def discard_output() -> None:
    """Discard what is still buffered, since nobody reads it any more.

    Otherwise Python's last flush would fail with a broken pipe.
    """
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, sys.stdout.fileno())
    os.close(null_device)
