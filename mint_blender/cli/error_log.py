# SPDX-License-Identifier: GPL-3.0-or-later
"""Log unexpected errors, or more, to a file beside the journal, never to the terminal.

The key is replaced before anything is written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..jobs.diagnostics.log_file import NAME, LogFile
from ..mint import redaction

PACKAGE = __name__.rpartition(".cli.")[0]


@contextmanager
def logging_to_file(
    folder: Path, secret: str, level: str | None = None
) -> Iterator[logging.Logger]:
    """Send this package's log to `folder`/mint.log while inside.

    The file is created by its first entry. `level` is one of `log_file.LEVELS`; None: warnings, or
    what the add-on's preferences say.
    """
    redaction.register_secret(secret)
    logger = logging.getLogger(PACKAGE)
    # Inside Blender the add-on already writes this file.
    own = [] if logger.handlers else [LogFile(folder / NAME)]
    leveled: list[logging.Logger | logging.Handler] = [logger, *logger.handlers, *own]
    before = [(each, each.level) for each in leveled]
    propagated, logger.propagate = logger.propagate, False
    if level is not None:
        for each, _ in before:
            each.setLevel(level)
    for handler in own:
        logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.propagate = propagated
        for each, earlier in before:
            each.setLevel(earlier)
        for handler in own:
            logger.removeHandler(handler)
            handler.close()
