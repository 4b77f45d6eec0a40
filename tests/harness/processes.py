# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program and read what it has printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

IS_WINDOWS = sys.platform == "win32"

KILLED = 1 if IS_WINDOWS else -9
"""The exit status of a process after `Popen.kill`."""

KILLED_ITSELF = 9 if IS_WINDOWS else -9
"""The exit status of a process after `os.kill(os.getpid(), 9)`, which is SIGKILL where signals are."""


def is_running(process: int) -> bool:
    """Return whether there is a process with this id; one that has ended may still be listed."""
    if sys.platform != "win32":
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        return True
    import ctypes

    kernel = ctypes.WinDLL("kernel32")
    kernel.OpenProcess.restype = ctypes.c_void_p
    synchronize = 0x100000
    handle = ctypes.c_void_p(kernel.OpenProcess(synchronize, False, process))
    if not handle:
        return False
    still_waits = kernel.WaitForSingleObject(handle, 0) != 0
    kernel.CloseHandle(handle)
    return bool(still_waits)


def peak_memory() -> int:
    """Return the most memory that this process has had so far, in bytes."""
    if sys.platform != "win32":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    import ctypes

    kernel = ctypes.WinDLL("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    counters = (ctypes.c_size_t * 9)()  # PROCESS_MEMORY_COUNTERS; the second is the peak
    counters[0] = ctypes.sizeof(counters)
    this = ctypes.c_void_p(kernel.GetCurrentProcess())
    assert kernel.K32GetProcessMemoryInfo(this, counters, ctypes.sizeof(counters))
    return counters[1]


def captured(
    words: Sequence[str | Path], *, check: bool = False, timeout: float = 120, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Return how a program has ended, with its output as text; it has two minutes."""
    return subprocess.run(
        words, check=check, timeout=timeout, capture_output=True, text=True, **more
    )
