# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the output of the glTF importer off standard output, where scripts read our results."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

LOGGERS = ("glTFImporter", "glTFImporter_errors")


@contextlib.contextmanager
def muted_importer() -> Iterator[None]:
    """Discard what is printed inside, and restore the handlers of the importer's loggers.

    A failed import leaves its log handlers behind; every later message would be printed once
    more for each of them.
    """
    before = {name: list(logging.getLogger(name).handlers) for name in LOGGERS}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for name, handlers in before.items():
            logger = logging.getLogger(name)
            for handler in [each for each in logger.handlers if each not in handlers]:
                logger.removeHandler(handler)
