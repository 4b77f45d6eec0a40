# SPDX-License-Identifier: GPL-3.0-or-later
"""Rename and delete files that another process may have open at that moment.

Windows refuses both while a virus scanner, a search index or a backup reads the file, mostly for a
fraction of a second. So these functions try again for `PATIENCE` seconds. Elsewhere nothing is
refused for that reason, and any error is raised at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

INTERVALS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3)
"""Seconds between the attempts."""
PATIENCE = sum(INTERVALS)
_IN_USE = frozenset({5, 32, 33})
"""Windows' codes: access denied (also for a file that is being deleted), in use, locked."""


def replace(source: Path, target: Path) -> None:
    """Rename a file to a name in the same folder, in place of the file that may have it.

    Raises:
        OSError: It is still refused after `PATIENCE` seconds, or for any other reason.
    """
    _retry(lambda: source.replace(target))


def remove(path: Path) -> None:
    """Delete a file, if it exists.

    Raises:
        OSError: It is still refused after `PATIENCE` seconds, or for any other reason.
    """
    _retry(lambda: path.unlink(missing_ok=True))


def try_to_remove(path: Path) -> None:
    """Delete a file if that is possible: for one that does no harm where it is."""
    with suppress(OSError):
        remove(path)


def _retry(action: Callable[[], object]) -> None:
    for interval in (*INTERVALS, None):
        try:
            action()
            return
        except PermissionError as error:
            if interval is None or getattr(error, "winerror", None) not in _IN_USE:
                raise
        time.sleep(interval)
