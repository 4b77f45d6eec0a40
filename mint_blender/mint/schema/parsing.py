# SPDX-License-Identifier: GPL-3.0-or-later
"""Read members of untrusted JSON without raising: null, absent or of another type is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

Json = Mapping[str, Any]

_MAX_NUMBER = 1e300
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def is_valid_id(text: str) -> bool:
    """Return whether the text may be an id: opaque, but safe in a URL path, and not endless."""
    return _ID.fullmatch(text) is not None


def read_object(data: Json, name: str) -> Json | None:
    """Return a member that is an object, else None."""
    value = data.get(name)
    return value if isinstance(value, Mapping) else None


def read_text(data: Json, name: str) -> str | None:
    """Return a member that is a non-empty string, else None."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        return None
    # Half a surrogate pair is legal in JSON, but neither a terminal nor SQLite takes it.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def read_id(data: Json) -> str | None:
    """Return the member `id` if it is a valid id, else None: no other id is ever used."""
    found = read_text(data, "id")
    return found if found is not None and is_valid_id(found) else None


def read_number(data: Json, name: str) -> float | None:
    """Return a member that is a finite number of sane size, else None."""
    value = data.get(name)
    return value if is_number(value) else None


def is_number(value: object) -> TypeGuard[float]:
    """Return whether arithmetic can use the number.

    JSON's 1e999 is infinite in Python, and its integers have no limit.
    """
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER
    )


def read_time(data: Json, name: str) -> datetime | None:
    """Return a member that is an ISO 8601 time, else None; without a zone it is UTC.

    Years that not every computer can convert to its own time zone count as none.
    """
    try:
        moment = datetime.fromisoformat(data[name])
    except (KeyError, TypeError, ValueError):
        return None
    if not 1970 <= moment.year < 9999:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
