# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a call has to do, counted instead of timed: the same on every machine and under every
load.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines(call: Callable[[], object]) -> int:
    """How many lines of Python are run for `call`, each round of a loop anew.

    What C code does for one of them counts as nothing.
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
