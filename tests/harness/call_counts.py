# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what code does, where a test of its seconds would depend on the machine."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls_of(act: Callable[[], object]) -> int:
    """Return how many Python functions are called, on this thread."""
    return _count(act, sys.setprofile, sys.getprofile(), "call")


def count_lines(act: Callable[[], object]) -> int:
    """Return how many lines of Python are executed, on this thread.

    Each iteration of a loop counts again. C code does not count.
    """
    return _count(act, sys.settrace, sys.gettrace(), "line")  # which may be that of coverage


def _count(
    act: Callable[[], object], install: Callable[[Any], None], earlier: Any, counted: str
) -> int:
    """Return how many events there are.

    The garbage collector waits meanwhile: the finalizers of what other tests left behind would be
    counted too, now and then.
    """
    count = 0

    def look(_frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
        nonlocal count
        count += event == counted
        return look

    collects = gc.isenabled()
    gc.disable()
    install(look)
    try:
        act()
    finally:
        install(earlier)
        if collects:
            gc.enable()
    return count
