# SPDX-License-Identifier: GPL-3.0-or-later
"""Check values against dataclass types, so that a damaged record cannot cause errors later."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from ...mint.schema import Asset, Operation

Check = Callable[[object], bool]

# Mint's answers have parsers of their own, which accept any value.
_READ_TOLERANTLY = frozenset({Operation, Asset})


def matches_type(value: object, hint: Any) -> bool:
    """Return whether a value, and everything in it, is of this type."""
    return _check_of(hint)(value)


@cache
def _check_of(hint: Any) -> Check:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: True
    if origin in {Union, types.UnionType}:
        return _union_check(arguments)
    if origin is tuple:
        return _tuple_check(arguments)
    if origin is dict:
        return lambda value: isinstance(value, dict) and all(isinstance(key, str) for key in value)
    if hint is float:
        return lambda value: (
            isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)
        )
    if hint is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    if isinstance(hint, type) and is_dataclass(hint) and hint not in _READ_TOLERANTLY:
        return _dataclass_check(hint)
    return lambda value: isinstance(value, hint)


def _union_check(arguments: tuple[Any, ...]) -> Check:
    checks = [_check_of(each) for each in arguments if each is not type(None)]
    if len(checks) == 1 and len(arguments) == 2:  # most are optional values
        (check,) = checks
        return lambda value: value is None or check(value)
    checks = [_check_of(each) for each in arguments]
    return lambda value: any(check(value) for check in checks)


def _tuple_check(arguments: tuple[Any, ...]) -> Check:
    checks = tuple(_check_of(each) for each in arguments if each is not Ellipsis)
    if Ellipsis in arguments:
        (check,) = checks
        return lambda value: isinstance(value, tuple) and all(check(each) for each in value)
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == len(checks)
        and all(check(each) for check, each in zip(checks, value, strict=True))
    )


def _dataclass_check(cls: Any) -> Check:
    hints = get_type_hints(cls)
    checks = tuple((member.name, _check_of(hints[member.name])) for member in fields(cls))

    def check(value: object) -> bool:
        if not isinstance(value, cls):
            return False
        for name, check in checks:  # noqa: SIM110 - `all` takes twice the time, at each read of a job
            if not check(getattr(value, name)):
                return False
        return True

    return check
