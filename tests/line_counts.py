# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the executed lines of a call, which does not depend on the machine's load."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def count_lines(call: Callable[[], object]) -> int:
    """Return how many lines of Python a call executes.

    Each iteration of a loop counts again. C code does not count.
    """
    count = 0

    def look(_frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
        nonlocal count
        count += event == "line"
        return look

    earlier = sys.gettrace()  # coverage's trace function
    gc.collect()
    # Objects of an earlier test may run code when they are collected. That must not happen while
    # lines are counted.
    gc.disable()
    sys.settrace(look)
    try:
        call()
    finally:
        sys.settrace(earlier)
        gc.enable()
    return count
