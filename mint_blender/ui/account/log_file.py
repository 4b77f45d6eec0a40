# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's log file: its own entries, as many as the user wants, and nothing of Blender's."""

from __future__ import annotations

import logging
from pathlib import Path

from ... import addon_settings
from .. import session

_LOGGER = logging.getLogger(__package__.rpartition(".ui")[0])


class _LogFile(logging.Handler):
    """Opens the log file for its first entry. Most sessions write none."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._opened: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write an entry."""
        self._opened = self._opened or _open()
        self._opened.emit(record)

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()
        super().close()


class _State:
    handler: logging.Handler | None = None


def file() -> Path:
    """Return the path of the log file."""
    return session.home() / "mint.log"


def start() -> None:
    """Write warnings and errors into the log file; the API key is in none of them."""
    handler = _LogFile()
    _LOGGER.addHandler(handler)
    session.state(_State).handler = handler


def apply_level() -> None:
    """Log what the preferences say from now on: warnings, or more."""
    level = addon_settings.log_level()
    # with warnings alone, the logger is as other add-ons have set up the root logger
    _LOGGER.setLevel(logging.NOTSET if level == "WARNING" else level)
    if (handler := session.state(_State).handler) is not None:
        handler.setLevel(level)


def stop() -> None:
    """Close the log file."""
    state = session.state(_State)
    if state.handler is not None:
        _LOGGER.removeHandler(state.handler)
        _LOGGER.setLevel(logging.NOTSET)
        state.handler.close()
        state.handler = None


def _open() -> logging.Handler:
    from ...jobs.diagnostics.log_file import LogFile

    return LogFile(file(), "NOTSET")
