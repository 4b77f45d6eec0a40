# SPDX-License-Identifier: GPL-3.0-or-later
"""Why what a person has asked for was not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..message import Message, UserError

if TYPE_CHECKING:
    from .queries import Query


class NotPossible(UserError):
    """What the user asked for is not possible now; the message says why."""


class OtherAccount(NotPossible):
    """The job belongs to another account or server than the key in use, so nothing is sent."""


class TooExpensive(NotPossible):
    """It would cost more than a limit; nothing was started.

    `missing_prices` are the prices that Mint has not been asked for yet. `credits` is what it
    would cost from now on; None: unknown.
    """

    def __init__(
        self,
        message: str,
        *,
        spent: float = 0.0,
        missing_prices: tuple[Query, ...] = (),
        credits: float | None = None,
    ) -> None:
        super().__init__(Message("{problem} Nothing was started.", problem=message))
        self.message = message
        self.spent = spent
        self.missing_prices = missing_prices
        self.credits = credits
