# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row of the table of faults says."""

from __future__ import annotations

from dataclasses import dataclass

from .hosts import Behavior, Call
from .name_resolution import Lookup

BY_ITSELF = "goes on by itself"
RESUME = "Resume"
ASK_AGAIN = "is asked again"


@dataclass(frozen=True)
class NetworkFault:
    """A fault that hits a call until the user has read of it, and what comes of it.

    Attributes:
        name: Its name, as an id of a test.
        call: The call that it hits.
        how: What happens, in words.
        exchange: What happens to the exchange.
        lookup: What the name of the host leads to.
        is_refused: Nothing listens at Mint.
        is_lasting: It does not end, since the client can live with it, such as HTTP/1.0.
        clock: Seconds by which this computer's clock is ahead.
        clock_jump: Seconds by which the clock is set forward when the user has read of the fault.
        most: How many requests are hit at most.
        reads: The sentence that the user reads; empty if there is none.
        then: How the job continues once the fault is over.
    """

    name: str
    call: Call
    how: str
    exchange: Behavior | None = None
    lookup: Lookup | None = None
    is_refused: bool = False
    is_lasting: bool = False
    clock: float = 0.0
    clock_jump: float = 0.0
    most: int | None = None
    reads: str = ""
    then: str = BY_ITSELF

    @property
    def id(self) -> str:
        """Its name and its call."""
        return f"{self.name}-{self.call}"
