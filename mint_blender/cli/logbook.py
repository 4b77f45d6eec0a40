# SPDX-License-Identifier: GPL-3.0-or-later
"""What no user should have to read: the details of our own mistakes, in a file beside the journal. Never the key."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "mint-blender.log"
PACKAGE = __name__.rpartition(".cli.")[0]


@contextmanager
def kept(folder: Path, secret: str) -> Iterator[logging.Logger]:
    """While inside, what this package logs goes into `folder`/mint-blender.log (made with the first entry) and not to the terminal."""
    logger = logging.getLogger(PACKAGE)
    handler = _handler(folder)
    handler.setFormatter(_Discreet(secret))
    propagated = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
        handler.close()


def _handler(folder: Path) -> logging.Handler:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return logging.NullHandler()
    return logging.FileHandler(folder / NAME, encoding="utf-8", delay=True)


class _Discreet(logging.Formatter):
    """Blots out the key wherever an exception's text repeats it."""

    def __init__(self, secret: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text.replace(self._secret, "(key)") if self._secret else text
