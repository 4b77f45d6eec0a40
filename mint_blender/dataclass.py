# SPDX-License-Identifier: GPL-3.0-or-later
"""Data classes that are defined in a quarter of the time that Python's own take.

Python compiles six methods for each frozen one, which takes half a millisecond, and a command has a
hundred of them. Here only `__init__` is compiled; the other methods are the same functions for all
classes. That nothing is assigned to a field of a frozen one is checked by mypy alone.

Every room may import this module; it imports none of ours.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, eq=True, kw_only=False):
        """Make a data class as Python's decorator of this name does."""

        def decorate(cls):
            dataclasses.dataclass(cls, eq=False, repr=False, kw_only=kw_only)
            compared = [field.name for field in dataclasses.fields(cls) if field.compare]
            cls._compared = attrgetter("__class__", *compared)  # as one tuple
            methods = {"__repr__": _repr}
            if eq:
                methods |= {"__eq__": _eq, "__hash__": _hash if frozen else None}
            for name in methods.keys() - vars(cls):
                setattr(cls, name, methods[name])
            return cls

        return decorate if cls is None else decorate(cls)


def _eq(self: Any, other: Any) -> Any:
    same_class = type(self) is type(other)
    return self._compared(self) == self._compared(other) if same_class else NotImplemented


def _hash(self: Any) -> int:
    return hash(self._compared(self))


def _repr(self: Any) -> str:
    shown = (field.name for field in dataclasses.fields(self) if field.repr)
    inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({inside})"
