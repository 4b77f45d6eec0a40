# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: each is one request of the user, from the click to the scene.

The only room with threads. Knows no Blender.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """This package. For scripts, `mint_blender.jobs()` lists jobs, as `api.jobs` does."""

    def __call__(self) -> Iterator[dict[str, Any]]:
        """Yield every job on the list, newest first, as `jobs --json` prints it."""
        found: Iterator[dict[str, Any]] = import_module("..api_reads", __name__).jobs()
        return found


sys.modules[__name__].__class__ = _Callable
