# SPDX-License-Identifier: GPL-3.0-or-later
"""The importer's chatter, kept off standard output (a script reads our answers there) and out of
Python's loggers.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

LOGGERS = ("glTFImporter", "glTFImporter_errors")


@contextlib.contextmanager
def muted_importer() -> Iterator[None]:
    """While inside, prints go nowhere (what matters comes as an exception).

    Afterwards the glTF importer's loggers have the handlers they had before: a failed import leaves
    its own behind, and every later message would be printed once more for each of them.
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
