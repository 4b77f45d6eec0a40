# SPDX-License-Identifier: GPL-3.0-or-later
"""Log unexpected errors to a file beside the journal, never to the terminal.

The key is replaced before anything is written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..files import private_files
from ..mint import redaction

NAME = "mint.log"
PACKAGE = __name__.rpartition(".cli.")[0]


@contextmanager
def logging_to_file(folder: Path, secret: str) -> Iterator[logging.Logger]:
    """Send this package's log to `folder`/mint.log while inside.

    The file is created by its first entry.
    """
    redaction.register_secret(secret)
    logger = logging.getLogger(PACKAGE)
    propagated, logger.propagate = logger.propagate, False
    # Inside Blender the add-on already writes this file.
    handler = logging.NullHandler() if logger.handlers else _handler(folder)
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
        handler.close()


def _handler(folder: Path) -> logging.Handler:
    try:
        private_files.make_home(folder)
    except OSError:
        return logging.NullHandler()
    handler = private_files.LogHandler(folder / NAME)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    return handler
