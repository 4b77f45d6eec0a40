# SPDX-License-Identifier: GPL-3.0-or-later
"""The log file in the home folder: private to the user, limited in size, shared by all processes.

The API key is removed before an entry comes here (`mint/redaction.py`).
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from ...files import disk

NAME = "mint.log"
LEVELS = ("WARNING", "INFO", "DEBUG")
"""What can be logged, least first: warnings; also requests and phases of jobs; also each step."""
EARLIER = ".1"
"""What the name of the file with earlier entries ends with."""
MAX_BYTES = 512 * 1024
"""The most that the file holds; one earlier file of that size is kept beside it."""


class LogFile(logging.FileHandler):
    """Writes entries into a log file, which is created by the first one. Never raises.

    Python's own `RotatingFileHandler` takes a twentieth of a command's time to import.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, delay=True, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self.setLevel(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Write an entry."""
        try:
            if self._is_too_large(record):
                self._begin_anew()
            super().emit(record)
        except Exception:  # noqa: BLE001 - as Python's own handlers do
            self.handleError(record)

    def _is_too_large(self, record: logging.LogRecord) -> bool:
        """Return whether the entry would make the file too large."""
        self._follow()
        if self.stream is None:
            self.stream = self._open()
        # not the position of the stream: other processes append, too
        size = os.fstat(self.stream.fileno()).st_size
        entry = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
        return size > 0 and size + len(entry) > MAX_BYTES

    def _begin_anew(self) -> None:
        """Keep the entries so far as the earlier file, and begin an empty one."""
        path = Path(self.baseFilename)
        earlier = Path(self.baseFilename + EARLIER)
        self._close_stream()
        try:
            path.replace(earlier)
        except OSError:  # on Windows, while another process has the file open
            disk.copy_private(path, earlier)
            os.truncate(path, 0)
        self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop an entry that cannot be written: Python would print a traceback."""

    def close(self) -> None:
        """Close the file, also if the last entries cannot be written."""
        with suppress(OSError):
            super().close()

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        with suppress(OSError):
            disk.make_home(path.parent)
        disk.restrict(path)
        return open(
            path,
            "a",
            encoding=self.encoding,
            errors=self.errors,
            opener=disk.opener,
        )

    def _follow(self) -> None:
        """Close the file if another process has made it the earlier one."""
        if (stream := self.stream) is None:
            return
        try:
            current = Path(self.baseFilename).stat()
            is_current = os.path.samestat(os.fstat(stream.fileno()), current)
        except OSError:
            is_current = False
        if not is_current:
            self._close_stream()

    def _close_stream(self) -> None:
        if self.stream is not None:
            self.stream.close()
            self.stream = None


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a log file; none if there is no file or it cannot be read."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 400 * lines))
            return log.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []
