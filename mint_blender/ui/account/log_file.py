# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's log file: its own warnings and errors, and nothing of Blender's."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from .. import session

_LOGGER = logging.getLogger(__package__.rpartition(".ui")[0])


class _State:
    handler: logging.Handler | None = None


def file() -> Path:
    """Return the path of the log file."""
    return session.home() / "mint.log"


def start() -> None:
    """Write warnings and errors into the log file; the API key is in none of them."""
    from ...files import private_files

    with contextlib.suppress(OSError):
        private_files.make_home(file().parent)
    handler = private_files.LogHandler(file())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    _LOGGER.addHandler(handler)
    session.state(_State).handler = handler


def stop() -> None:
    """Close the log file."""
    state = session.state(_State)
    if state.handler is not None:
        _LOGGER.removeHandler(state.handler)
        state.handler.close()
        state.handler = None
