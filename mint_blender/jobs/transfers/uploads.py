# SPDX-License-Identifier: GPL-3.0-or-later
"""Upload the same picture for the same account only once."""

from __future__ import annotations

import hashlib
import time
from typing import NamedTuple

from ...mint.account import Owner
from ..engine.task import Task
from ..engine.thread_messages import CallEnded
from ..storage.journal import Journal

MAX_AGE = 30 * 24 * 3600.0
"""Seconds for which a URL is reused. Mint calls it durable, but does not say for how long."""


class Picture(NamedTuple):
    """A picture, by a hash of its bytes, and the account it is uploaded for."""

    digest: str
    owner: Owner


class Uploads:
    """The pictures that are at Mint, or on their way. For the scheduler's thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._in_flight: dict[int, Picture] = {}  # by the number of the call
        self._waiting: dict[Picture, list[Task]] = {}  # for each picture that is in flight

    def picture(self, data: bytes) -> Picture:
        """Identify these bytes for the current account."""
        current_account = self._journal.current_account
        return Picture(
            hashlib.sha256(data).hexdigest(),
            (current_account and current_account.owner) or Owner("", ""),
        )

    def url(self, picture: Picture) -> str | None:
        """Return the picture's URL at Mint, or None."""
        return self._journal.uploads.url(*picture, since=time.time() - MAX_AGE)

    def wait_for(self, picture: Picture, task: Task) -> bool:
        """Let the task wait if another job is uploading the same picture; return whether it is."""
        if picture not in self._waiting:
            return False
        self._waiting[picture].append(task)
        return True

    def sent(self, number: int | None, picture: Picture) -> None:
        """Note that this call uploads the picture."""
        self._in_flight[number or 0] = picture
        self._waiting[picture] = []

    def end(self, ended: CallEnded) -> list[Task]:
        """Note that a call has ended. Returns the tasks that have waited for its picture."""
        picture = self._in_flight.pop(ended.number, None)
        if picture is None:
            return []
        if isinstance(ended.result, str):
            self._journal.uploads.add(*picture, ended.result)
        return self._waiting.pop(picture)
