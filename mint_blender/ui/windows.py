# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of Blender's windows a click came from, so that what it opens later opens there.

Nothing of Blender's is kept, as it does not outlive a file load: a window is remembered by its
address and looked up again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy


def key_of(context: bpy.types.Context) -> int:
    """What to remember of the window at hand; 0 where there is none."""
    return context.window.as_pointer() if context.window is not None else 0


def find(key: int) -> bpy.types.Window | None:
    """The window that was remembered, else the first one; None where there is no window at all."""
    windows = list(bpy.context.window_manager.windows)
    return next(
        (window for window in windows if window.as_pointer() == key), next(iter(windows), None)
    )


@contextmanager
def inside(key: int) -> Iterator[None]:
    """Run operators in the window that was remembered, else in the first one."""
    with bpy.context.temp_override(window=find(key)):
        yield
