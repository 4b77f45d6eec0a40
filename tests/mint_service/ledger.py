# SPDX-License-Identifier: GPL-3.0-or-later
"""Credits: reserved at the start, finalised at the end, released when nothing came of it. Prices.

The prices of models and optimisation have been seen in September 2026; those of worlds and conversion are invented.
"""

from __future__ import annotations

from collections.abc import Mapping

from .records import Operation
from .store import Store

PRICES: Mapping[str, Mapping[str, float]] = {
    "model_generation": {"fast": 248, "standard": 798, "production": 1998},
    "world_generation": {"fast": 600, "standard": 1500, "production": 3000},
}
FLAT: Mapping[str, float] = {"model_optimization": 20, "model_conversion": 10}


def price(operation_type: str, preset: str | None = None) -> float:
    """What an operation costs in all."""
    if operation_type in FLAT:
        return FLAT[operation_type]
    return PRICES[operation_type][preset or "standard"]


class Ledger:
    """The account's Credits. `balance` is what was not spent yet; a part of it may be reserved."""

    def __init__(self, store: Store, welcome: float) -> None:
        self._store = store
        self.balance: float = store.fact("balance", welcome)
        self.top_up: float = store.fact("top_up", 0)
        self.spent: float = store.fact("spent", 0)

    @property
    def reserved(self) -> float:
        """Held back for operations that are under way."""
        return sum(o.reserved for o in self._store.operations.values())

    @property
    def available(self) -> float:
        """Spendable now."""
        return self.balance - self.reserved

    def reserve(self, operation: Operation) -> bool:
        """Hold back an operation's price. False, and nothing held, when there is too little."""
        if self.available < operation.price:
            return False
        operation.reserved = operation.price
        return True

    def finalize(self, operation: Operation) -> None:
        """The work is done: what was held back is spent."""
        operation.finalized, operation.reserved = operation.reserved, 0
        self.balance -= operation.finalized
        self.spent += operation.finalized
        self._save()

    def release(self, operation: Operation) -> None:
        """Nothing came of it: give back what was held."""
        operation.reserved = 0

    def add(self, amount: float) -> None:
        """Somebody paid (or, below zero, something else was bought)."""
        self.balance += amount
        self.top_up += max(amount, 0)
        self._save()

    def _save(self) -> None:
        for name in ("balance", "top_up", "spent"):
            self._store.set_fact(name, getattr(self, name))
