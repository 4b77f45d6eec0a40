# SPDX-License-Identifier: GPL-3.0-or-later
"""Import in a thread what a job service needs, before a click needs it.

That takes half a second, and Blender's window stands still for it if it happens at the click.
"""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress

MODULES = (
    *("requests", "numpy", ".service", ".engine.scheduler", ".storage.import_marks"),
    *(".workflow.context", ".diagnostics.log_file", ".library.view_model"),
)


class Preload:
    """A thread that imports modules and ends."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=_import, name="mint-preload", daemon=True)
        self._thread.start()

    def is_done(self) -> bool:
        """Return whether the thread has ended."""
        return not self._thread.is_alive()

    def close(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()


def _import() -> None:
    for name in MODULES:
        with suppress(Exception):  # the click that needs the module says what is wrong
            importlib.import_module(name, __package__)
