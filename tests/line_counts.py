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

    Each round of a loop counts again. C code counts as nothing.
    """
    count = 0

    def look(_frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
        nonlocal count
        count += event == "line"
        return look

    earlier = sys.gettrace()  # coverage's
    gc.collect()
    # what an earlier test has left behind may have something to do when it is swept up: not within
    # what is counted
    gc.disable()
    sys.settrace(look)
    try:
        call()
    finally:
        sys.settrace(earlier)
        gc.enable()
    return count
