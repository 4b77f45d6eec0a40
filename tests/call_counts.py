# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what code does, where a test of its seconds would depend on the machine."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any


def calls_of(act: Callable[[], object]) -> int:
    """Return how many Python functions are called, on this thread.

    The garbage collector waits meanwhile: the finalizers of what other tests left behind would be
    counted too, now and then.
    """
    count = 0

    def on_event(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    collects = gc.isenabled()
    gc.disable()
    sys.setprofile(on_event)
    try:
        act()
    finally:
        sys.setprofile(None)
        if collects:
            gc.enable()
    return count
