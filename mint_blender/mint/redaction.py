# SPDX-License-Identifier: GPL-3.0-or-later
"""The API key in no log, whoever keeps it: Blender, another add-on, or a handler that is added
later.

Handlers and filters come and go, and a filter on a logger does not see what its children log. So
the key is taken out where every record is made: in Python's factory of log records. One that was
set before is asked as before.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote, quote_plus

SHORTEST = 8  # characters; anything shorter is no key, and would be found in half of all words
HIDDEN = "(key)"
# on the factory: a reloaded add-on finds the one that is set already
_MARK = "mint_blender_secrets"


def register_secret(key: str) -> None:
    """Take this key out of everything that is logged from now on."""
    key = key.strip()
    if len(key) >= SHORTEST:
        _secrets().update(
            {key, quote(key, safe=""), quote_plus(key), repr(key)[1:-1], json.dumps(key)[1:-1]}
        )


def redact(text: str) -> str:
    """The text without any key that was hidden."""
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _secrets() -> set[str]:
    """All spellings of all hidden keys, kept on the factory, which is put in place if it is not
    there.
    """
    factory = logging.getLogRecordFactory()
    found = getattr(factory, _MARK, None)
    if found is None:
        found = set[str]()
        logging.setLogRecordFactory(_factory(factory, found))
    return cast(set[str], found)


def _factory(
    earlier: Callable[..., logging.LogRecord], secrets: set[str]
) -> Callable[..., logging.LogRecord]:
    def make(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = earlier(*arguments, **named)
        if secrets:
            _take_out(record, secrets)
        return record

    setattr(make, _MARK, secrets)
    return make


def _take_out(record: logging.LogRecord, secrets: set[str]) -> None:
    """Where a secret shows in message, traceback or stack, the finished text takes the place of
    what it would be made of.
    """

    def shows(text: str) -> bool:
        return any(secret in text for secret in secrets)

    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - the caller's format is wrong
        message = f"{record.msg!r} {record.args!r}"
    if shows(message):
        record.msg, record.args = redact(message), None
    if record.exc_info and record.exc_info[1] is not None:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if shows(text):
            record.exc_info, record.exc_text = None, redact(text)
    if record.stack_info and shows(record.stack_info):
        record.stack_info = redact(record.stack_info)
