# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep API keys out of all logs: Blender's, other add-ons', and handlers that are added later.

A filter on a logger does not see the records of its children, so the key is removed where records
are made: in Python's log record factory. A factory that was set before is still called.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote, quote_plus

MIN_LENGTH = 8
"""Characters; anything shorter is not a key, and would occur in ordinary words."""
PLACEHOLDER = "(key)"
# attribute of the factory: a reloaded add-on finds a factory that is set already
_MARK = "mint_blender_secrets"


def register_secret(key: str) -> None:
    """Remove this key from everything that is logged from now on."""
    key = key.strip()
    if len(key) >= MIN_LENGTH and key not in (secrets := _secrets()):
        secrets.update(
            {key, quote(key, safe=""), quote_plus(key), repr(key)[1:-1], json.dumps(key)[1:-1]}
        )


def redact(text: str) -> str:
    """Return the text without registered keys."""
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, PLACEHOLDER)
    return text


def _secrets() -> set[str]:
    """Return all spellings of registered keys, which the factory holds; install it if missing."""
    factory = logging.getLogRecordFactory()
    secrets = getattr(factory, _MARK, None)
    if secrets is None:
        secrets = set[str]()
        logging.setLogRecordFactory(_factory(factory, secrets))
    return cast(set[str], secrets)


def _factory(
    previous: Callable[..., logging.LogRecord], secrets: set[str]
) -> Callable[..., logging.LogRecord]:
    def make(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = previous(*arguments, **named)
        if secrets:
            _redact_record(record, secrets)
        return record

    setattr(make, _MARK, secrets)
    return make


def _redact_record(record: logging.LogRecord, secrets: set[str]) -> None:
    """Replace message, traceback and stack by redacted text if they contain a secret."""

    def has_secret(text: str) -> bool:
        return any(secret in text for secret in secrets)

    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - the caller's format is wrong
        message = f"{record.msg!r} {record.args!r}"
    if has_secret(message):
        record.msg = redact(message)
        record.args = None
    if record.exc_info and record.exc_info[1] is not None:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if has_secret(text):
            record.exc_info = None
            record.exc_text = redact(text)
    if record.stack_info and has_secret(record.stack_info):
        record.stack_info = redact(record.stack_info)
