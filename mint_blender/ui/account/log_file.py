# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's log file: its own entries, as many as the user wants, and nothing of Blender's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ... import addon_settings
from .. import session

if TYPE_CHECKING:
    import logging


class _State:
    handler: logging.Handler | None = None


def file() -> Path:
    """Return the path of the log file."""
    return session.home() / "mint.log"


def prepare() -> None:
    """Have `start` called before anything is logged."""
    session.on_first_log_entry(start)
    session.on_first_use(start)


def start() -> None:
    """Write warnings and errors into the log file, or more; the API key is in none of them."""
    if session.state(_State).handler is None:
        apply_level()


def apply_level() -> None:
    """Log what the preferences say from now on: warnings, or more."""
    state, level = session.state(_State), addon_settings.settings().log_level
    if state.handler is None:
        from ...jobs.diagnostics.log_file import LogFile

        state.handler = LogFile(file())
        _logger().addHandler(state.handler)
    # with warnings alone, the logger is as other add-ons have set up the root logger
    _logger().setLevel("NOTSET" if level == "WARNING" else level)
    state.handler.setLevel(level)


def stop() -> None:
    """Close the log file, and open it no more."""
    session.current().on_first_log_entry.clear()
    state = session.state(_State)
    if state.handler is not None:
        _logger().removeHandler(state.handler)
        _logger().setLevel("NOTSET")
        state.handler.close()
        state.handler = None


def _logger() -> logging.Logger:
    import logging

    return logging.getLogger(__package__.rpartition(".ui")[0])
