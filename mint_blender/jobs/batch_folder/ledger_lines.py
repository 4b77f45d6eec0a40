# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the lines of a batch's ledger, each of which is a JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import json_text

Unparsed = dict[str, Any]
_START = b'{"line": "'  # of each entry: `json.dumps` keeps the order of the members


def lines_from_end(data: bytes) -> Iterator[bytes]:
    """Yield the lines, the last one first, without a copy of all: there may be 200 MB."""
    end = len(data)
    while end >= 0:
        start = data.rfind(b"\n", 0, end)
        yield data[start + 1 : end]
        end = start


def tag_at_start(text: bytes) -> str | None:
    """Return the tag of an entry without reading the rest; None if it does not begin with it."""
    if not text.startswith(_START):
        return None
    end = text.find(b'"', len(_START))
    return text[len(_START) : end].decode("utf-8", "replace")


def by_tag(text: bytes) -> dict[str, Unparsed]:
    """Return the entry of a line of the file by its tag; nothing if it is incomplete."""
    try:
        data = json_text.parse(text)
        return {str(data["line"]): {**data, "job": str(data["job"]), "by": str(data["by"])}}
    except (ValueError, KeyError, TypeError):
        return {}
