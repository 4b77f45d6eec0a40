# SPDX-License-Identifier: GPL-3.0-or-later
"""The same picture is sent to the same account once: where it lies is remembered for as long as one
may rely on it.
"""

from __future__ import annotations

import hashlib
import time
from typing import NamedTuple

from ...mint.account import Owner
from ..engine.messages import CallEnded
from ..storage.journal import Journal

LASTS = 30 * 24 * 3600.0  # seconds; Mint calls the address durable, but says not for how long


class Picture(NamedTuple):
    """What is sent, by its bytes, and whose it is."""

    digest: str
    owner: Owner


class Uploads:
    """Which pictures are at Mint, and which are on their way. For the scheduler's thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._in_flight: dict[int, Picture] = {}  # by the number of the call

    def picture(self, data: bytes) -> Picture:
        """These bytes, for the present account."""
        current_account = self._journal.current_account
        return Picture(
            hashlib.sha256(data).hexdigest(),
            (current_account and current_account.owner) or Owner("", ""),
        )

    def address(self, picture: Picture) -> str | None:
        """Where it lies at Mint."""
        return self._journal.uploaded(*picture, since=time.time() - LASTS)

    def is_in_flight(self, picture: Picture) -> bool:
        """Does another job send the same one just now?"""
        return picture in self._in_flight.values()

    def sent(self, number: int | None, picture: Picture) -> None:
        """It is on its way with this call."""
        self._in_flight[number or 0] = picture

    def take_in(self, ended: CallEnded) -> bool:
        """A call has come back.

        Returns whether it was for a picture: who waits for the same one looks again.
        """
        picture = self._in_flight.pop(ended.number, None)
        if picture is not None and isinstance(ended.found, str):
            self._journal.note_upload(*picture, ended.found)
        return picture is not None
