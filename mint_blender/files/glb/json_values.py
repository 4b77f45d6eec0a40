# SPDX-License-Identifier: GPL-3.0-or-later
"""Take values out of JSON that nobody has checked yet: the right type and range, or a `Flaw`.

Knows nothing of glTF.
"""

from __future__ import annotations

from typing import Any, Literal, overload

MOST = 2**53


class GltfError(Exception):
    """Why a file cannot be imported: words that go on after “cannot be imported:”, without a full
    stop.
    """


def part_of(owner: dict[str, Any], key: str) -> dict[str, Any]:
    """A member that is an object; an absent one is empty."""
    value = owner.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(key)
    return value


def table(owner: dict[str, Any], key: str, most: int) -> list[dict[str, Any]]:
    """A member that is a list of objects, at most `most`; an absent one is empty."""
    value = owner.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _wrong(key)
    if len(value) > most:
        raise GltfError(f"it has {len(value):,} “{key}”, more than is accepted")
    return value


def text_list(owner: dict[str, Any], key: str, most: int) -> frozenset[str]:
    """A member that is a list of texts; an absent one is empty."""
    value = owner.get(key, [])
    if (
        not isinstance(value, list)
        or len(value) > most
        or not all(isinstance(entry, str) for entry in value)
    ):
        raise _wrong(key)
    return frozenset(value)


def flag(owner: dict[str, Any], key: str) -> bool:
    """Is the member there and true?"""
    return owner.get(key) is True


def whole(
    owner: dict[str, Any], key: str, *, default: int | None = None, least: int = 0, most: int = MOST
) -> int:
    """A member that is a whole number in the range (2.0 counts as 2); an absent one is the default,
    or a flaw without one.
    """
    value = owner.get(key, default)
    if isinstance(value, float) and abs(value) <= MOST and value.is_integer():
        value = owner[key] = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong(key)
    return value


@overload
def index(owner: dict[str, Any], key: str, size: int, *, needed: Literal[True]) -> int: ...
@overload
def index(owner: dict[str, Any], key: str, size: int) -> int | None: ...


def index(owner: dict[str, Any], key: str, size: int, *, needed: bool = False) -> int | None:
    """A member that points into a list of `size`; None when absent and not needed."""
    if key not in owner and not needed:
        return None
    value = whole(owner, key)
    if value >= size:
        raise GltfError(f"“{key}” points to something that is not there")
    return value


def indices(owner: dict[str, Any], key: str, size: int) -> list[int]:
    """A member that is a list of different pointers into a list of `size`; an absent one is empty."""  # noqa: E501
    value = owner.get(key, [])
    if not isinstance(value, list) or not all(
        isinstance(entry, int) and not isinstance(entry, bool) for entry in value
    ):
        raise _wrong(key)
    if not all(0 <= entry < size for entry in value) or len(set(value)) != len(value):
        raise GltfError(f"“{key}” points to something that is not there")
    return value


def _wrong(key: str) -> GltfError:
    shown = "".join(letter if letter.isprintable() else "?" for letter in key)[:40]
    return GltfError(f"“{shown}” in its JSON is not what it should be")
