# SPDX-License-Identifier: GPL-3.0-or-later
"""Do in a thread, before a click needs it, what would make Blender's window stand still.

Importing what a job service needs takes half a second.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")

MODULES = (
    *("requests", "numpy", ".service", ".engine.scheduler", ".storage.import_marks"),
    *(".workflow.context", ".library.view_model"),
)


class Ahead(Generic[T]):
    """A thread that calls a function once and ends; the result of the function is kept.

    The function must not raise and not use `bpy`.
    """

    result: T

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._thread = threading.Thread(target=self._run, name="mint-ahead", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.result = self._function()

    def is_done(self) -> bool:
        """Return whether the thread has ended."""
        return not self._thread.is_alive()

    def close(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()


class Preload(Ahead[None]):
    """A thread that imports modules and ends."""

    def __init__(self) -> None:
        super().__init__(_import)


def _import() -> None:
    for name in MODULES:
        with suppress(Exception):  # the click that needs the module says what is wrong
            importlib.import_module(name, __package__)
