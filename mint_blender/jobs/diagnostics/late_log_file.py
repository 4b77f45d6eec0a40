# SPDX-License-Identifier: GPL-3.0-or-later
"""The log file, opened for its first entry: what opens it takes long to import."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

NAME = "mint.log"
LEVELS = ("WARNING", "INFO", "DEBUG")
"""What can be logged, least first: warnings; also requests and phases of jobs; also each step."""


class LateLogFile(logging.Handler):
    """Opens the log file for its first entry. Most sessions write none."""

    def __init__(self, path: Callable[[], Path]) -> None:
        super().__init__(logging.WARNING)
        self._path = path
        self._opened: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write an entry."""
        if self._opened is None:
            from .log_file import LogFile

            self._opened = LogFile(self._path(), "NOTSET")
        self._opened.emit(record)

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()
        super().close()
