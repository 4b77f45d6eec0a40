# SPDX-License-Identifier: GPL-3.0-or-later
"""Read values from untrusted JSON with the right type and range, or raise `GltfError`.

Does not depend on glTF.
"""

from __future__ import annotations

from typing import Any, Literal, overload

from ...message import Message

JsonObject = dict[str, Any]
MAX_INTEGER = 2**53


class GltfError(Exception):
    """Why a file cannot be imported: a clause for “cannot be imported: …”, without a period."""


def get_object(owner: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a member that is an object; empty if absent."""
    value = owner.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(key)
    return value


def get_objects(owner: dict[str, Any], key: str, most: int) -> list[dict[str, Any]]:
    """Return a member that is a list of at most `most` objects; empty if absent."""
    value = owner.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _wrong(key)
    if len(value) > most:
        raise GltfError(
            Message("it has {count:,} “{key}”, more than the limit", count=len(value), key=key)
        )
    return value


def get_strings(owner: dict[str, Any], key: str, most: int) -> frozenset[str]:
    """Return a member that is a list of strings; empty if absent."""
    value = owner.get(key, [])
    if (
        not isinstance(value, list)
        or len(value) > most
        or not all(isinstance(entry, str) for entry in value)
    ):
        raise _wrong(key)
    return frozenset(value)


def get_flag(owner: dict[str, Any], key: str) -> bool:
    """Return whether the member is `true`."""
    return owner.get(key) is True


def get_integer(
    owner: dict[str, Any],
    key: str,
    *,
    default: int | None = None,
    least: int = 0,
    most: int = MAX_INTEGER,
) -> int:
    """Return a member that is an integer in the range (2.0 counts as 2).

    An absent one is the default; without a default it is a GltfError.
    """
    value = owner.get(key, default)
    if isinstance(value, float) and abs(value) <= MAX_INTEGER and value.is_integer():
        value = owner[key] = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong(key)
    return value


@overload
def get_index(owner: dict[str, Any], key: str, size: int, *, needed: Literal[True]) -> int: ...
@overload
def get_index(owner: dict[str, Any], key: str, size: int) -> int | None: ...


def get_index(owner: dict[str, Any], key: str, size: int, *, needed: bool = False) -> int | None:
    """Return a member that is an index into a list of `size`; None if absent and not needed."""
    if key not in owner and not needed:
        return None
    value = get_integer(owner, key)
    if value >= size:
        raise GltfError(Message("“{key}” refers to something that does not exist", key=key))
    return value


def get_indices(owner: dict[str, Any], key: str, size: int) -> list[int]:
    """Return a member that is a list of distinct indices into a list of `size`."""
    value = owner.get(key, [])
    if not isinstance(value, list) or not all(
        isinstance(entry, int) and not isinstance(entry, bool) for entry in value
    ):
        raise _wrong(key)
    if not all(0 <= entry < size for entry in value) or len(set(value)) != len(value):
        raise GltfError(Message("“{key}” refers to something that does not exist", key=key))
    return value


def _wrong(key: str) -> GltfError:
    shown = "".join(letter if letter.isprintable() else "?" for letter in key)[:40]
    return GltfError(Message("“{key}” in its JSON has an invalid value", key=shown))
