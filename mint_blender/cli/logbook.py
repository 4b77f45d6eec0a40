# SPDX-License-Identifier: GPL-3.0-or-later
"""What no user should have to read: the details of our own mistakes, in a file beside the journal. Never the key."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

NAME = "mint.log"
PACKAGE = __name__.rpartition(".cli.")[0]


@contextmanager
def kept(folder: Path, secret: str) -> Iterator[logging.Logger]:
    """While inside, what this package logs goes into `folder`/mint.log (made with the first entry) and not to the terminal."""
    logger = logging.getLogger(PACKAGE)
    propagated, logger.propagate = logger.propagate, False
    # Inside Blender the add-on keeps that very file already.
    handler = logging.NullHandler() if logger.handlers else _handler(folder, secret)
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
        handler.close()


def _handler(folder: Path, secret: str) -> logging.Handler:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return logging.NullHandler()
    handler = RotatingFileHandler(folder / NAME, maxBytes=512 * 1024, backupCount=1, delay=True, encoding="utf-8")
    handler.setFormatter(_Discreet(secret))
    handler.setLevel(logging.WARNING)
    return handler


class _Discreet(logging.Formatter):
    """Blots out the key wherever an exception's text repeats it."""

    def __init__(self, secret: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text.replace(self._secret, "(key)") if self._secret else text
