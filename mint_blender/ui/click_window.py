# SPDX-License-Identifier: GPL-3.0-or-later
"""Remember from which window a click came, so that what it opens later opens there.

A window does not outlive a file load: it is remembered by its address and looked up again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy


def key_of(context: bpy.types.Context) -> int:
    """Return a key of the current window, its address; 0 if there is none."""
    return context.window.as_pointer() if context.window is not None else 0


def find(key: int) -> bpy.types.Window | None:
    """Return the remembered window, else the first one; None if there is no window at all."""
    windows = list(bpy.context.window_manager.windows)
    return next(
        (window for window in windows if window.as_pointer() == key), next(iter(windows), None)
    )


@contextmanager
def inside(key: int) -> Iterator[None]:
    """Run operators in the remembered window, else in the first one."""
    with bpy.context.temp_override(window=find(key)):
        yield
