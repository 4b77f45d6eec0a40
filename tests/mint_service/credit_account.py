# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices and Credits: reserved at the start, then spent or released.

Credits are spent at the Preview and at the approval. The prices of models, Worlds and optimization
are those of autumn 2026; the others are invented.
"""

from __future__ import annotations

from collections.abc import Mapping

from .records import Operation
from .store import Store

PRICES: Mapping[str, Mapping[str, float]] = {
    "model_generation": {"fast": 248, "standard": 798, "production": 1998},
    "world_generation": {"fast": 1650, "standard": 1650, "production": 1650},
}
# part of each generation's price: spent when its Preview is made, and once more for each revision
PREVIEW = 150.0
FLAT: Mapping[str, float] = {"model_optimization": 20, "model_conversion": 10}


def price(operation_type: str, preset: str | None = None) -> float:
    """Return the total cost of an operation."""
    if operation_type in FLAT:
        return FLAT[operation_type]
    return PRICES[operation_type][preset or "standard"]


class CreditAccount:
    """The account's Credits; `balance` is not spent yet, and a part of it may be reserved."""

    def __init__(self, store: Store, welcome: float) -> None:
        self._store = store
        self.balance: float = store.fact("balance", welcome)
        self.top_up: float = store.fact("top_up", 0)
        self.spent: float = store.fact("spent", 0)

    @property
    def reserved(self) -> float:
        """The Credits reserved for operations in progress."""
        return sum(o.reserved for o in self._store.operations.values())

    @property
    def available(self) -> float:
        """The Credits available for new operations."""
        return self.balance - self.reserved

    def reserve(self, operation: Operation) -> bool:
        """Reserve the missing part of an operation's price.

        Returns False without reserving anything when there are too few Credits.
        """
        missing = operation.price - operation.finalized - operation.reserved
        if self.available < missing:
            return False
        operation.reserved += missing
        return True

    def spend_preview(self, operation: Operation) -> None:
        """Spend the part of the reserved Credits that belongs to a finished Preview."""
        part = min(PREVIEW, operation.reserved)
        operation.preview_spent += part
        self._spend(operation, part)

    def finalize(self, operation: Operation) -> None:
        """Spend all reserved Credits when the final stage begins or the operation is done."""
        self._spend(operation, operation.reserved)

    def release(self, operation: Operation) -> None:
        """Release reserved and spent Credits, except for those of finished Previews."""
        refund = operation.finalized - operation.preview_spent
        operation.reserved, operation.finalized = 0, operation.preview_spent
        self.balance += refund
        self.spent -= refund
        self._save()

    def _spend(self, operation: Operation, amount: float) -> None:
        operation.reserved -= amount
        operation.finalized += amount
        self.balance -= amount
        self.spent += amount
        self._save()

    def add(self, amount: float) -> None:
        """Add bought Credits, or remove Credits with a negative amount."""
        self.balance += amount
        self.top_up += max(amount, 0)
        self._save()

    def _save(self) -> None:
        for name in ("balance", "top_up", "spent"):
            self._store.set_fact(name, getattr(self, name))
