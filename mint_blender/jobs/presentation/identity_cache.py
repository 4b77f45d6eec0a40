# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache what depends only on an object that never changes, such as a job or an asset.

These have no hash, and comparing two of them is slow. A changed one is always another object, so
identity is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

MOST = 512
"""How many results each function keeps: more than are ever drawn at a time."""

Function = TypeVar("Function", bound=Callable[..., Any])


class _Same:
    """A key that is equal only to a key of the same object."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


def cached_by_identity(function: Function) -> Function:
    """Cache the results of a function by the identity of its first argument.

    The other arguments need a hash. The function may depend on nothing but its arguments.
    """

    @lru_cache(maxsize=MOST)
    def cached(key: _Same, *others: Hashable) -> Any:
        return function(key.value, *others)

    @wraps(function)
    def find(value: Any, *others: Hashable) -> Any:
        return cached(_Same(value), *others)

    return cast(Function, find)
