# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache what depends only on an object that never changes, such as a job or an asset.

These have no hash, and comparing two of them is slow. A changed one is always another object, so
identity is enough. A cached object is kept alive, so its id is not given to another one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar, cast

MOST = 512
"""Most results that each function keeps: more than are ever drawn at a time."""

Function = TypeVar("Function", bound=Callable[..., Any])


def cached_by_identity(function: Function) -> Function:
    """Cache the results of a function by the identity of its first argument.

    The other arguments need a hash. The function may depend on nothing but its arguments.
    """
    known: dict[tuple[Hashable, ...], tuple[Any, Any]] = {}

    @wraps(function)
    def find(value: Any, *others: Hashable) -> Any:
        key = (id(value), *others)
        found = known.get(key)
        if found is None:
            if len(known) >= MOST:
                known.clear()
            found = known[key] = (value, function(value, *others))
        return found[1]

    return cast(Function, find)
