# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the servers of the tests that hold a key where it must not be."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from .spellings import find

LEAKS: list[str] = []
"""A line for each such request; the plugin takes them after each test."""
SEARCHED = itertools.count()
"""Gives a number to each request that was searched."""


def look(
    host: str,
    line: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    allowed: str = "authorization",
) -> bool:
    """Return whether a request has the key anywhere but in the allowed header, and note that."""
    next(SEARCHED)
    parts = {"the address": line.encode(), "the body": body}
    for name, value in headers.items():
        if name.lower() != allowed:
            parts[f"the header {name}"] = value.encode("utf-8", "surrogateescape")
    found = [where for where, data in parts.items() if find(data)]
    for where in found:
        note(f"{where} of a request to {host}: {line.partition('?')[0]}")
    return bool(found)


def note(what: str) -> None:
    """Note a key that has reached a server where it must not be."""
    LEAKS.append(what)


def take() -> list[str]:
    """Return what was noted since the last call."""
    taken = LEAKS[:]
    del LEAKS[: len(taken)]
    return taken
