# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a history of paid requests with what Mint has made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from .events import Adopted, Made

Finding = tuple[int, str, str, str]
"""The index of an event, a rule, a key, and what is wrong."""


@dataclass
class Books:
    """What is compared: both are kept for the whole history, over all journal files."""

    made: list[tuple[int, Made]] = field(default_factory=list)
    orders: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each was ordered by a person who knew what there is: subject and verb."""
    order_of: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What was ordered, by key."""
    begun: set[str] = field(default_factory=set)
    """The keys that were sent."""
    denials: list[tuple[int, str]] = field(default_factory=list)
    """When a person was told that nothing was started, and with which key."""
    ordered_again: dict[str, int] = field(default_factory=dict)
    """When what a copy of the journal does not have was ordered in it, by key. What the original
    has made with that key is not meant any more."""
    adopted: list[tuple[int, Adopted, frozenset[str]]] = field(default_factory=list)
    """What was adopted, with the keys of the journal in which it was."""

    def forget_denials(self, since: int, keys: Container[str]) -> None:
        """Forget what a journal with these keys has denied since: a copy has taken its place.

        What was false by then stays.
        """
        made = {each.key for _, each in self.made}
        self.denials = [
            (index, key)
            for index, key in self.denials
            if index < since or key not in keys or key in made
        ]

    def findings(self) -> Iterator[Finding]:
        """Yield what does not agree."""
        yield from self._too_many()
        yield from self._denied()
        yield from self._adopted()

    def _too_many(self) -> Iterator[Finding]:
        count = Counter[tuple[str, str]]()
        for index, made in self.made:
            order = self.order_of.get(made.key)
            if order is None or made.key not in self.begun:
                yield index, "record", made.key, "Mint was sent what no row says"
                continue
            count[order] += 1
            if count[order] > self.orders[order]:
                what = f"{count[order]} operations, ordered {self.orders[order]} times"
                yield index, "once", made.key, what

    def _denied(self) -> Iterator[Finding]:
        for index, made in self.made:
            for denied, key in self.denials:
                again = self.ordered_again.get(key, 0)
                if key == made.key and not index < again < denied:
                    what = f'"nothing was started" is false: {made.operation}'
                    yield max(index, denied), "denied", made.key, what

    def _adopted(self) -> Iterator[Finding]:
        keys = {name: made.key for _, made in self.made for name in _names(made)}
        for index, adopted, known in self.adopted:  # of other journals nothing can be known
            key = keys.get(adopted.operation, adopted.key)
            order = self.order_of.get(adopted.key)
            is_own = order is not None and adopted.operation == order[0]  # a retry of this asset
            is_same = is_own or self.order_of.get(key) == order
            if key in known and not is_same and not adopted.is_chosen:
                yield index, "chosen", adopted.key, f"{adopted.operation} was made by {key}"


def _names(made: Made) -> tuple[str, ...]:
    """Return the names under which rows and lists have an operation."""
    return (made.operation, made.asset, f"asset:{made.asset}") if made.asset else (made.operation,)
